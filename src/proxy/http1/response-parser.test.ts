import { describe, expect, test } from 'vitest'
import type { ResponseHead } from './message.ts'
import { ResponseParser } from './response-parser.ts'

function parse(text: string, method = 'GET'): { taken: number; head: ResponseHead } {
  const parser = new ResponseParser()
  const bytes = Buffer.from(text, 'latin1')
  return { taken: parser.parse(bytes, 0, bytes.length, method), head: parser.head }
}

const answer = (line: string, ...fields: readonly string[]): string =>
  `${line}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`
const ok = (...fields: readonly string[]): string => answer('HTTP/1.1 200 OK', ...fields)
const fieldsOf = ({ headers }: ResponseHead): string[] =>
  headers.names.map((name, i) => `${name}: ${headers.valueAt(i)}`)

describe('a head that is good', () => {
  const length = { framing: 'length', contentLength: 5 } as const
  const none = { framing: 'none' } as const
  const close = { framing: 'close', keepAlive: false } as const

  test.each<readonly [string, string, string, Partial<ResponseHead>]>([
    [
      'a length',
      ok('Content-Length: 5'),
      'GET',
      { status: 200, minorVersion: 1, keepAlive: true, ...length },
    ],
    ['chunks', ok('Transfer-Encoding: Chunked'), 'GET', { framing: 'chunked', keepAlive: true }],
    ['neither: until the close', ok(), 'GET', close],
    ['neither, though it wishes to stay', ok('Connection: keep-alive'), 'GET', close],
    [
      'to HEAD, with a length',
      ok('Content-Length: 5'),
      'HEAD',
      { ...none, contentLength: 5, keepAlive: true },
    ],
    ['to HEAD, with chunks', ok('Transfer-Encoding: chunked'), 'HEAD', none],
    ['to HEAD, with neither', ok(), 'HEAD', { ...none, keepAlive: true }],
    ['204', answer('HTTP/1.1 204 No Content'), 'GET', { ...none, contentLength: -1 }],
    [
      '204 with a length of 0',
      answer('HTTP/1.1 204 x', 'Content-Length: 0'),
      'GET',
      { ...none, contentLength: -1 },
    ],
    [
      '304 with a length',
      answer('HTTP/1.1 304 x', 'Content-Length: 5'),
      'GET',
      { ...none, contentLength: 5 },
    ],
    [
      '101',
      answer('HTTP/1.1 101 x', 'Upgrade: WebSocket', 'Connection: x, Upgrade'),
      'GET',
      { status: 101, ...none, upgrade: 'WebSocket' },
    ],
    ['101 without Connection', answer('HTTP/1.1 101 x', 'Upgrade: b'), 'GET', { upgrade: '' }],
    [
      '426 that tells what is spoken',
      answer('HTTP/1.1 426 x', 'Connection: Upgrade', 'Upgrade: a', 'Upgrade: b'),
      'GET',
      { upgrade: 'a, b' },
    ],
    ['103', answer('HTTP/1.1 103 Early Hints', 'Link: </a>'), 'GET', { status: 103, ...none }],
    [
      'HTTP/1.0',
      answer('HTTP/1.0 200 OK', 'Content-Length: 5'),
      'GET',
      { minorVersion: 0, keepAlive: false },
    ],
    [
      'HTTP/1.0 that stays',
      answer('HTTP/1.0 200 OK', 'Content-Length: 5', 'Connection: keep-alive'),
      'GET',
      { keepAlive: true },
    ],
    [
      'the wish to close',
      ok('Content-Length: 5', 'Connection: close'),
      'GET',
      { keepAlive: false },
    ],
    [
      'Proxy-Connection closes, too',
      ok('Content-Length: 5', 'Proxy-Connection: close'),
      'GET',
      { keepAlive: false },
    ],
    ['no reason', answer('HTTP/1.1 200 ', 'Content-Length: 5'), 'GET', length],
    ['no space either', answer('HTTP/1.1 200', 'Content-Length: 5'), 'GET', length],
    ['a reason in 8-bit', answer('HTTP/1.1 200 \xe9\xff', 'Content-Length: 5'), 'GET', length],
    [
      'a status that nobody knows',
      answer('HTTP/1.1 599 x', 'Content-Length: 5'),
      'GET',
      { status: 599 },
    ],
  ])('%s', (_, text, method, want) => {
    const { taken, head } = parse(text, method)
    expect(taken).toBe(text.length)
    expect(head).toMatchObject(want)
  })

  test('the bytes of the body are not taken', () => {
    expect(parse(`${ok('Content-Length: 5')}hello`).taken).toBe(ok('Content-Length: 5').length)
  })

  test('what is for the client stays, in order; what is for the hop goes', () => {
    const { head } = parse(
      ok(
        'Set-Cookie: a=1',
        'Connection: x-hop, close',
        'X-Hop: 1',
        'Keep-Alive: 5',
        'set-cookie:b=2',
        'Trailer: x',
        'Host: x',
        'Proxy-Authenticate: Basic',
        'Upgrade: h2c',
      ),
    )
    expect(fieldsOf(head)).toEqual([
      'set-cookie: a=1',
      'set-cookie: b=2',
      'host: x',
      'proxy-authenticate: Basic',
    ])
  })
})

