import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lookUp, nameOf } from './field-names.ts'
import {
  fieldCount,
  fields,
  hasTrailingTab,
  hasUnderscore,
  hasUpper,
  isFieldText,
  isFieldValue,
  isPrintable,
  isTarget,
  isToken,
  malformed,
  scanFields,
  stride,
  tooMany,
} from './field-scan.ts'

const incomplete = 0

/** What a scan found: the end, or why there is none, and the fields as texts. */
function scan(bytes: Uint8Array, from: number, end: number, most = 100) {
  const result = scanFields(bytes, from, end, most)
  if (result <= 0) return { result, found: [] }
  const text = (a: number, b: number) => Buffer.from(bytes.subarray(a, b)).toString('latin1')
  const found = Array.from({ length: fieldCount }, (_, i) => {
    const [nameStart = 0, nameEnd = 0, valueStart = 0, valueEnd = 0] = fields.subarray(i * stride)
    return `${text(nameStart, nameEnd)}=${text(valueStart, valueEnd)}`
  })
  return { result, found }
}

const scanText = (text: string, most?: number) => {
  const bytes = Buffer.from(text, 'latin1')
  return scan(bytes, 0, bytes.length, most)
}

const isTokenByte = (byte: number) => /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(byte))
const isValueByte = (byte: number) => byte === 9 || (byte >= 32 && byte !== 127)

/** The same by the letter of RFC 9112 §5, byte by byte. */
function naiveScan(bytes: Uint8Array, from: number, end: number, most: number) {
  const found: string[] = []
  const text = (a: number, b: number) => Buffer.from(bytes.subarray(a, b)).toString('latin1')
  for (let at = from; ; ) {
    if (at === end) return { result: incomplete, found: [] }
    if (bytes[at] === 13) {
      if (at + 1 === end) return { result: incomplete, found: [] }
      return bytes[at + 1] === 10 ? { result: at + 2, found } : { result: malformed, found: [] }
    }
    if (found.length === most) return { result: tooMany, found: [] }
    const name = at
    while (at < end && isTokenByte(bytes[at]!)) at++
    if (at === end) return { result: incomplete, found: [] }
    if (bytes[at] !== 58 || at === name) return { result: malformed, found: [] }
    const value = at + 1
    for (at = value; at < end && isValueByte(bytes[at]!); ) at++
    if (at === end) return { result: incomplete, found: [] }
    if (bytes[at] !== 13) return { result: malformed, found: [] }
    if (at + 1 === end) return { result: incomplete, found: [] }
    if (bytes[at + 1] !== 10) return { result: malformed, found: [] }
    const trimmed = text(value, at)
      .replace(/^[ \t]*/, '')
      .replace(/[ \t]*$/, '')
    found.push(`${text(name, value - 1)}=${trimmed}`)
    at += 2
  }
}

