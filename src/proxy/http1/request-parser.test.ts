import { describe, expect, test } from 'vitest'
import { defaultSettings } from '../../model/settings.ts'
import type { RequestHead } from './message.ts'
import { type HeadLimits, RequestParser } from './request-parser.ts'

const { limits } = defaultSettings

/** A head, or why there is none; the bytes taken. */
function parse(
  text: string,
  own: Partial<HeadLimits> = {},
): { taken: number; head: RequestHead; why: string } {
  const parser = new RequestParser({ ...limits, ...own })
  const bytes = Buffer.from(text, 'latin1')
  const taken = parser.parse(bytes, 0, bytes.length)
  const why = taken < 0 ? `${parser.fault.code} ${parser.fault.reason}` : taken === 0 ? 'more' : ''
  return { taken, head: parser.head, why }
}

const get = (...fields: readonly string[]): string =>
  `GET / HTTP/1.1\r\nHost: a\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`
const fieldsOf = ({ headers }: RequestHead): string[] =>
  headers.names.map((name, i) => `${name}: ${headers.valueAt(i)}`)

describe('a head that is good', () => {
  test('is taken apart', () => {
    const text =
      'POST /a/b?c=d&e HTTP/1.1\r\nHOST: A.Example:80\r\nAccept: */*\r\nX-Y:z\r\ncontent-length: 5\r\n\r\n'
    const { taken, head } = parse(`${text}hello`)
    expect(taken).toBe(text.length)
    const { headers: _, ...rest } = head
    expect(rest).toEqual({
      method: 'POST',
      host: 'a.example',
      hostname: 'a.example',
      rawPath: '/a/b',
      query: '?c=d&e',
      minorVersion: 1,
      contentLength: 5,
      chunked: false,
      keepAlive: true,
      expectContinue: false,
      takesTrailers: false,
      upgrade: '',
      upgradeNamed: false,
    })
    expect(fieldsOf(head)).toEqual(['accept: */*', 'x-y: z'])
  })

  test.each<readonly [string, string, Partial<RequestHead>]>([
    [
      'HTTP/1.0 ends the connection',
      'GET / HTTP/1.0\r\nHost: a\r\n\r\n',
      { minorVersion: 0, keepAlive: false },
    ],
    [
      'unless it asks',
      'GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n',
      { keepAlive: true },
    ],
    [
      'a wish for another protocol, meant for this hop',
      get('Upgrade: WebSocket', 'Connection: x, UPGRADE'),
      { upgrade: 'WebSocket', upgradeNamed: true, keepAlive: true },
    ],
    [
      'a wish for several, meant for somebody else',
      get('Upgrade: a', 'Connection: keep-alive', 'Upgrade: b'),
      { upgrade: 'a, b', upgradeNamed: false },
    ],
    ['HTTP/1.1 goes on unless it asks', get('Connection: close'), { keepAlive: false }],
    [
      'the wish to close wins',
      get('Connection: keep-alive', 'Connection: close'),
      { keepAlive: false },
    ],
    ['Proxy-Connection closes, too', get('Proxy-Connection: close'), { keepAlive: false }],
    [
      'chunked in any case',
      get('Transfer-Encoding: Chunked'),
      { chunked: true, contentLength: -1 },
    ],
    ['a length of 0', get('Content-Length: 0'), { contentLength: 0 }],
    [
      'the largest length',
      get('Content-Length: 999999999999999'),
      { contentLength: 999_999_999_999_999 },
    ],
    ['100-continue', get('Expect: 100-Continue'), { expectContinue: true }],
    ['wishes for an upgrade, joined', get('Upgrade: h2c', 'Upgrade: x'), { upgrade: 'h2c, x' }],
    ['one empty line before it', `\r\n${get()}`, { method: 'GET' }],
    [
      'a query of its own',
      'GET /?a?b HTTP/1.1\r\nHost: a\r\n\r\n',
      { rawPath: '/', query: '?a?b' },
    ],
    ['an empty query', 'GET /? HTTP/1.1\r\nHost: a\r\n\r\n', { query: '?' }],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', { rawPath: '*' }],
    [
      'an absolute target',
      'GET http://A:80/b?c HTTP/1.1\r\nHost: a\r\n\r\n',
      { host: 'a', rawPath: '/b', query: '?c' },
    ],
    [
      'an absolute target without a path',
      'GET HTTP://a?c HTTP/1.1\r\nHost: a\r\n\r\n',
      { rawPath: '/', query: '?c' },
    ],
    [
      'an absolute target in HTTP/1.0 without Host',
      'GET http://a/ HTTP/1.0\r\n\r\n',
      { host: 'a' },
    ],
    ['a method of its own', 'X-Y /a HTTP/1.1\r\nHost: a\r\n\r\n', { method: 'X-Y' }],
  ])('%s', (_, text, want) => {
    const { taken, head } = parse(text)
    expect(taken).toBe(text.length)
    expect(head).toMatchObject(want)
  })

  test('fields of the hop and what Connection names are not in the list', () => {
    const { head } = parse(
      get(
        'TE: trailers',
        'Keep-Alive: 5',
        'Trailer: x',
        'Proxy-Authorization: x',
        'X-Hop: 1',
        'a: b',
        'Connection: x-hop',
        'x-HOP: 2',
      ),
    )
    expect(fieldsOf(head)).toEqual(['a: b'])
  })

  test('each head is one of its own', () => {
    const parser = new RequestParser(limits)
    const bytes = Buffer.from(get('a: 1') + get('b: 2'))
    const first = parser.parse(bytes, 0, bytes.length)
    const head = parser.head
    expect(parser.parse(bytes, first, bytes.length)).toBe(bytes.length - first)
    expect([fieldsOf(head), fieldsOf(parser.head)]).toEqual([['a: 1'], ['b: 2']])
  })

  test('an underscore is noticed', () => {
    expect(parse(get('a_b: 1')).head.headers.underscores).toBe(true)
    expect(parse(get('a-b: 1')).head.headers.underscores).toBe(false)
  })
})

