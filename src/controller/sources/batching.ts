import type { Clock, Timer } from '../../base/clock.ts'

const shortestMs = 50

/**
 * Leading-edge batching (invariant 6): after a quiet moment an event runs the work at once; in a storm it runs at
 * most once in max(50 ms, twice as long as it took last). Who is in no hurry may rest longer.
 */
export class Batch {
  readonly #clock: Clock
  readonly #work: () => void
  readonly #quietMs: () => number
  #timer: Timer | undefined
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, work: () => void, quietMs: () => number = () => shortestMs) {
    this.#clock = clock
    this.#work = work
    this.#quietMs = quietMs
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
    this.#notBeforeMs = startedMs + this.#quietMs()
    this.#work()
    const nowMs = this.#clock.nowMs()
    this.#notBeforeMs = nowMs + Math.max(this.#quietMs(), 2 * (nowMs - startedMs))
  }

  /** Does at once what waits: somebody is in a hurry now. */
  hurry(): void {
    if (this.#timer === undefined) return
    this.#timer.cancel()
    this.#run()
  }

  close(): void {
    this.#timer?.cancel()
  }
}
