import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDuration, printDuration } from './duration.ts'

describe('parseDuration', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['1m', 60_000],
    ['1h30m', 5_400_000],
    ['1h2m3s4ms', 3_723_004],
    ['0s', 0],
    ['24h', 86_400_000],
    ['90s', 90_000],
    ['1s1s', 2000],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms))

  test.each([
    ['nothing', ''],
    ['no unit', '5'],
    ['no number', 's'],
    ['a sign', '-1s'],
    ['a fraction', '1.5s'],
    ['a space', '1 s'],
    ['a space around', ' 1s'],
    ['a line end', '1s\n'],
    ['another unit', '1d'],
    ['upper case', '1S'],
    ['microseconds', '1us'],
    ['more than 24 h', '24h1ms'],
    ['six digits', '100000s'],
    ['five parts', '1h1m1s1ms1s'],
    ['an exponent', '1e3s'],
    ['digits of another script', '\u0661s'],
  ])('%s is none: %j', (_, text) => expect(parseDuration(text)).toBeUndefined())

  test('is the sum of its parts', () => {
    const part = (most: number) => fc.nat(most)
    fc.assert(
      fc.property(part(22), part(59), part(59), part(999), (h, m, s, ms) => {
        const want = h * 3_600_000 + m * 60_000 + s * 1000 + ms
        expect(parseDuration(`${h}h${m}m${s}s${ms}ms`)).toBe(want)
      }),
    )
  })
})

describe('printDuration', () => {
  test.each([
    [0, '0s'],
    [250, '250ms'],
    [90_000, '1m30s'],
    [7_200_000, '2h'],
    [86_400_000, '24h'],
    [3_723_004, '1h2m3s4ms'],
  ])('%d is %s', (ms, text) => expect(printDuration(ms)).toBe(text))
})