describe('a head that is refused', () => {
  const line = (text: string): string => `${text}\r\nHost: a\r\n\r\n`

  test.each([
    ['R1 no version', line('GET /'), 'bad_request target'],
    ['R1 HTTP/0.9', line('GET / HTTP/0.9'), 'bad_request request_line'],
    ['R1 HTTP/1.2', line('GET / HTTP/1.2'), 'http_version_unsupported version'],
    ['R1 HTTP/2.0', line('GET / HTTP/2.0'), 'http_version_unsupported version'],
    ['R1 a version in lower case', line('GET / http/1.1'), 'bad_request request_line'],
    ['R1 a long version', line('GET / HTTP/1.10'), 'bad_request request_line'],
    ['R2 two spaces', line('GET  / HTTP/1.1'), 'bad_request request_line'],
    ['R2 two spaces before the version', line('GET /  HTTP/1.1'), 'bad_request request_line'],
    ['R2 a tab', line('GET\t/ HTTP/1.1'), 'bad_request request_line'],
    ['R2 a space before it', line(' GET / HTTP/1.1'), 'bad_request request_line'],
    ['R3 a fragment', line('GET /a#b HTTP/1.1'), 'bad_request target'],
    ['R3 a backslash', line('GET /a\\b HTTP/1.1'), 'bad_request target'],
    ['R3 8-bit', line('GET /\xe9 HTTP/1.1'), 'bad_request target'],
    ['R3 a control', line('GET /\x01 HTTP/1.1'), 'bad_request target'],
    ['R4 another host than Host', line('GET http://b/ HTTP/1.1'), 'host_invalid host'],
    ['R4 another scheme', line('GET https://a/ HTTP/1.1'), 'bad_request target'],
    ['R4 user information', line('GET http://u@a/ HTTP/1.1'), 'host_invalid host'],
    ['R5 * with GET', line('GET * HTTP/1.1'), 'bad_request target'],
    ['R5 * with a query', line('OPTIONS *?a HTTP/1.1'), 'bad_request target'],
    ['R6 CONNECT', line('CONNECT a:443 HTTP/1.1'), 'method_not_allowed method_refused'],
    ['R6 TRACE', line('TRACE / HTTP/1.1'), 'method_not_allowed method_refused'],
    ['R7 no Host', 'GET / HTTP/1.1\r\n\r\n', 'host_invalid host'],
    ['R7 no Host beside an absolute target', 'GET http://a/ HTTP/1.1\r\n\r\n', 'host_invalid host'],
    ['R7 no Host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 'host_invalid host'],
    ['R7 two', get('Host: a'), 'host_invalid host'],
    ['R7 an empty one', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 'host_invalid host'],
    ['R10 no method', line(' / HTTP/1.1'), 'bad_request request_line'],
    ['R10 a method that is no token', line('G=T / HTTP/1.1'), 'bad_request request_line'],
    ['R10 a long method', line(`${'A'.repeat(33)} / HTTP/1.1`), 'not_implemented method'],
    ['F25 two empty lines', `\r\n\r\n${get()}`, 'bad_request request_line'],
    [
      'F16 a bare LF after the request line',
      'GET / HTTP/1.1\nHost: a\r\n\r\n',
      'bad_request request_line',
    ],
    [
      'F1 both framings',
      get('Content-Length: 5', 'Transfer-Encoding: chunked'),
      'bad_request two_framings',
    ],
    [
      'F1 the other way round',
      get('Transfer-Encoding: chunked', 'Content-Length: 5'),
      'bad_request two_framings',
    ],
    [
      'F2 two codings',
      get('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
      'bad_request transfer_encoding',
    ],
    ['F3 no coding', get('Transfer-Encoding:'), 'bad_request transfer_encoding'],
    ['F3 a parameter', get('Transfer-Encoding: chunked;p=1'), 'bad_request transfer_encoding'],
    ['F3 0xA0 before it', get('Transfer-Encoding: \xa0chunked'), 'bad_request transfer_encoding'],
    [
      'F5 gzip before it',
      get('Transfer-Encoding: gzip, chunked'),
      'not_implemented transfer_coding',
    ],
    ['F5 gzip after it', get('Transfer-Encoding: chunked, gzip'), 'bad_request transfer_encoding'],
    [
      'F6 HTTP/1.0',
      'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
      'bad_request transfer_encoding',
    ],
    ['F8 a look-alike', get('Transfer_Encoding: chunked'), 'bad_request header_look_alike'],
    ['F9 two lengths', get('Content-Length: 5', 'Content-Length: 5'), 'bad_request content_length'],
    ['F9 a list', get('Content-Length: 5, 5'), 'bad_request content_length'],
    ['F11 a leading zero', get('Content-Length: 05'), 'bad_request content_length'],
    ['F12 16 digits', get('Content-Length: 1000000000000000'), 'bad_request content_length'],
    [
      'a length with an HTAB behind, as llhttp',
      get('Content-Length: 5\t'),
      'bad_request content_length',
    ],
    [
      'a length with an HTAB and a space behind',
      get('Content-Length: 5\t '),
      'bad_request content_length',
    ],
    [
      'F13 HTTP/1.0 with a body that GET should not have',
      'GET / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\n',
      'body_too_large body_unexpected',
    ],
    ['F17 a folded field', get('a: b', ' c'), 'bad_request header_field'],
    ['R18 another expectation', get('Expect: 200-ok'), 'expectation_failed expect'],
    ['R18 two', get('Expect: 100-continue', 'Expect: 100-continue'), 'expectation_failed expect'],
    ['U4 Connection names Host', get('Connection: host'), 'bad_request connection_names'],
  ])('%s', (_, text, why) => expect(parse(text).why).toBe(why))
})

describe('R11: limits', () => {
  const own = { target: 20, headerBytes: 60, headerCount: 4 }
  const target = (size: number): string =>
    `GET ${'/'.padEnd(size, 'a')} HTTP/1.1\r\nHost: a\r\n\r\n`
  /** A header block of so many bytes, its empty line included. */
  const block = (size: number): string => {
    const rest = 'Host: a\r\nx: \r\n\r\n'
    return `GET / HTTP/1.1\r\n${rest.replace('x: ', `x: ${'y'.repeat(size - rest.length)}`)}`
  }

  test.each([
    ['the longest target', target(20), ''],
    ['one byte more', target(21), 'uri_too_long target_too_long'],
    ['a target without an end', `GET /${'a'.repeat(200)}`, 'uri_too_long target_too_long'],
    ['the largest header block', block(60), ''],
    ['one byte more', block(61), 'headers_too_large headers_too_large'],
    [
      'a header block without an end',
      `GET / HTTP/1.1\r\nx: ${'y'.repeat(100)}`,
      'headers_too_large headers_too_large',
    ],
    ['as many fields as there may be', get('a:', 'b:', 'c:'), ''],
    ['one more', get('a:', 'b:', 'c:', 'd:'), 'headers_too_large headers_too_many'],
  ])('%s', (_, text, why) => expect(parse(text, own).why).toBe(why))
})

describe('a head that comes in pieces', () => {
  const text =
    '\r\nPOST /a?b HTTP/1.1\r\nHost: a\r\nX-Y:\t z \r\nTransfer-Encoding: chunked\r\n\r\n'

  test('is the same however it is cut', () => {
    const whole = parse(text).head
    const bytes = Buffer.from(text)
    for (let cut = 1; cut < text.length; cut++) {
      const parser = new RequestParser(limits)
      expect(parser.parse(bytes, 0, cut), `cut at ${cut}`).toBe(0)
      expect(parser.parse(bytes, 0, text.length)).toBe(text.length)
      expect(fieldsOf(parser.head)).toEqual(fieldsOf(whole))
    }
    const parser = new RequestParser(limits)
    for (let end = 1; end < text.length; end++) expect(parser.parse(bytes, 0, end)).toBe(0)
    expect(parser.parse(bytes, 0, text.length)).toBe(text.length)
  })

  test.each([
    ['a bare CR', 'GET / HTTP/1.1\r\nHost: a\rb'],
    ['a control', 'GET / HTTP/1.1\r\nHost: a\x01'],
    ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n'],
    ['more than there may be', `GET / HTTP/1.1\r\nHost: a\r\nx: ${'y'.repeat(30_000)}`],
    ['a target without an end', `GET /${'a'.repeat(30_000)}`],
  ])('is refused before its end for %s', (_, bad) => {
    const parser = new RequestParser(limits)
    const bytes = Buffer.from(bad, 'latin1')
    let result = 0
    for (let end = 1; end <= bytes.length && result === 0; end++)
      result = parser.parse(bytes, 0, end)
    expect(result).toBe(-1)
  })

  test('bytes behind the end of what was read are not looked at', () => {
    const parser = new RequestParser(limits)
    const bytes = Buffer.from('GET / HTTP/1.1\r\nHo\n\0\0\0\r\n\r\n')
    expect(parser.parse(bytes, 0, 16)).toBe(0)
    expect(parser.parse(bytes, 0, 18)).toBe(0)
  })
})

test('the scheme of the listener decides about default port and absolute targets', () => {
  const parser = new RequestParser(limits, 'https')
  const bytes = Buffer.from('GET https://a:443/ HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(parser.parse(bytes, 0, bytes.length)).toBe(bytes.length)
  expect(parser.head.host).toBe('a')
  const plain = Buffer.from('GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(parser.parse(plain, 0, plain.length)).toBe(-1)
})
