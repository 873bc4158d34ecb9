import { describe, expect, test } from 'vitest'
import { RetryBudget } from './retry-budget.ts'

/** A rule under constant load whose requests are answered at once. */
function loaded(requestsPerSecond: number, seconds: number, percent = 20) {
  const budget = new RetryBudget(percent)
  for (let i = 0; i < requestsPerSecond * seconds; i++) {
    budget.began((i * 1000) / requestsPerSecond)
    budget.ended()
  }
  return { budget, nowMs: seconds * 1000 }
}

/** How many retries are let through at one moment, none of which ends. */
function burst(budget: RetryBudget, nowMs: number): number {
  let taken = 0
  while (taken < 100_000 && budget.takeRetry(nowMs)) taken++
  return taken
}

describe('RetryBudget', () => {
  test('three retries may always be in flight', () => {
    expect(burst(new RetryBudget(20), 0)).toBe(3)
    expect(burst(new RetryBudget(0), 0)).toBe(3)
  })

  test('a fifth of the requests in flight may be retries, however old they are', () => {
    const budget = new RetryBudget(20)
    for (let i = 0; i < 1000; i++) budget.began(0)
    expect(burst(budget, 600_000)).toBe(200)
  })

  test('a fifth of the requests of the last ten seconds may be tried again at one moment', () => {
    const { budget, nowMs } = loaded(1000, 60)
    const taken = burst(budget, nowMs)
    expect(taken).toBeGreaterThan(1900)
    expect(taken).toBeLessThan(2100)
  })

  test('when it is spent, a fifth of what comes is let through beside the three', () => {
    const { budget, nowMs } = loaded(1000, 60)
    burst(budget, nowMs)
    let taken = 0
    for (let i = 0; i < 10_000; i++) {
      budget.began(nowMs + i)
      if (budget.takeRetry(nowMs + i)) taken++
      budget.ended()
    }
    expect(taken / 10_000).toBeGreaterThan(0.15)
    expect(taken / 10_000).toBeLessThan(0.25)
  })

  test('what was long ago does not count', () => {
    const { budget, nowMs } = loaded(1000, 60)
    expect(burst(budget, nowMs + 120_000)).toBe(3)
  })

  test('a retry that ended makes room for another one', () => {
    const budget = new RetryBudget(20)
    burst(budget, 0)
    budget.retryEnded()
    expect(burst(budget, 0)).toBe(1)
  })
})
