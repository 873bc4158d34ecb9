import { afterAll, beforeAll, describe, test } from 'vitest'
import { head, type Rig, startRig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.close())

const post = (...fields: readonly string[]): string => head('POST / HTTP/1.1', 'host: a', ...fields)
const empty = '0\r\n\r\n'
const hello = `5\r\nhello\r\n${empty}`
const CL = 'content-length: 5'
const TE = 'transfer-encoding: chunked'

describe('one framing', () => {
  test.each([
    ['F1 CL.TE', `${post('content-length: 6', TE)}${empty}G`],
    ['F1 TE.CL', post(TE, 'content-length: 4') + hello],
    ['F1 CL.TE in other cases', post('CONTENT-LENGTH: 6', 'tRANSFER-eNCODING: CHUNKED') + empty],
    ['F1 TE.CL in other cases', post('Transfer-Encoding: Chunked', 'Content-Length: 5') + empty],
    ['F1 CL 0 and TE', post('content-length: 0', TE) + empty],
    ['F1 both, with a field between', post(TE, 'x: y', CL) + empty],
    ['F2 chunked and chunked', post(TE, TE) + empty],
    ['F2 chunked and identity', post(TE, 'transfer-encoding: identity') + empty],
    ['F2 identity and chunked', post('transfer-encoding: identity', TE) + empty],
    ['F2 chunked and cow', post(TE, 'transfer-encoding: cow') + empty],
    ['F2 cow and chunked', post('transfer-encoding: cow', TE) + empty],
    ['F2 gzip and chunked', post('transfer-encoding: gzip', TE) + empty],
    ['F2 chunked and nothing', post(TE, 'transfer-encoding:') + empty],
  ])('%s', (_, input) => rig.refuses(input, 400))
})

describe('transfer codings', () => {
  test.each(
    [
      '\x0bchunked',
      'chunked\x0b',
      '\x0cchunked',
      'chun\x0cked',
      'chunked\0',
      '\0',
      'chunked\x7f',
      '\x80chunked',
      'chunked\x80',
      'chunked\x85',
      'chunked\xa0',
      '\xa0chunked',
      'chunked\xff',
      '"chunked"',
      "'chunked'",
      'xchunked',
      'chunk',
      'chunked;p=1',
      ', chunked',
      'chunked,',
      ',',
      '',
      'identity',
      'chunked chunked',
      'chun ked',
      'chunked, chunked',
      'identity, chunked',
      'gzip;q=1',
      'gz ip',
    ].map((value) => [`F3 ${JSON.stringify(value)} is no coding`, value]),
  )('%s', (_, value) => rig.refuses(post(`transfer-encoding: ${value}`) + empty, 400))

  test.each(
    ['gzip', 'deflate', 'cow', 'x-gzip'].map((value) => [`F3 ${value} is not known`, value]),
  )('%s', (_, value) => rig.refuses(post(`transfer-encoding: ${value}`) + empty, 501))

  test.each([
    ['F4 any case', 'TrAnSfEr-EnCoDiNg: cHuNkEd'],
    ['F4 spaces around', 'transfer-encoding:   chunked  '],
    ['F4 tabs around', 'Transfer-Encoding:\tchunked\t'],
    ['F4 both around', 'transfer-encoding:\t chunked \t'],
    ['F4 nothing around', 'transfer-encoding:chunked'],
  ])('%s', (_, field) =>
    rig.forwards(post(field) + hello, `POST / HTTP/1.1\nhost: a\n${TE}\nhello`),
  )

  test.each([
    ['F5 chunked, gzip', 400],
    ['F5 gzip, chunked', 501],
    ['F5 cow, chunked', 501],
    ['F5 gzip,chunked,gzip', 400],
  ] as const)('%s', (name, status) =>
    rig.refuses(post(`transfer-encoding: ${name.slice(3)}`) + empty, status),
  )

  test.each([
    ['F6 chunked in HTTP/1.0', [TE], 400],
    ['F6 chunked and CL in HTTP/1.0', [TE, CL], 400],
    ['F6 chunked in HTTP/1.0, kept alive', ['connection: keep-alive', TE], 400],
  ] as const)('%s', (_, fields, status) =>
    rig.refuses(head('POST / HTTP/1.0', 'host: a', ...fields) + empty, status),
  )
})

