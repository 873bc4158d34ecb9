import { expect, test } from 'vitest'
import { wholeMatch } from './regex.ts'

test('C2 the whole text is matched', () => {
  expect(wholeMatch('/a')('/a')).toBe(true)
  expect(wholeMatch('/a')('/ab')).toBe(false)
})

test('the same regex is made ready once', () => {
  expect(wholeMatch('/same/[0-9]+')).toBe(wholeMatch('/same/[0-9]+'))
})

test('C1 D8 a regex keeps little of the hostile texts that it has seen', () => {
  const seed = Array.from({ length: 7900 }, (_, i) => 'abqz'[(i * i * 31 + (i % 97)) & 3]).join('')
  const tests = Array.from({ length: 8 }, (_, i) => wholeMatch(`/.*(a|b).{1,60}${i}`))
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  for (const each of tests) expect(each(`/${seed}`)).toBe(false)
  // By its own measure a regex would keep 8 MiB.
  expect((process.memoryUsage().heapUsed - before) / tests.length).toBeLessThan(4 * 2 ** 20)
})
