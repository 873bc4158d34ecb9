/**
 * What a peer may do so often at once, and so often a second for ever. Frames that cost us something and bring nothing
 * have one each (H1, H2, H6).
 */
export class Budget {
  readonly #burst: number
  readonly #perMs: number
  #left: number
  #sinceMs: number

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst
    this.#perMs = perSecond / 1000
    this.#left = burst
    this.#sinceMs = nowMs
  }

  /** False when there is nothing left. */
  take(nowMs: number): boolean {
    if (this.#left < 1) this.#refill(nowMs)
    return --this.#left >= 0
  }

  /** Work that earns its frames: an opened stream, a sent frame. */
  earn(count: number): void {
    if (this.#left < this.#burst) this.#left += count
  }

  #refill(nowMs: number): void {
    this.#left = Math.min(
      this.#burst,
      Math.max(this.#left, 0) + (nowMs - this.#sinceMs) * this.#perMs,
    )
    this.#sinceMs = nowMs
  }
}
