import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { turns } from '../harness/deliver.ts'
import { type Fields, frame, get, H2Client, literal } from '../harness/h2-client.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { type Recorder, startRecorder } from '../harness/recorder.ts'
import { printed } from './rig.ts'

let recorder: Recorder
let proxy: TestProxy
beforeAll(async () => {
  recorder = await startRecorder()
  proxy = await startProxy({
    ports: [recorder.port],
    h2c: true,
    limits: { connectionsPerClient: 5000 },
  })
})
afterAll(async () => {
  await proxy.close()
  await recorder.close()
  expect(proxy.errors).toEqual([])
})

/** `get` with some of its pseudo-headers changed; undefined leaves one out. */
function with_(changes: Readonly<Record<string, string | undefined>>, ...more: Fields): Fields {
  const all = {
    ':method': 'GET',
    ':scheme': 'http',
    ':path': '/',
    ':authority': 'api.example',
    ...changes,
  }
  const pseudo = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return [...pseudo, ...more]
}

/** What asks for a WebSocket (RFC 8441), with changes. */
const connect = (changes: Readonly<Record<string, string | undefined>>, ...more: Fields): Fields =>
  with_({ ':method': 'CONNECT', ':protocol': 'websocket', ...changes }, ...more)

/** The frames of a request that is complete with its head. */
const whole = (fields: Fields): Buffer => frame(1, 5, 1, literal(fields))
const post = (...more: Fields): Fields => with_({ ':method': 'POST' }, ...more)
const head = (fields: Fields): Buffer => frame(1, 4, 1, literal(fields))
const data = (text: string, flags = 0): Buffer => frame(0, flags, 1, text)

/**
 * One input in three deliveries: whole, split somewhere in its middle, and one byte a write. The answer is the same, a
 * canary on the next stream is answered, and nothing but it, or the beginning of a message, has reached a backend.
 */
async function expectNothing(input: Buffer, want: string): Promise<void> {
  recorder.take()
  const before = proxy.rejected.length
  const ways = [
    [input],
    [input.subarray(0, 20), input.subarray(20)],
    Array.from(input, (byte) => Buffer.from([byte])),
  ]
  for (const parts of ways) {
    const client = new H2Client(proxy.port)
    for (const part of parts) {
      client.send(part)
      await turns(1)
    }
    const { reset } = await client.answered(1)
    expect(reset === undefined || reset === 'no_error' ? client.statusOf(1) : reset).toBe(want)
    client.request(3, get('/canary'))
    expect((await client.answered(3)).body).toBe('GET /canary')
    client.close()
  }
  await turns(4)
  const { messages, rest } = recorder.take()
  expect(messages.map(({ target }) => target)).toEqual(ways.map(() => '/canary'))
  for (const { socket } of rest) while (!socket.destroyed && !socket.readableEnded) await turns(1)
  expect(proxy.rejected.length - before).toBeGreaterThanOrEqual(ways.length)
}

