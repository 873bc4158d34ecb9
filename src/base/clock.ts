/** The only source of time. `nowMs` never jumps; `wallMs` is for dates that people or tokens carry. */
export interface Clock {
  /** Monotonic milliseconds with fractions. */
  nowMs(): number
  /** Milliseconds since 1970. */
  wallMs(): number
  /** Runs once after at least `delayMs`. Delays above 2^31-1 ms are clamped here and nowhere else. Never keeps the process alive. */
  after(delayMs: number, run: () => void): Timer
}

export interface Timer {
  cancel(): void
}

const longestDelayMs = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, longestDelayMs)).unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
