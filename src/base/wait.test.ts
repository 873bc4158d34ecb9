import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../test/harness/fake-clock.ts'
import { wait } from './wait.ts'

describe('wait', () => {
  test('ends after its time, and leaves no listener behind', async () => {
    const clock = fakeClock()
    const { signal } = new AbortController()
    let isOver = false
    const waiting = wait(clock, 100, signal).then(() => {
      isOver = true
    })
    clock.advance(99)
    await Promise.resolve()
    expect(isOver).toBe(false)
    clock.advance(1)
    await waiting
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('ends at once when it is told to stop, before or meanwhile', async () => {
    const clock = fakeClock()
    const stopped = new AbortController()
    stopped.abort()
    await wait(clock, 100, stopped.signal)
    const stop = new AbortController()
    const waiting = wait(clock, 100, stop.signal)
    stop.abort()
    await waiting
  })
})