describe('names of framing fields', () => {
  test.each([
    ['F7 space before the colon', post('transfer-encoding : chunked')],
    ['F7 tab before the colon', post('transfer-encoding\t: chunked')],
    ['F7 space before the colon of a length', post('content-length : 5')],
    ['F7 space before the first field', head('POST / HTTP/1.1', ' host: a', TE)],
    ['F7 tab before the first field', head('POST / HTTP/1.1', '\thost: a', TE)],
    ['F7 space before the first field, then TE', head('POST / HTTP/1.1', ` ${TE}`, 'host: a')],
    ['F7 tab in a name', post('transfer\t-encoding: chunked')],
    ['F7 space in a name', post('transfer -encoding: chunked')],
    ['F8 Transfer_Encoding', post('Transfer_Encoding: chunked')],
    ['F8 transfer_encoding beside a length', post('transfer_encoding: chunked', CL)],
    ['F8 Content_Length', post('Content_Length: 5')],
    ['F8 an accent in Transfer-Encoding', post('transfer-\xe9ncoding: chunked')],
    ['F8 an accent in Content-Length', post('cont\xe8nt-length: 5')],
    ['F8 an accent in UTF-8', post('transfer-\xc3\xa9ncoding: chunked')],
    ['F8 a letter of full width', post('\xef\xbd\x83ontent-length: 5')],
    ['F8 a no-break space after the name', post('content-length\xa0: 5')],
  ])('%s', (_, input) => rig.refuses(input + empty, 400))
})

describe('content-length', () => {
  test.each([
    ['F9 two that differ', ['content-length: 5', 'content-length: 6']],
    ['F9 two that are the same', [CL, CL]],
    ['F9 5, 5', ['content-length: 5, 5']],
    ['F9 5,6', ['content-length: 5,6']],
    ['F9 empty, then 43', ['content-length:', 'content-length: 43']],
    ['F9 43, then empty', ['content-length: 43', 'content-length:']],
  ])('%s', (_, fields) => rig.refuses(`${post(...fields)}hello`, 400))

  test.each(
    [
      ...['+5', '-5', '-0', '0x5', '0o5', '1_0', '1e1', '5.0', '"5"', '1 0', '', '5Z'],
      ...['0b1', '\xa05', '5\x85', '\xb2', '5;', '\xd9\xa5', '0,', '5\t5'],
    ].map((value) => [`F10 ${JSON.stringify(value)}`, value]),
  )('%s', (_, value) => rig.refuses(`${post(`content-length: ${value}`)}hello`, 400))

  test.each([['F11 005'], ['F11 00'], ['F11 0000000000000000005']])('%s', (name) =>
    rig.refuses(`${post(`content-length: ${name.slice(4)}`)}hello`, 400),
  )

  test.each([
    ['F12 2^53 + 1', '9007199254740993'],
    ['F12 2^63', '9223372036854775808'],
    ['F12 2^64 + 5', '18446744073709551621'],
    ['F12 400 digits', '1'.repeat(400)],
  ])('%s', (_, value) => rig.refuses(`${post(`content-length: ${value}`)}hello`, 400))
})

describe('bodies of methods that have none as a rule', () => {
  test.each(
    ['GET', 'HEAD', 'DELETE', 'OPTIONS'].map((method) => [`F13 ${method} with a length`, method]),
  )('%s', (_, method) =>
    rig.forwards(
      `${head(`${method} / HTTP/1.1`, 'host: a', CL)}hello`,
      `${method} / HTTP/1.1\nhost: a\n${CL}\nhello`,
    ),
  )

  test.each(
    ['GET', 'HEAD', 'DELETE', 'OPTIONS'].map((method) => [`F13 ${method} in chunks`, method]),
  )('%s', (_, method) =>
    rig.forwards(
      head(`${method} / HTTP/1.1`, 'host: a', TE) + hello,
      `${method} / HTTP/1.1\nhost: a\n${TE}\nhello`,
    ),
  )

  test.each(
    ['GET', 'HEAD', 'DELETE', 'OPTIONS'].map((method) => [
      `F13 ${method} with a length in HTTP/1.0`,
      method,
    ]),
  )('%s', (_, method) => rig.refuses(`${head(`${method} / HTTP/1.0`, 'host: a', CL)}hello`, 413))

  test('F13 GET with a length of 0', () =>
    rig.forwards(
      head('GET / HTTP/1.1', 'host: a', 'content-length: 0'),
      'GET / HTTP/1.1\nhost: a\ncontent-length: 0\n',
    ))

  test('F13 POST with a length of 0 keeps it', () =>
    rig.forwards(post('content-length: 0'), 'POST / HTTP/1.1\nhost: a\ncontent-length: 0\n'))
})

