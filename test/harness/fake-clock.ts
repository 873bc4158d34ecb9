import type { Clock } from '../../src/base/clock.ts'

export interface FakeClock extends Clock {
  /** Lets time pass and runs what falls due, in order. */
  advance(ms: number): void
  /** How many timers were ever set. */
  readonly planned: number
  /** Lets time pass at once, as for a process that was stopped: what fell due runs late, and only once. */
  leap(ms: number): void
  /** Sets the time of day forward or back; what is monotonic goes on. */
  jump(ms: number): void
}

/** A clock that stands still until it is told otherwise. Begins in 2026. */
export function fakeClock(): FakeClock {
  let wallStart = Date.UTC(2026, 0, 1)
  let now = 1000
  let planned = 0
  let waits: { at: number; run: () => void }[] = []
  return {
    nowMs: () => now,
    get planned() {
      return planned
    },
    wallMs: () => wallStart + now,
    after(delayMs, run) {
      const wait = { at: now + delayMs, run }
      waits.push(wait)
      planned++
      return {
        cancel: () => {
          waits = waits.filter((other) => other !== wait)
        },
      }
    },
    advance(ms) {
      const until = now + ms
      for (;;) {
        const next = waits.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        now = Math.max(now, next.at)
        waits = waits.filter((wait) => wait !== next)
        next.run()
      }
      now = until
    },
    jump(ms) {
      wallStart += ms
    },
    leap(ms) {
      now += ms
      this.advance(0)
    },
  }
}
