/** A worker whose loop has not turned for so long is dead, however busy it may be. */
const limitMs = 30_000

/**
 * Tells a worker that hangs from one whose news has not been read yet: it must be silent at two looks in a row, because
 * after a long turn of this process the news of all workers is read between the two.
 */
export class Silence {
  #heardMs: number
  #isSuspect = false

  constructor(nowMs: number) {
    this.#heardMs = nowMs
  }

  heard(nowMs: number): void {
    this.#heardMs = nowMs
  }

  /** One look. True when the worker is to be ended. */
  isTooLong(nowMs: number): boolean {
    const wasSuspect = this.#isSuspect
    this.#isSuspect = nowMs - this.#heardMs > limitMs
    return this.#isSuspect && wasSuspect
  }
}
