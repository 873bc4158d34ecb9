/** However few requests are in flight, this many retries may be. */
const least = 3

/** Bounds the retries of one rule to a share of its requests in flight, so that a failing region gets no storm. */
export class RetryBudget {
  readonly #percent: number
  #inFlight = 0
  #retries = 0

  constructor(percent: number) {
    this.#percent = percent
  }

  began(): void {
    this.#inFlight++
  }

  ended(): void {
    this.#inFlight--
  }

  /** True when another retry fits; it counts until `retryEnded`. */
  takeRetry(): boolean {
    if (this.#retries >= Math.max(least, (this.#inFlight * this.#percent) / 100)) return false
    this.#retries++
    return true
  }

  retryEnded(): void {
    this.#retries--
  }
}
