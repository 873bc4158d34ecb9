import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'

test('a delay runs once, not before its time', async () => {
  const startedMs = systemClock.nowMs()
  let count = 0
  await new Promise<void>((resolve) => {
    systemClock.after(5, () => {
      count++
      resolve()
    })
  })
  // A timer of Node may be up to 1 ms early by the finer clock.
  expect(systemClock.nowMs() - startedMs).toBeGreaterThanOrEqual(4)
  expect(count).toBe(1)
})

test('a cancelled delay does not run', async () => {
  let hasRun = false
  const timer = systemClock.after(1, () => {
    hasRun = true
  })
  timer.cancel()
  await new Promise<void>((resolve) => void systemClock.after(5, resolve))
  expect(hasRun).toBe(false)
})

test('C9: a delay beyond 2^31-1 ms is long, not none: Node would run it at once', async () => {
  let hasRun = false
  const timer = systemClock.after(2 ** 31, () => {
    hasRun = true
  })
  await new Promise<void>((resolve) => void systemClock.after(5, resolve))
  timer.cancel()
  expect(hasRun).toBe(false)
})

test('nowMs never goes back, wallMs is a date', () => {
  const before = systemClock.nowMs()
  expect(systemClock.nowMs()).toBeGreaterThanOrEqual(before)
  expect(new Date(systemClock.wallMs()).getUTCFullYear()).toBeGreaterThan(2024)
})
