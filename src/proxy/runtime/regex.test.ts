import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { wholeMatch } from './regex.ts'

test('C2 the whole text is matched', () => {
  expect(wholeMatch('/a')('/a')).toBe(true)
  expect(wholeMatch('/a')('/ab')).toBe(false)
})

test('the same regex is made ready once', () => {
  expect(wholeMatch('/same/[0-9]+')).toBe(wholeMatch('/same/[0-9]+'))
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Without a pattern, so that every prefix is another state. */
function noise(length: number): string {
  let text = ''
  for (let at = 0, seed = 1; at < length; at++) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    text += 'abqz'[(seed >> 16) & 3]
  }
  return text
}

test('C1 D8 a regex keeps little of the hostile texts that it has seen', () => {
  const tests = Array.from({ length: 8 }, (_, i) => wholeMatch(`/.*(a|b).{1,60}${i}`))
  const text = `/${noise(7900)}`
  collect()
  const before = process.memoryUsage().heapUsed
  for (const each of tests) expect(each(text)).toBe(false)
  collect()
  // By its own measure a regex would keep 8 MiB.
  expect((process.memoryUsage().heapUsed - before) / tests.length).toBeLessThan(2 ** 20)
})
