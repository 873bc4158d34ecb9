import { describe, expect, test } from 'vitest'
import { seededDice, systemDice } from './dice.ts'

const rolls = (dice: () => number, count: number) => Array.from({ length: count }, dice)

describe('dice', () => {
  test('the same seed rolls the same, another seed does not', () => {
    expect(rolls(seededDice(7), 50)).toEqual(rolls(seededDice(7), 50))
    expect(rolls(seededDice(7), 5)).not.toEqual(rolls(seededDice(8), 5))
  })

  test.each([
    ['seeded', seededDice(1)],
    ['of the system', systemDice],
  ])('%s: from 0 to below 1, evenly', (_, dice) => {
    const tenths = Array<number>(10).fill(0)
    for (const roll of rolls(dice, 20_000)) {
      expect(roll >= 0 && roll < 1).toBe(true)
      tenths[Math.floor(roll * 10)]!++
    }
    for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(300)
  })
})
