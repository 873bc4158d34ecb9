import { expect, test } from 'vitest'
import { mostRegexCost, regexCost } from './regex-cost.ts'

test.each([
  ['', 0],
  ['/orders/[0-9]+', 10],
  ['/[^/]{1,64}', 65],
  ['(?P<id>[a-f0-9]{8}-[a-f0-9]{4})', 14],
  ['a{2,}', 3],
  ['a{3}', 3],
  ['\\{3}', 3],
  ['[{3}]', 1],
  ['((a{10}){10}){9}', 999],
  ['/\\pL+', 18],
  ['[\\p{Greek}x]{2}', 32],
])('%s costs about %i steps', (pattern, want) => {
  expect(regexCost(pattern)).toBe(want)
})

test('C1 what would take long to compile is told from its text', () => {
  expect(regexCost('/([a-z]{1,30}\\pL{1,30}){1,30}x')).toBeGreaterThan(mostRegexCost)
})

test('C1 repeats of repeats stay a number, however many', () => {
  const nested = `${'('.repeat(120)}a${'{1000})'.repeat(119)}{1000}){1}`
  expect(nested.length).toBeLessThanOrEqual(1024)
  expect(regexCost(nested)).toBeGreaterThan(mostRegexCost)
})

/** Its own expression must not be the next thing that takes long. */
test.each(['[\\', '(', '{1', '[[:a', '\\p{', '\\x{', '(?P<a', '[^]'])(
  'C1 "%s" 512 times is read in one go',
  (part) => {
    expect(regexCost(part.repeat(512))).toBeGreaterThan(0)
  },
)
