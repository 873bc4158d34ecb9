import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answerBodyLimits, BodyDecoder, type BodyLimits } from './body-decoder.ts'
import type { Framing } from './message.ts'

const limits: BodyLimits = { chunkExtensions: 20, trailerBytes: 60 }

interface Decoded {
  readonly body: string
  /** `done`, `more` or `refused`. */
  readonly end: string
  /** Bytes that belong to what follows. */
  readonly left: number
}

/** Decodes a text that arrives in pieces that end at the cuts. */
function decode(
  text: string,
  { framing = 'chunked', length = -1, cuts = [] as readonly number[], by = limits } = {},
): Decoded {
  const decoder = new BodyDecoder()
  decoder.reset(framing as Framing, length, by)
  const bytes = Buffer.from(text, 'latin1')
  let body = ''
  let at = 0
  for (const end of [...cuts, bytes.length]) {
    const consumed = decoder.decode(bytes, at, end, (part, from, until) => {
      body += part.latin1Slice(from, until)
    })
    if (consumed < 0) return { body, end: 'refused', left: 0 }
    at += consumed
    if (decoder.done) return { body, end: 'done', left: bytes.length - at }
    expect(at).toBe(end)
  }
  return { body, end: decoder.done ? 'done' : 'more', left: bytes.length - at }
}

describe('a body with a length', () => {
  test.each([
    ['is done at its last byte', 'hello', 5, { body: 'hello', end: 'done', left: 0 }],
    ['leaves what follows', 'helloGET /', 5, { body: 'hello', end: 'done', left: 5 }],
    ['waits for more', 'hel', 5, { body: 'hel', end: 'more', left: 0 }],
    ['of 0 takes nothing', 'GET /', 0, { body: '', end: 'done', left: 5 }],
  ])('%s', (_, text, length, want) => {
    expect(decode(text, { framing: 'length', length })).toEqual(want)
  })
})

test('no body takes nothing, a body until the close takes everything and is never done', () => {
  expect(decode('abc', { framing: 'none' })).toEqual({ body: '', end: 'done', left: 3 })
  expect(decode('abc\r\n', { framing: 'close' })).toEqual({ body: 'abc\r\n', end: 'more', left: 0 })
})

describe('chunks', () => {
  test.each([
    ['none but the last', '0\r\n\r\n', ''],
    ['several', '3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n', 'abcd'],
    [
      'sizes in either case and with zeros',
      'A\r\n0123456789\r\n00a\r\n0123456789\r\n00\r\n\r\n',
      '01234567890123456789',
    ],
    ['data that looks like chunks', '7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n', '0\r\n\r\n0\r'],
    ['extensions, dropped', '1;a=b;c="d e"\r\nx\r\n0;z\r\n\r\n', 'x'],
    ['trailers, dropped', '1\r\nx\r\n0\r\nA: b\r\nc:\r\n\r\n', 'x'],
    [
      'trailers that frame, dropped (F22)',
      '0\r\nContent-Length: 5\r\ntransfer-encoding: x\r\n\r\n',
      '',
    ],
  ])('%s', (_, text, body) => {
    expect(decode(`${text}next`)).toEqual({ body, end: 'done', left: 4 })
  })

  test.each([
    ['F18 no size', '\r\nx'],
    ['F18 no digit', 'g\r\n'],
    ['F18 a space before the size', ' 1\r\n'],
    ['F18 a space after the size', '1 \r\n'],
    ['F18 a sign', '+1\r\n'],
    ['F18 0x', '0x1\r\n'],
    ['F18 more than 13 digits', '00000000000001\r\n'],
    ['F19 an empty extension', '1;\r\nx'],
    ['F19 a space in extensions', '1; a\r\nx'],
    ['F19 a bare LF after extensions', '1;a\nx'],
    ['F19 a bare CR after extensions', '1;a\rx'],
    ['F19 extensions over the limit', `1;${'a'.repeat(21)}\r\n`],
    [
      'F19 extensions over the limit together',
      `1;${'a'.repeat(15)}\r\nx\r\n1;${'a'.repeat(15)}\r\n`,
    ],
    ['F20 LF after data', '1\r\nx\n'],
    ['F20 more data than announced', '1\r\nxy\r\n'],
    ['F20 CR and something after data', '1\r\nx\ry'],
    ['F21 an empty line between chunks', '1\r\nx\r\n\r\n'],
    ['F21 a bare LF after a size', '1\nx'],
    ['F22 a trailer without a colon', '0\r\nabc\r\n'],
    ['F22 a trailer without a name', '0\r\n: x\r\n'],
    ['F22 a space before a colon', '0\r\na : b\r\n'],
    ['F22 a folded trailer', '0\r\na: b\r\n c\r\n'],
    ['F22 a trailer that begins with a tab', '0\r\n\ta: b\r\n'],
    ['F22 a control in a trailer', '0\r\na: \x01\r\n'],
    ['F22 DEL in a trailer', '0\r\na: \x7f\r\n'],
    ['F22 a bare LF after a trailer', '0\r\na: b\n'],
    ['F22 trailers over the limit', `0\r\na: ${'b'.repeat(60)}\r\n`],
    ['a bare CR at the end', '0\r\n\rx'],
  ])('refuses %s', (_, text) => expect(decode(text).end).toBe('refused'))

  test.each(['Content-Length: 5', 'transfer-ENCODING: chunked', 'content-length:'])(
    'an answer with the trailer %j is refused, as llhttp does',
    (trailer) =>
      expect(decode(`0\r\n${trailer}\r\n\r\n`, { by: answerBodyLimits }).end).toBe('refused'),
  )

  test('an answer with any other trailer is good', () => {
    const text = '0\r\ncontent-lengths: 5\r\nX-Content-Length: 5\r\ngrpc-status: 0\r\n\r\n'
    expect(decode(text, { by: answerBodyLimits }).end).toBe('done')
  })

  test('every beginning of a good body waits for more', () => {
    const text = '3;a="b"\r\nabc\r\n0\r\nx: y\r\n\r\n'
    for (let end = 0; end < text.length; end++) expect(decode(text.slice(0, end)).end).toBe('more')
  })

  test('any chunks, cut anywhere, are the data', () => {
    const data = fc.string({
      unit: fc.nat(255).map((byte) => String.fromCharCode(byte)),
      minLength: 1,
    })
    const property = fc.property(fc.array(data), fc.array(fc.nat(300)), (chunks, places) => {
      const wire = chunks.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('')
      const text = `${wire}0\r\n\r\n`
      const cuts = places.filter((place) => place < text.length).sort((a, b) => a - b)
      expect(decode(`${text}!`, { cuts })).toEqual({ body: chunks.join(''), end: 'done', left: 1 })
    })
    fc.assert(property, { numRuns: 500 })
  })
})

test('one decoder after another body begins anew', () => {
  const decoder = new BodyDecoder()
  const bytes = Buffer.from('2;a\r\nxy')
  decoder.reset('chunked', -1, limits)
  decoder.decode(bytes, 0, bytes.length, () => {})
  decoder.reset('chunked', -1, limits)
  const next = Buffer.from('1\r\nz\r\n0\r\n\r\n')
  expect(decoder.decode(next, 0, next.length, () => {})).toBe(next.length)
  expect(decoder.done).toBe(true)
})
