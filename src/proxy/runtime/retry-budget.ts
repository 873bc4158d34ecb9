/** However few requests are in flight, this many retries may be. */
const least = 3
/** What happened so long ago counts for a third (1/e) of what happens now. */
const memoryMs = 10_000
/** How often what is remembered fades. */
const fadeMs = 100

/**
 * Bounds the retries of one rule to a share of its requests, so that a failing region gets no storm: of those in
 * flight, or of the last ten seconds (ADR 10). The second is for what fails at one moment, which the requests
 * that happen to be in flight say nothing about.
 */
export class RetryBudget {
  readonly #share: number
  #inFlight = 0
  #retrying = 0
  /** Requests and retries of the last ten seconds, as they stood at `#fadedMs`. */
  #requests = 0
  #retries = 0
  #fadedMs = 0

  constructor(percent: number) {
    this.#share = percent / 100
  }

  began(nowMs: number): void {
    this.#inFlight++
    if (nowMs - this.#fadedMs >= fadeMs) this.#fade(nowMs)
    this.#requests++
  }

  ended(): void {
    this.#inFlight--
  }

  /** True when another retry fits; it counts until `retryEnded`. */
  takeRetry(nowMs: number): boolean {
    this.#fade(nowMs)
    const fits =
      this.#retrying < Math.max(least, this.#inFlight * this.#share) ||
      this.#retries + 1 <= this.#requests * this.#share
    if (!fits) return false
    this.#retrying++
    this.#retries++
    return true
  }

  retryEnded(): void {
    this.#retrying--
  }

  #fade(nowMs: number): void {
    const kept = Math.exp((this.#fadedMs - nowMs) / memoryMs)
    this.#requests *= kept
    this.#retries *= kept
    this.#fadedMs = nowMs
  }
}