describe('scanFields', () => {
  test.each([
    ['no field', '\r\n', []],
    ['white space around a value', 'a: b\r\nc:d\r\ne:\t f \t\r\n\r\n', ['a=b', 'c=d', 'e=f']],
    ['an empty value', 'a:\r\nb: \t\r\n\r\n', ['a=', 'b=']],
    ['white space and 8-bit inside', 'a: b \t\xffc\r\n\r\n', ['a=b \t\xffc']],
    ['0x85 and 0xA0 are no white space', 'a: \xa0b\x85\r\n\r\n', ['a=\xa0b\x85']],
    ['every byte of a token', "!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n", ["!#$%&'*+-.^_`|~09azAZ=x"]],
  ])('reads %s', (_, text, found) => {
    expect(scanText(text)).toEqual({ result: text.length, found })
  })

  test.each([
    ['a space before the colon', 'a : b\r\n\r\n'],
    ['a tab in a name', 'a\tb: c\r\n\r\n'],
    ['no name', ': b\r\n\r\n'],
    ['no colon', 'ab\r\n\r\n'],
    ['a folded value', 'a: b\r\n c\r\n\r\n'],
    ['a bare LF', 'a: b\n\r\n'],
    ['a bare CR', 'a: b\rc\r\n\r\n'],
    ['an end with a bare LF', 'a: b\r\n\n'],
    ['an end with a bare CR', 'a: b\r\n\rx'],
    ['NUL', 'a: \0\r\n\r\n'],
    ['DEL', 'a: \x7f\r\n\r\n'],
    ['a control', 'a: \x1f\r\n\r\n'],
    ['8-bit in a name', 'a\xe9: b\r\n\r\n'],
  ])('refuses %s', (_, text) => expect(scanText(text).result).toBe(malformed))

  test('every beginning of what is good is incomplete, not malformed', () => {
    const text = 'host: a\r\nx:\t y \r\n\r\n'
    for (let end = 0; end < text.length; end++)
      expect(scanText(text.slice(0, end)).result, JSON.stringify(text.slice(0, end))).toBe(
        incomplete,
      )
  })

  test('as many fields as allowed are read, one more is too many', () => {
    expect(scanText(`${'a: b\r\n'.repeat(3)}\r\n`, 3).found).toHaveLength(3)
    expect(scanText(`${'a: b\r\n'.repeat(4)}\r\n`, 3).result).toBe(tooMany)
  })

  test('what stands beyond the end is not looked at', () => {
    const bytes = Buffer.from('a: bcdefgh\r\n\r\n\0\0\0\0')
    for (let end = 0; end < 14; end++) expect(scan(bytes, 0, end).result).toBe(incomplete)
    expect(scan(bytes, 0, 14).result).toBe(14)
  })

  test('tells the form of each field', () => {
    scanText('Host: a\r\nx_y:b\r\nc: d\t\r\ne: f \r\n\r\n')
    const of = (i: number) => {
      const bits = fields[i * stride + 5]!
      return [hasUpper(bits), hasUnderscore(bits), isPrintable(bits), hasTrailingTab(bits)]
    }
    expect(of(0)).toEqual([true, false, true, false])
    expect(of(1)).toEqual([false, true, false, false])
    expect(of(2)).toEqual([false, false, false, true])
    expect(of(3)).toEqual([false, false, false, false])
    expect(nameOf(fields[4]!)).toBe('host')
  })

  test('four bytes at a time or one: the same at every alignment and length, for every byte at every place', () => {
    const memory = new Uint8Array(64)
    for (let alignment = 0; alignment < 4; alignment++) {
      for (let length = 0; length <= 9; length++) {
        const bytes = memory.subarray(alignment)
        const text = `a: ${'x'.repeat(length)}\r\n\r\n`
        for (let place = 3; place < 3 + length; place++) {
          for (let byte = 0; byte < 256; byte++) {
            bytes.set(Buffer.from(text))
            bytes[place] = byte
            const want = naiveScan(bytes, 0, text.length, 100)
            if (scan(bytes, 0, text.length).result === want.result) continue
            expect.fail(`byte ${byte} at ${place} of ${length}, aligned at ${alignment}`)
          }
        }
      }
    }
  })

  test('a naive scan says the same of random bytes in any buffer', () => {
    const piece = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom('a: b\r\n', 'Content-Length: 5\r\n', 'x-y:\t z \r\n'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom('\r\n', '\r', '\n', ' ', '\t', ':', 'a', '\0', '\xff'),
      },
      { weight: 1, arbitrary: fc.string({ unit: fc.nat(255).map((b) => String.fromCharCode(b)) }) },
    )
    const property = fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.nat(7),
      fc.nat(12),
      fc.constantFrom(2, 100),
      (pieces, offset, cut, most) => {
        const text = `${pieces.join('')}\r\n`
        const memory = Buffer.alloc(offset + text.length + 8, 'a: b\r\n')
        const bytes = memory.subarray(offset)
        bytes.latin1Write(text, 0)
        const end = Math.max(text.length - cut, 0)
        expect(scan(bytes, 0, end, most)).toEqual(naiveScan(bytes, 0, end, most))
      },
    )
    fc.assert(property, { numRuns: 3000 })
  })
})

describe('lookUp', () => {
  const numberOf = (text: string): number => {
    scanText(`${text}: x\r\n\r\n`)
    return fields[4]!
  }

  test('finds known names in any case, and nothing that only looks like one', () => {
    expect(nameOf(numberOf('Transfer-ENCODING'))).toBe('transfer-encoding')
    expect(nameOf(numberOf('te'))).toBe('te')
    for (const other of ['transfer_encoding', 'transfer-encodin', 'transfer-encodingg', 'xe', '~e'])
      expect(numberOf(other), other).toBe(0)
  })

  test('compares bytes: a wrong hash finds nothing, and no other byte folds into a letter', () => {
    const bytes = Buffer.from('HOST')
    expect(lookUp(bytes, 0, 4, 0)).toBe(0)
    // 0x20 apart from letters and dashes: what folding a bit would confuse.
    expect(numberOf('X\rREAL-IP')).not.toBe(numberOf('x-real-ip'))
    expect(numberOf('h^st')).toBe(0)
  })
})

describe('texts', () => {
  test.each([
    ['x-a', true],
    ['A!#~', true],
    ['', false],
    ['a b', false],
    ['a:', false],
    ['\u0141', false],
    ['caf\xe9', false],
  ])('%j as a name: %s', (text, want) => expect(isToken(text)).toBe(want))

  test.each([
    ['a b\tc', true, true],
    ['\xe9\xff', true, true],
    ['', true, true],
    [' a', true, false],
    ['a\t', true, false],
    ['a\r\nb', false, false],
    ['a\0', false, false],
    ['\x7f', false, false],
    ['\u010d\u010a', false, false],
  ])('%j as a part of a line: %s, as a value: %s', (text, part, value) => {
    expect([isFieldText(text), isFieldValue(text)]).toEqual([part, value])
  })

  test.each([
    ['/a?b=%20', true],
    ['', false],
    ['/a b', false],
    ['/#', false],
    ['/\\', false],
    ['/\x80', false],
    ['/\u0120', false],
  ])('%j as a target: %s', (text, want) => expect(isTarget(text)).toBe(want))
})