describe('D2: a head that is refused', () => {
  test.each([
    ['no status line', 'hello\r\n\r\n'],
    ['another protocol', answer('ICY 200 OK')],
    ['HTTP/0.9', answer('HTTP/0.9 200 OK')],
    ['HTTP/1.2', answer('HTTP/1.2 200 OK')],
    ['HTTP/2.0', answer('HTTP/2.0 200 OK')],
    ['lower case', answer('http/1.1 200 OK')],
    ['two spaces before the status', answer('HTTP/1.1  200 OK')],
    ['two digits', answer('HTTP/1.1 99 OK')],
    ['four digits', answer('HTTP/1.1 2000 OK')],
    ['a status below 100', answer('HTTP/1.1 099 OK')],
    ['a status above 599', answer('HTTP/1.1 600 OK')],
    ['letters', answer('HTTP/1.1 2x0 OK')],
    ['an empty line before it', `\r\n${ok('Content-Length: 0')}`],
    ['a control in the reason', answer('HTTP/1.1 200 \x01')],
    ['a bare CR in the reason', answer('HTTP/1.1 200 a\rb')],
    ['a bare LF after it', 'HTTP/1.1 200 OK\n\r\n'],
    ['a bare LF after a field', 'HTTP/1.1 200 OK\r\na: b\n\r\n'],
    ['a folded field', ok('a: b', ' c')],
    ['a space before a colon', ok('a : b')],
    ['NUL', ok('a: \0')],
    ['two lengths', ok('Content-Length: 5', 'Content-Length: 5')],
    ['a length that is none', ok('Content-Length: +5')],
    ['a length with an HTAB behind, as llhttp', ok('Content-Length: 5\t')],
    ['both framings', ok('Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['both framings, the other way round', ok('Transfer-Encoding: chunked', 'Content-Length: 5')],
    ['two codings', ok('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    ['a coding that we do not know', ok('Transfer-Encoding: gzip, chunked')],
    ['a coding with an HTAB behind, as llhttp', ok('Transfer-Encoding: chunked\t')],
    ['chunks in HTTP/1.0', answer('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked')],
    ['204 with a length', answer('HTTP/1.1 204 x', 'Content-Length: 5')],
    ['204 with chunks', answer('HTTP/1.1 204 x', 'Transfer-Encoding: chunked')],
    ['1xx with a length', answer('HTTP/1.1 103 x', 'Content-Length: 5')],
    ['1xx that ends the connection', answer('HTTP/1.1 103 x', 'Connection: close')],
    ['1xx in HTTP/1.0', answer('HTTP/1.0 100 Continue')],
    ['Connection names what it must not', ok('Connection: content-length')],
    ['more fields than anyone needs', ok(...Array<string>(257).fill('a: b'))],
    ['more than 64 KiB', ok(`a: ${'b'.repeat(64 * 1024)}`)],
    ['more than 64 KiB without an end', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(64 * 1024)}`],
    ['a reason without an end', `HTTP/1.1 200 ${'b'.repeat(64 * 1024)}`],
  ])('%s', (_, text) => expect(parse(text).taken).toBe(-1))
})

test('every beginning of a good head is incomplete', () => {
  const text = answer('HTTP/1.1 200 OK', 'Content-Length: 5', 'x:y')
  for (let end = 0; end < text.length; end++)
    expect(parse(text.slice(0, end)).taken, JSON.stringify(text.slice(0, end))).toBe(0)
})
