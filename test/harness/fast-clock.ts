import type { Clock } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'

/** Real time, told as if more of it had passed: what waits a second for real files waits a fraction of it here. */
export const fastClock = (factor: number): Clock => ({
  nowMs: () => systemClock.nowMs() * factor,
  wallMs: () => systemClock.wallMs(),
  after: (delayMs, run) => systemClock.after(delayMs / factor, run),
})