describe('pseudo-headers', () => {
  test.each<[string, Fields, string]>([
    ['none', [], 'protocol_error'],
    ['no method', with_({ ':method': undefined }), 'protocol_error'],
    ['no scheme', with_({ ':scheme': undefined }), 'protocol_error'],
    ['no path', with_({ ':path': undefined }), 'protocol_error'],
    ['an empty path', with_({ ':path': '' }), 'protocol_error'],
    ['a path without a slash', with_({ ':path': 'admin' }), 'protocol_error'],
    ['an absolute path', with_({ ':path': 'http://other.example/' }), 'protocol_error'],
    ['an asterisk that is not of OPTIONS', with_({ ':path': '*' }), 'protocol_error'],
    ['two methods', get('/', [':method', 'GET']), 'protocol_error'],
    ['two paths', get('/', [':path', '/admin']), 'protocol_error'],
    ['two authorities', get('/', [':authority', 'api.example']), 'protocol_error'],
    ['two schemes', get('/', [':scheme', 'http']), 'protocol_error'],
    ['one behind a field', get('/', ['a', 'b'], [':path', '/admin']), 'protocol_error'],
    ['one that nobody knows', get('/', [':who', 'me']), 'protocol_error'],
    ['one of answers', get('/', [':status', '200']), 'protocol_error'],
    ['extended CONNECT by GET', get('/', [':protocol', 'websocket']), 'protocol_error'],
    ['extended CONNECT by two protocols', connect({}, [':protocol', 'h2c']), 'protocol_error'],
    ['extended CONNECT without a path', connect({ ':path': undefined }), 'protocol_error'],
    ['extended CONNECT without a scheme', connect({ ':scheme': undefined }), 'protocol_error'],
    ['extended CONNECT without an authority', connect({ ':authority': undefined }), '400'],
    ['extended CONNECT with a length', connect({}, ['content-length', '0']), 'protocol_error'],
    ['extended CONNECT with Upgrade', connect({}, ['upgrade', 'websocket']), 'protocol_error'],
    ['extended CONNECT to nothing', connect({ ':protocol': '' }), '501'],
    ['extended CONNECT to h2c', connect({ ':protocol': 'h2c' }), '501'],
    ['extended CONNECT to UDP', connect({ ':protocol': 'connect-udp' }), '501'],
    ['extended CONNECT to WebSocket in capitals', connect({ ':protocol': 'WebSocket' }), '501'],
    ['a colon without a name', get('/', [':', 'x']), 'protocol_error'],
    ['a method that is a request line', with_({ ':method': 'GET /x HTTP/1.1' }), 'protocol_error'],
    ['a method with a line end', with_({ ':method': 'GET\r\n' }), 'protocol_error'],
    ['an empty method', with_({ ':method': '' }), 'protocol_error'],
    ['a scheme that is a URL', with_({ ':scheme': 'http://h/?' }), 'protocol_error'],
    ['another scheme', with_({ ':scheme': 'ftp' }), 'protocol_error'],
    ['a path with a line end', with_({ ':path': '/a\r\nx: y' }), 'protocol_error'],
    ['a path with NUL', with_({ ':path': '/a\0' }), 'protocol_error'],
    ['a path with a space', with_({ ':path': '/a HTTP/1.1' }), '400'],
    ['a path with a fragment', with_({ ':path': '/a#b' }), '400'],
    ['a path with a backslash', with_({ ':path': '/a\\b' }), '400'],
    ['a path with 8-bit', with_({ ':path': '/\xe9' }), '400'],
    ['a path of more than 8 KiB', with_({ ':path': `/${'a'.repeat(8192)}` }), '414'],
    ['a method of 33 characters', with_({ ':method': 'A'.repeat(33) }), '501'],
    ['CONNECT', with_({ ':method': 'CONNECT', ':scheme': undefined, ':path': undefined }), '405'],
    ['TRACE', with_({ ':method': 'TRACE' }), '405'],
    ['an authority with a user', with_({ ':authority': 'u@api.example' }), '400'],
    ['an authority with a path', with_({ ':authority': 'api.example/x' }), '400'],
    ['an authority with a line end', with_({ ':authority': 'a\r\nx: y' }), 'protocol_error'],
    ['an authority with a port that is none', with_({ ':authority': 'a:99999' }), '400'],
    ['an empty authority', with_({ ':authority': '' }), '400'],
    ['no authority and no Host', with_({ ':authority': undefined }), '400'],
  ])('H9 %s', async (_, fields, want) => expectNothing(whole(fields), want))
})

describe('fields', () => {
  test.each<[string, string, string]>([
    ['an upper-case name', 'X-a', 'b'],
    ['a name with a space', 'x a', 'b'],
    ['a name with a colon', 'x:a', 'b'],
    ['a name with a line end', 'x\r\na', 'b'],
    ['a name with NUL', 'x\0', 'b'],
    ['a name with 8-bit', 'x\xe9', 'b'],
    ['an empty name', '', 'b'],
    ['CR and LF in a value', 'x-a', 'b\r\nx-evil: 1'],
    ['LF in a value', 'x-a', 'b\nc'],
    ['CR in a value', 'x-a', 'b\rc'],
    ['NUL in a value', 'x-a', 'b\0c'],
    ['DEL in a value', 'x-a', 'b\x7f'],
    ['a space before a value', 'x-a', ' b'],
    ['a space behind a value', 'x-a', 'b '],
    ['a TAB before a value', 'x-a', '\tb'],
  ])('H10 %s', async (_, name, value) =>
    expectNothing(whole(get('/', [name, value])), 'protocol_error'),
  )

  test.each<[string, string]>([
    ['transfer-encoding', 'chunked'],
    ['connection', 'close'],
    ['connection', 'x-a'],
    ['keep-alive', 'timeout=5'],
    ['proxy-connection', 'keep-alive'],
    ['upgrade', 'websocket'],
    ['te', 'gzip'],
    ['te', 'trailers, gzip'],
    ['te', ''],
  ])('H11 %s: %s', async (name, value) =>
    expectNothing(whole(get('/', [name, value])), 'protocol_error'),
  )

  test.each<[string, Fields, string]>([
    ['F8 a look-alike of a length', get('/', ['content_length', '5']), '400'],
    ['F8 a look-alike of a coding', get('/', ['transfer_encoding', 'chunked']), '400'],
    ['R18 another expectation', get('/', ['expect', '200-ok']), '417'],
    [
      'R18 two expectations',
      get('/', ['expect', '100-continue'], ['expect', '100-continue']),
      '417',
    ],
  ])('%s', async (_, fields, want) => expectNothing(whole(fields), want))

  test('U1 HTTP2-Settings goes no further', async () => {
    recorder.take()
    const client = new H2Client(proxy.port).request(
      1,
      get('/', ['http2-settings', 'AAMAAABk'], ['trailer', 'x']),
    )
    await client.answered(1)
    client.close()
    expect(recorder.take().messages.map(printed)).toEqual(['GET / HTTP/1.1\nhost: api.example\n'])
  })
})

