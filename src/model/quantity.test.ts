import { describe, expect, test } from 'vitest'
import { parseQuantity, quantityPattern } from './quantity.ts'

describe('parseQuantity', () => {
  test.each([
    ['0', 0],
    ['500', 500],
    ['64Ki', 65_536],
    ['10Mi', 10_485_760],
    ['1Gi', 1_073_741_824],
    ['1k', 1000],
    ['2M', 2_000_000],
    ['3G', 3_000_000_000],
    ['999999999999', 999_999_999_999],
  ])('%s', (text, bytes) => {
    expect(parseQuantity(text)).toBe(bytes)
    expect(text).toMatch(quantityPattern)
  })

  test.each([
    '',
    '-1',
    '+1',
    '1.5Mi',
    '1e3',
    '1 Ki',
    ' 1',
    '1\n',
    '1KiB',
    '1kB',
    '1K',
    '1m',
    '1Ti',
    '0x10',
    '1234567890123',
  ])('%j is none', (text) => {
    expect(parseQuantity(text)).toBeUndefined()
    expect(quantityPattern.test(text)).toBe(false)
  })

  test('whatever has the form is a whole number that a double holds', () => {
    for (const suffix of ['', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi']) {
      const digits = { '': 12, k: 12, Ki: 12, M: 9, Mi: 9 }[suffix] ?? 6
      expect(Number.isSafeInteger(parseQuantity('9'.repeat(digits) + suffix)), suffix).toBe(true)
      expect(parseQuantity('9'.repeat(digits + 1) + suffix), suffix).toBeUndefined()
    }
  })
})