describe('ends of lines', () => {
  test.each([
    ['F16 a bare LF after the request line', 'GET / HTTP/1.1\nhost: a\r\n\r\n'],
    ['F16 a bare LF after a field', 'GET / HTTP/1.1\r\nhost: a\nx: y\r\n\r\n'],
    ['F16 a bare LF after the last field', 'GET / HTTP/1.1\r\nhost: a\n\r\n'],
    ['F16 a bare LF after the head', 'GET / HTTP/1.1\r\nhost: a\r\n\n'],
    ['F16 bare LFs only', 'GET / HTTP/1.1\nhost: a\n\n'],
    ['F16 a bare CR in the request line', 'GET / HTTP/1.1\rX\r\nhost: a\r\n\r\n'],
    ['F16 a bare CR in the target', 'GET /\r HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['F16 a bare CR after a field', 'GET / HTTP/1.1\r\nhost: a\rx: y\r\n\r\n'],
    ['F16 a bare CR and one more byte after a field', 'GET / HTTP/1.1\r\nhost: a\rXx: y\r\n\r\n'],
    ['F16 a bare CR and one more byte after the request line', 'GET / HTTP/1.1\rXhost: a\r\n\r\n'],
    ['F16 a CR before CRLF', 'GET / HTTP/1.1\r\nhost: a\r\r\n\r\n'],
    ['F16 CRLF, CR, something else', 'GET / HTTP/1.1\r\nhost: a\r\n\rX'],
    ['F16 CRs only', 'GET / HTTP/1.1\rhost: a\r\r'],
    ['F17 a folded field', post('x: a', ' b')],
    ['F17 folded with a tab', post('x: a', '\tb')],
    ['F17 an empty fold', post('x: a', ' ')],
    ['F17 a folded Transfer-Encoding', post('transfer-encoding:', ' chunked')],
    ['F17 a Transfer-Encoding that goes on', post(TE, ' , identity')],
    ['F17 a folded Expect', post('expect:', ' 100-continue', CL)],
    ['F17 a folded Host', head('POST / HTTP/1.1', 'host: a', ' .b')],
    ['F17 a folded Content-Length', post('content-length:', ' 5')],
  ])('%s', (_, input) => rig.refuses(input, 400))
})

describe('chunks', () => {
  const chunked = (body: string): string => post(TE) + body
  const message = `POST / HTTP/1.1\nhost: a\n${TE}\n`

  test.each(
    [
      '0x5',
      '+5',
      '-5',
      '1_0',
      ' 5',
      '5 ',
      '',
      '5\t',
      '\t5',
      '"5"',
      'g',
      '5g',
      '\xb2',
      '5.0',
      '5,',
      'x',
    ]
      .concat('5'.padStart(17, '0'), 'f'.repeat(17), '5'.padStart(16, '0'), 'f'.repeat(14))
      .map((size) => [`F18 ${JSON.stringify(size)}`, size]),
  )('%s', (_, size) => rig.refusesBody(chunked(`${size}\r\nhello\r\n${empty}`), 400))

  test.each([
    ['F18 a bad size after a good chunk', `5\r\nhello\r\n0x5\r\nworld\r\n${empty}`],
    ['F18 a bad last chunk', '5\r\nhello\r\n-0\r\n\r\n'],
  ])('%s', (_, body) => rig.refusesBody(chunked(body), 400))

  test.each([
    ['F18 lower case', `b\r\nhello world\r\n${empty}`, 'hello world'],
    ['F18 upper case', `B\r\nhello world\r\n${empty}`, 'hello world'],
    ['F18 zeros before', `00B\r\nhello world\r\n000\r\n\r\n`, 'hello world'],
    ['F18 several chunks', `5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n${empty}`, 'hello world'],
    ['F18 no data', empty, ''],
    ['F19 an extension', `5;a=b\r\nhello\r\n${empty}`, 'hello'],
    ['F19 extensions, one quoted', `5;a;b="c d"\r\nhello\r\n${empty}`, 'hello'],
    ['F19 an extension of the last chunk', '5\r\nhello\r\n0;last\r\n\r\n', 'hello'],
    ['F19 as much as 1 KiB', `5;${'a'.repeat(1000)}\r\nhello\r\n${empty}`, 'hello'],
  ])('%s', (_, body, want) => rig.forwards(chunked(body), message + want))

  test.each([
    ['F19 a semicolon alone', '5;\r\nhello\r\n'],
    ['F19 a semicolon alone after the last size', '5\r\nhello\r\n0;\r\n\r\n'],
    ['F19 NUL', '5;a\0\r\nhello\r\n'],
    ['F19 a control', '5;a\x01b\r\nhello\r\n'],
    ['F19 DEL', '5;a\x7f\r\nhello\r\n'],
    ['F19 a bare LF', '5;\nhello\r\n'],
    ['F19 a bare LF after an extension', '5;a\nhello\r\n'],
    ['F19 a bare CR', '5;\rXhello\r\n'],
    ['F19 a bare CR after an extension', '5;a\rXhello\r\n'],
    ['F19 two CRs', '5;a\r\r\nhello\r\n'],
    ['F19 TERM.EXT', '5\r\r;a\r\nhello\r\n'],
    ['F19 EXT.TERM', '2;\n\nxx\r\n4c\r\n'],
    ['F19 more than 1 KiB', `5;${'a'.repeat(1024)}\r\nhello\r\n`],
    ['F19 more than 1 KiB together', `1;${'a'.repeat(100)}\r\nx\r\n`.repeat(11)],
    ['F19 64 KiB', `5;${'a'.repeat(64 * 1024)}\r\nhello\r\n`],
    ['F20 LF after the data', '5\r\nhello\n'],
    ['F20 two LFs after the data', '5\r\nhello\n\n'],
    ['F20 two CRs after the data', '5\r\nhello\r\r'],
    ['F20 CR and something after the data', '5\r\nhello\rX'],
    ['F20 two other bytes', '5\r\nhelloXX'],
    ['F20 nothing', '5\r\nhello'],
    ['F20 more data than announced', '5\r\nhello world\r\n'],
    ['F21 an empty line between chunks', '5\r\nhello\r\n\r\n5\r\nworld\r\n'],
    ['F21 an empty line before the first chunk', '\r\n5\r\nhello\r\n'],
    ['F21 LF after the last size', '5\r\nhello\r\n0\n\r\n'],
    ['F21 LF at the end', '5\r\nhello\r\n0\r\n\n'],
    ['F21 CR and something at the end', '5\r\nhello\r\n0\r\n\rX'],
    ['F21 two LFs after the last size', '5\r\nhello\r\n0\n\n'],
    ['F21 CR and something after a size', '5\rXhello\r\n'],
    ['F21 LFs only', '5\nhello\n0\n\n'],
  ])('%s', (_, body) => rig.refusesBody(chunked(body) + empty, 400))

  test.each([
    ['F22 Content-Length', 'Content-Length: 100'],
    ['F22 Transfer-Encoding', 'Transfer-Encoding: chunked'],
    ['F22 Host', 'Host: evil.example'],
    ['F22 Authorization', 'Authorization: Bearer x'],
    ['F22 Cookie', 'Cookie: a=b'],
    ['F22 any', 'X-Checksum: 1\r\nx-two: 2'],
    ['F22 without a value', 'x:'],
    ['F22 almost 8 KiB', `x: ${'a'.repeat(8000)}`],
  ])('%s', (_, trailers) =>
    rig.forwards(chunked(`5\r\nhello\r\n0\r\n${trailers}\r\n\r\n`), `${message}hello`),
  )

  test.each([
    ['F22 more than 8 KiB', `x: ${'a'.repeat(8200)}\r\n\r\n`],
    ['F22 more than 8 KiB together', `${'x: y\r\n'.repeat(1500)}\r\n`],
    ['F22 no colon', 'x\r\n\r\n'],
    ['F22 no name', ': x\r\n\r\n'],
    ['F22 space before the colon', 'x : y\r\n\r\n'],
    ['F22 folded', 'x: y\r\n z\r\n\r\n'],
    ['F22 a bare LF', 'x: y\n\r\n'],
    ['F22 a bare CR', 'x: y\rX\r\n\r\n'],
    ['F22 a bare CR at the end', 'x: y\r\n\rX'],
    ['F22 NUL', 'x: \0\r\n\r\n'],
  ])('%s', (_, trailers) => rig.refusesBody(chunked(`5\r\nhello\r\n0\r\n${trailers}`), 400))
})

describe('before and after a request', () => {
  const get = head('GET / HTTP/1.1', 'host: a')

  test('F25 one empty line before it is tolerated', () =>
    rig.forwards(`\r\n${get}`, 'GET / HTTP/1.1\nhost: a\n'))

  test.each([
    ['F25 two empty lines', '\r\n'.repeat(2) + get],
    ['F25 10,000 empty lines', '\r\n'.repeat(10_000) + get],
    ['F25 a bare LF', `\n${get}`],
    ['F25 a bare CR', `\r${get}`],
  ])('%s', (_, input) => rig.refuses(input, 400))
})