describe('lengths', () => {
  const length = (text: string) => ['content-length', text] as const

  test.each<[string, Buffer]>([
    ['more DATA than announced', Buffer.concat([head(post(length('3'))), data('abcd', 1)])],
    [
      'more DATA than announced, in parts',
      Buffer.concat([head(post(length('3'))), data('ab'), data('cd'), data('e', 1)]),
    ],
    ['less DATA than announced', Buffer.concat([head(post(length('5'))), data('abcd', 1)])],
    [
      'less DATA than announced, then trailers',
      Buffer.concat([head(post(length('5'))), data('abcd'), frame(1, 5, 1, literal([['a', 'b']]))]),
    ],
    ['a length and no DATA', whole(post(length('5')))],
    ['two lengths', head(post(length('5'), length('5')))],
    ['a list of lengths', head(post(length('5, 5')))],
    ['a length with a sign', head(post(length('+5')))],
    ['an empty length', head(post(length('')))],
    ['a length with leading zeros', head(post(length('05')))],
    ['2^64 and more', head(post(length('18446744073709551621')))],
  ])('H12 %s', async (_, input) => expectNothing(input, 'protocol_error'))

  test('H12 DATA where 0 was announced: with a length of 0 the message is whole, its connection goes', async () => {
    const client = new H2Client(proxy.port)
    client.send(Buffer.concat([head(post(length('0'))), data('a')]))
    expect((await client.answered(1)).reset).toBe('protocol_error')
    client.close()
    while (proxy.proxy.inFlight > 0) await turns(1)
    expect(proxy.rejected.at(-1)).toBe('h2_malformed')
  })

  test('H12 R18 DATA that was announced arrives, and 100 is said once it is wanted', async () => {
    recorder.take()
    const client = new H2Client(proxy.port)
    client.send(head(post(length('4'), ['expect', '100-continue'])))
    await client.until(() => client.stream(1).blocks.length > 0)
    expect(client.statusOf(1)).toBe('100')
    client.send(data('ab'), data('cd', 1))
    expect((await client.answered(1)).blocks.map(([status]) => status?.[1])).toEqual(['100', '200'])
    client.close()
    expect(recorder.take().messages.map(({ body }) => body)).toEqual(['abcd'])
  })
})

describe('hosts', () => {
  const host = (text: string) => ['host', text] as const

  test.each<[string, Fields]>([
    ['another than the authority', get('/', host('other.example'))],
    ['another port', get('/', host('api.example:8080'))],
    ['one that is none', get('/', host('a/b'))],
    ['twice', with_({ ':authority': undefined }, host('api.example'), host('api.example'))],
    ['twice beside an authority', get('/', host('api.example'), host('api.example'))],
  ])('H13 Host is %s', async (_, fields) => expectNothing(whole(fields), '400'))

  test.each<[string, Fields]>([
    ['Host alone', with_({ ':authority': undefined }, host('API.example.'))],
    ['both, in two spellings', with_({ ':authority': 'Api.Example:80' }, host('api.example.'))],
    ['an authority in capitals', with_({ ':authority': 'API.EXAMPLE' })],
    ['the scheme of a client whose TLS ends before us', with_({ ':scheme': 'https' })],
  ])('H13 %s: one canonical host', async (_, fields) => {
    recorder.take()
    const client = new H2Client(proxy.port).request(1, fields)
    expect((await client.answered(1)).body).toBe('GET /')
    client.close()
    expect(recorder.take().messages.map(printed)).toEqual(['GET / HTTP/1.1\nhost: api.example\n'])
  })
})

describe('trailers', () => {
  test('F22 of a request are dropped', async () => {
    recorder.take()
    const client = new H2Client(proxy.port)
    client.send(head(post()), data('ab'), frame(1, 5, 1, literal([['x-late', '1']])))
    expect((await client.answered(1)).body).toBe('POST /')
    client.close()
    expect(recorder.take().messages.map(printed)).toEqual([
      'POST / HTTP/1.1\nhost: api.example\ntransfer-encoding: chunked\nab',
    ])
  })

  test('F22 of more than limits.trailerBytes are none', async () => {
    const long = literal(Array.from({ length: 9 }, () => ['x-late', 'x'.repeat(1000)] as const))
    await expectNothing(
      Buffer.concat([head(post()), data('ab'), frame(1, 5, 1, long)]),
      'protocol_error',
    )
  })

  test.each<[string, Buffer]>([
    ['with a pseudo-header', frame(1, 5, 1, literal([[':path', '/admin']]))],
    ['that do not end the stream', frame(1, 4, 1, literal([['x-late', '1']]))],
    ['with an upper-case name', frame(1, 5, 1, literal([['X-Late', '1']]))],
    ['with a field of a connection', frame(1, 5, 1, literal([['transfer-encoding', 'chunked']]))],
  ])('F22 %s are malformed, and no message is complete', async (_, trailers) => {
    await expectNothing(Buffer.concat([head(post()), data('ab'), trailers]), 'protocol_error')
  })
})
