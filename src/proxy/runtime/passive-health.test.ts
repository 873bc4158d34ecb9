import { describe, expect, test } from 'vitest'
import { balanced } from '../../../test/harness/clusters.ts'

describe('passive health', () => {
  test('consecutive failures eject; a success between them starts the count anew', () => {
    const { fail, succeed, endpoint } = balanced([{}, {}])
    fail('a', 2)
    succeed('a')
    fail('a', 2)
    expect(endpoint('a').healthy).toBe(true)
    fail('a', 1)
    expect(endpoint('a').healthy).toBe(false)
  })

  test('a share of failures ejects, once there are enough requests', () => {
    const { fail, succeed, endpoint, events } = balanced([
      { passive: { consecutiveFailures: 100 } },
    ])
    for (let i = 0; i < 5; i++) {
      succeed('a', 2)
      fail('a', 1)
    }
    expect(endpoint('a').healthy).toBe(true)
    for (let i = 0; i < 2; i++) {
      succeed('a', 1)
      fail('a', 1)
    }
    expect(endpoint('a').healthy).toBe(true)
    fail('a', 1)
    expect(events).toEqual(['a ejected: connect_failed'])
  })

  test('failures of an earlier window are forgotten', () => {
    const { fail, succeed, clock, endpoint } = balanced([{ passive: { consecutiveFailures: 100 } }])
    succeed('a')
    fail('a', 18)
    clock.advance(10_001)
    succeed('a', 19)
    fail('a', 1)
    expect(endpoint('a').healthy).toBe(true)
  })

  test('an ejected endpoint returns after ejectFor', () => {
    const { fail, clock, endpoint, events } = balanced([{}])
    fail('a')
    clock.advance(9999)
    expect(endpoint('a').healthy).toBe(false)
    clock.advance(300)
    expect(endpoint('a').healthy).toBe(true)
    expect(events).toEqual(['a ejected: connect_failed', 'a recovered'])
  })

  test('each more ejection within five minutes lasts three times as long; older ones are forgotten', () => {
    const { fail, clock, endpoint } = balanced([{}])
    const lasts = []
    for (let i = 0; i < 5; i++) {
      fail('a')
      let seconds = 0
      while (!endpoint('a').healthy) {
        clock.advance(1000)
        seconds++
      }
      lasts.push(seconds)
    }
    expect(lasts.map((seconds) => Math.round(seconds / 10) * 10)).toEqual([10, 30, 90, 270, 30])
  })

  test('maxEjected bounds the share of a backend that may be out', () => {
    const { fail, of } = balanced([{ endpoints: 4, passive: { maxEjected: 50 } }])
    for (let i = 0; i < 4; i++) fail('a', 3, i)
    expect(of('a').endpoints.filter(({ healthy }) => !healthy)).toHaveLength(2)
  })

  test('what comes back ramps from a tenth to all of its share', () => {
    const { fail, clock, shares, picks } = balanced([{ slowStartMs: 10_000 }, {}])
    fail('a')
    picks(1)
    clock.advance(10_250)
    const ramp = []
    for (let i = 0; i <= 10; i++) {
      ramp.push(shares()['a'])
      clock.advance(1000)
    }
    expect(ramp[0]).toBeLessThan(15)
    expect(ramp.at(-1)).toBe(50)
    expect(ramp.toSorted((a = 0, b = 0) => a - b)).toEqual(ramp)
  })
})
