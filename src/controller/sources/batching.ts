import type { Clock, Timer } from '../../base/clock.ts'

const quietMs = 50

/**
 * Leading-edge batching (invariant 6): after a quiet moment an event runs the work at once; in a storm it runs at
 * most once in max(50 ms, twice as long as it took last).
 */
export class Batch {
  readonly #clock: Clock
  readonly #work: () => void
  #timer: Timer | undefined
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, work: () => void) {
    this.#clock = clock
    this.#work = work
  }

  /** Something changed. */
  touch(): void {
    if (this.#timer !== undefined) return
    const waitMs = this.#notBeforeMs - this.#clock.nowMs()
    if (waitMs > 0) {
      this.#timer = this.#clock.after(waitMs, () => this.#run())
    } else this.#run()
  }

  #run(): void {
    this.#timer = undefined
    const startedMs = this.#clock.nowMs()
    this.#notBeforeMs = startedMs + quietMs
    this.#work()
    const nowMs = this.#clock.nowMs()
    this.#notBeforeMs = nowMs + Math.max(quietMs, 2 * (nowMs - startedMs))
  }

  close(): void {
    this.#timer?.cancel()
  }
}
