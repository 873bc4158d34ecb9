import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { Batch } from './batching.ts'

/** A batch whose work takes the time it is told. */
function open(workMs: () => number, quietMs?: () => number) {
  const clock = fakeClock()
  const start = clock.nowMs()
  const runs: { at: number; tookMs: number }[] = []
  const batch = new Batch(
    clock,
    () => {
      const tookMs = workMs()
      runs.push({ at: clock.nowMs() - start, tookMs })
      clock.advance(tookMs)
    },
    quietMs,
  )
  return { clock, batch, runs, now: () => clock.nowMs() - start }
}

describe('Batch', () => {
  test('after a quiet moment an event runs the work at once', () => {
    const { clock, batch, runs } = open(() => 0)
    batch.touch()
    expect(runs).toEqual([{ at: 0, tookMs: 0 }])
    clock.advance(50)
    batch.touch()
    expect(runs.at(-1)).toEqual({ at: 50, tookMs: 0 })
  })

  test('who is in no hurry rests longer, until somebody is', () => {
    let quietMs = 1000
    const { clock, batch, runs } = open(
      () => 0,
      () => quietMs,
    )
    batch.touch()
    batch.touch()
    clock.advance(999)
    expect(runs).toHaveLength(1)
    batch.hurry()
    expect(runs.at(-1)?.at).toBe(999)
    batch.hurry()
    expect(runs).toHaveLength(2)
    quietMs = 50
    clock.advance(1000)
    batch.touch()
    batch.touch()
    clock.advance(50)
    expect(runs.at(-1)?.at).toBe(2049)
  })

  test('what happens within 50 ms runs once, at their end', () => {
    const { clock, batch, runs } = open(() => 0)
    for (let i = 0; i < 10; i++) {
      batch.touch()
      clock.advance(1)
    }
    expect(runs).toHaveLength(1)
    clock.advance(39)
    expect(runs).toHaveLength(1)
    clock.advance(1)
    expect(runs.at(-1)?.at).toBe(50)
    clock.advance(1000)
    expect(runs).toHaveLength(2)
  })

  test('work that takes long runs seldom: it rests twice as long as it took', () => {
    const { clock, batch, runs } = open(() => 200)
    batch.touch()
    batch.touch()
    clock.advance(399)
    expect(runs).toHaveLength(1)
    clock.advance(1)
    expect(runs.map(({ at }) => at)).toEqual([0, 600])
  })

  test('in any storm: never more often, and the last event is never lost', () => {
    const events = fc.array(fc.record({ afterMs: fc.nat(120), tookMs: fc.nat(80) }), {
      minLength: 1,
    })
    fc.assert(
      fc.property(events, (list) => {
        let tookMs = 0
        const { clock, batch, runs, now } = open(() => tookMs)
        let lastTouch = 0
        for (const event of list) {
          clock.advance(event.afterMs)
          tookMs = event.tookMs
          lastTouch = now()
          batch.touch()
        }
        clock.advance(1000)
        for (const [i, run] of runs.slice(1).entries()) {
          const before = runs[i]!
          expect(run.at - (before.at + before.tookMs)).toBeGreaterThanOrEqual(
            Math.max(50, 2 * before.tookMs),
          )
        }
        expect(runs.at(-1)!.at).toBeGreaterThanOrEqual(lastTouch)
      }),
    )
  })

  test('closed, it never runs again', () => {
    const { clock, batch, runs } = open(() => 0)
    batch.touch()
    batch.touch()
    batch.close()
    batch.touch()
    clock.advance(1000)
    expect(runs).toHaveLength(1)
  })

  test.each([3_600_000, -3_600_000, -86_400_000])(
    'K7: the clock is set by %i ms in a storm: it neither stops nor runs more often',
    (jumpMs) => {
      const { clock, batch, runs } = open(() => 5)
      for (let i = 0; i < 4000; i++) {
        if (i === 2000) clock.jump(jumpMs)
        batch.touch()
        clock.advance(1)
      }
      const gaps = runs.slice(1).map(({ at }, i) => at - (runs[i]?.at ?? 0))
      expect(Math.max(...gaps)).toBeLessThanOrEqual(60)
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(50)
    },
  )
})
