import { describe, expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { Deadline, Wheel, WheelTimer } from './wheel.ts'

class Alarm extends WheelTimer {
  override readonly expire: () => void
  constructor(expire: () => void) {
    super()
    this.expire = expire
  }
}

function fakeClock(): Clock & { advance(ms: number): void } {
  let now = 1000
  let waits: { at: number; run: () => void }[] = []
  return {
    nowMs: () => now,
    wallMs: () => now,
    after(delayMs, run) {
      const wait = { at: now + delayMs, run }
      waits.push(wait)
      return { cancel: () => void (waits = waits.filter((other) => other !== wait)) }
    },
    advance(ms) {
      const until = now + ms
      for (;;) {
        const next = waits.filter((wait) => wait.at <= until).sort((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        now = Math.max(now, next.at)
        waits = waits.filter((wait) => wait !== next)
        next.run()
      }
      now = until
    },
  }
}

describe('Wheel', () => {
  test('a timer expires after its delay, at most one tick and one turn of the clock late, never early', () => {
    for (const delay of [1, 49, 50, 51, 1000, 9999, 60_000, 200_000]) {
      const clock = fakeClock()
      const wheel = new Wheel(clock)
      let at = -1
      const start = clock.nowMs()
      wheel.arm(new Alarm(() => (at = clock.nowMs())), delay)
      clock.advance(delay + 200)
      expect(at - start, `delay ${delay}`).toBeGreaterThanOrEqual(delay)
      expect(at - start, `delay ${delay}`).toBeLessThanOrEqual(delay + 100)
    }
  })

  test('a disarmed timer does not expire, an armed one moves', () => {
    const clock = fakeClock()
    const wheel = new Wheel(clock)
    const seen: string[] = []
    const a = new Alarm(() => seen.push('a'))
    const b = new Alarm(() => seen.push('b'))
    wheel.arm(a, 100)
    wheel.arm(b, 100)
    a.disarm()
    clock.advance(80)
    wheel.arm(b, 100)
    clock.advance(60)
    expect(seen).toEqual([])
    clock.advance(200)
    expect(seen).toEqual(['b'])
  })

  test('a timer that arms itself and others while expiring disturbs nobody', () => {
    const clock = fakeClock()
    const wheel = new Wheel(clock)
    let count = 0
    const again: Alarm = new Alarm(() => {
      count++
      other.disarm()
      if (count < 5) wheel.arm(again, 10)
    })
    const other = new Alarm(() => expect.fail('was disarmed'))
    wheel.arm(again, 10)
    wheel.arm(other, 10)
    clock.advance(1000)
    expect(count).toBe(5)
  })

  test('a clock that jumps far ahead expires everything once', () => {
    const clock = fakeClock()
    const wheel = new Wheel(clock)
    let count = 0
    for (let i = 1; i <= 500; i++) wheel.arm(new Alarm(() => count++), i * 37)
    clock.advance(3_600_000)
    expect(count).toBe(500)
  })

  test('a deadline that moves is reached once, when the last move says', () => {
    const clock = fakeClock()
    const wheel = new Wheel(clock)
    const seen: number[] = []
    const start = clock.nowMs()
    const deadline = new Deadline(wheel, () => seen.push(clock.nowMs() - start))
    for (let i = 0; i < 10; i++) {
      deadline.set(clock.nowMs(), 1000)
      clock.advance(500)
    }
    deadline.set(clock.nowMs(), 100)
    clock.advance(2000)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toBeGreaterThanOrEqual(5100)
    expect(seen[0]).toBeLessThanOrEqual(5200)
    deadline.set(clock.nowMs(), 100)
    deadline.clear()
    clock.advance(1000)
    expect(seen).toHaveLength(1)
  })

  test('a deadline that is set again and again for the same time is reached then', () => {
    const clock = fakeClock()
    const wheel = new Wheel(clock)
    const seen: number[] = []
    const since = clock.nowMs()
    const deadline = new Deadline(wheel, () => seen.push(clock.nowMs() - since))
    for (let i = 0; i < 20; i++) {
      clock.advance(60)
      if (seen.length === 0) deadline.set(since, 1000)
    }
    expect(seen).toHaveLength(1)
    expect(seen[0]).toBeLessThanOrEqual(1100)
  })
})
