import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { spread } from './spread.ts'

/** How many have had their turn after each so many milliseconds. */
function turns(count: number, withinMs: number, atMs: readonly number[]): number[] {
  const clock = fakeClock()
  const seen: number[] = []
  const members = Array.from({ length: count }, (_, i) => i)
  spread(members, { clock, withinMs, act: (member) => void seen.push(member) })
  let now = 0
  const counts = atMs.map((at) => {
    clock.advance(at - now)
    now = at
    return seen.length
  })
  expect(seen).toEqual(members.slice(0, seen.length))
  return counts
}

describe('spread', () => {
  test('a few have their turn at once', () => {
    expect(turns(100, 15_000, [0])).toEqual([100])
  })

  test('many have it one after the other', () => {
    expect(turns(1000, 15_000, [0, 49, 50, 100, 450])).toEqual([100, 100, 200, 300, 1000])
  })

  test('very many have it faster, so that all have had it in time', () => {
    const counts = turns(60_000, 15_000, [0, 7500, 15_000])
    expect(counts[0]).toBeLessThan(1000)
    expect(counts[1]).toBeLessThan(31_000)
    expect(counts[2]).toBe(60_000)
  })

  test('evenly, few have it one by one over all of the time', () => {
    const clock = fakeClock()
    let acted = 0
    const members = Array.from({ length: 10 }, (_, i) => i)
    spread(members, { clock, withinMs: 5000, evenly: true, act: () => acted++ })
    const seen = [acted]
    for (let i = 0; i < 5; i++) {
      clock.advance(1000)
      seen.push(acted)
    }
    expect(seen).toEqual([1, 3, 5, 7, 9, 10])
  })

  test('who is late makes good for it', () => {
    const clock = fakeClock()
    let acted = 0
    const members = Array.from({ length: 1000 }, (_, i) => i)
    spread(members, { clock, withinMs: 5000, evenly: true, act: () => acted++ })
    for (let i = 0; i < 10; i++) clock.leap(490)
    expect(acted).toBeGreaterThan(970)
  })

  test('without time all have it at once', () => {
    expect(turns(5000, 0, [0])).toEqual([5000])
  })

  test('nobody has it after the end', () => {
    const clock = fakeClock()
    let acted = 0
    const members = Array.from({ length: 1000 }, (_, i) => i)
    const rest = spread(members, { clock, withinMs: 10_000, act: () => acted++ })
    rest.cancel()
    clock.advance(10_000)
    expect(acted).toBe(100)
  })
})
