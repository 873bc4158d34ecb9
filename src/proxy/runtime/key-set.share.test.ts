import { expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { KeySet } from './key-set.ts'

test('J22: two workers that are flooded with unknown keys ask one issuer no more often than one process', async () => {
  const clock = fakeClock()
  let fetches = 0
  const sets = [0, 1].map((index) => {
    const set = new KeySet({
      clock,
      dice: () => 0,
      source: 'https://issuer.example/keys',
      fetch: async () => {
        fetches++
        return { value: { keys: [] }, maxAgeMs: undefined }
      },
      given: undefined,
      saved: undefined,
      share: { index, of: 2 },
      fetched: () => {},
    })
    set.update([])
    return set
  })
  const search = () => Promise.all(sets.map((set) => set.search('nobody', 'RS256', 3_600_000)))
  await search()
  fetches = 0
  for (let second = 0; second < 60; second++) {
    clock.advance(1000)
    await search()
  }
  for (const set of sets) set.close()
  expect(fetches).toBeLessThanOrEqual(6)
  expect(fetches).toBeGreaterThan(0)
})
