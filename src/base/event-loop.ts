import type { Clock, Timer } from './clock.ts'
import type { Histogram } from './series.ts'

const everyMs = 100

/** Watches that the event loop turns: how late its timers are, and when it last came round. */
export class EventLoop {
  readonly #clock: Clock
  readonly #delays: Histogram
  #turnedMs: number
  #timer: Timer | undefined

  /** @param delays gets how late each turn was, in seconds */
  constructor(clock: Clock, delays: Histogram) {
    this.#clock = clock
    this.#delays = delays
    this.#turnedMs = clock.nowMs()
    this.#plan()
  }

  /** Busy is not dead: whether it has come round within this time. */
  turnedWithin(limitMs: number): boolean {
    return this.#clock.nowMs() - this.#turnedMs <= limitMs
  }

  close(): void {
    this.#timer?.cancel()
  }

  #plan(): void {
    const dueMs = this.#clock.nowMs() + everyMs
    this.#timer = this.#clock.after(everyMs, () => {
      this.#turnedMs = this.#clock.nowMs()
      this.#delays.observe(Math.max(this.#turnedMs - dueMs, 0) / 1000)
      this.#plan()
    })
  }
}
