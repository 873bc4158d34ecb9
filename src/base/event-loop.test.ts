import { expect, test } from 'vitest'
import { fakeClock } from '../../test/harness/fake-clock.ts'
import { EventLoop } from './event-loop.ts'

test('each turn tells how late it was; a loop that does not come round is noticed', () => {
  const clock = fakeClock()
  const delays: number[] = []
  let hungMs = 0
  const loop = new EventLoop(
    { ...clock, nowMs: () => clock.nowMs() + hungMs },
    { observe: (seconds) => void delays.push(seconds) },
  )
  clock.advance(300)
  expect(delays).toEqual([0, 0, 0])
  hungMs = 250
  expect([loop.turnedWithin(200), loop.turnedWithin(250)]).toEqual([false, true])
  clock.advance(100)
  expect(delays.at(-1)).toBeCloseTo(0.25)
  expect(loop.turnedWithin(0)).toBe(true)
  loop.close()
  clock.advance(1000)
  expect(delays).toHaveLength(4)
})
