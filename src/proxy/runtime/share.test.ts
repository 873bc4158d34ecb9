import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultSettings } from '../../model/settings.ts'
import { limitsOf, partOf, whole } from './share.ts'

const parts = (limit: number, of: number) =>
  Array.from({ length: of }, (_, index) => partOf(limit, { index, of }))

test('the parts of all workers add up to the limit; below one each it is one each', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 64 }),
      (limit, of) => {
        const all = parts(limit, of)
        expect(all.reduce((sum, part) => sum + part, 0)).toBe(Math.max(limit, of))
        expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1)
      },
    ),
  )
})

test.each([
  [5, 2, [3, 2]],
  [1, 3, [1, 1, 1]],
  [0, 2, [0, 0]],
])('%i over %i workers', (limit, of, wanted) => expect(parts(limit, of)).toEqual(wanted))

test('what bounds all clients together is divided, what bounds one message or process is not', () => {
  const { limits } = defaultSettings
  expect(limitsOf(limits, whole)).toBe(limits)
  const half = limitsOf(limits, { index: 1, of: 2 })
  const changed = Object.entries(half).filter(
    ([name, value]) => limits[name as keyof typeof limits] !== value,
  )
  expect(Object.fromEntries(changed)).toEqual({
    connections: 25_000,
    connectionsPerClient: 500,
    requestsInFlight: 10_000,
    badSignaturesPerClient: 50,
  })
})
