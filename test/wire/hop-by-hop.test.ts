import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { turns } from '../harness/deliver.ts'
import { startProxy } from '../harness/proxy.ts'
import { ok, startUpstream } from '../harness/upstream.ts'
import { canary, head, type Rig, startRig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.close())

const get = (...fields: readonly string[]): string => head('GET / HTTP/1.1', 'host: a', ...fields)
const plain = 'GET / HTTP/1.1\nhost: a\n'
const settings = 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'
const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', settings]
const webSocket = (own: Readonly<Record<string, string>> = {}): readonly string[] =>
  Object.entries({
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
    ...own,
  }).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]))

describe('wishes for another protocol', () => {
  test.each([
    ['U1 h2c', h2c],
    ['U1 h2c without its settings', ['Connection: Upgrade', 'Upgrade: h2c']],
    ['U1 h2c without Connection', ['Upgrade: h2c', settings]],
    ['U1 h2c in a list', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: foo, h2c', settings]],
    ['U1 h2c in a second field', [...h2c, 'Upgrade: foo']],
    ['U1 h2c in capitals', ['CONNECTION: UPGRADE', 'UPGRADE: H2C', settings]],
    ['U1 h2', ['Connection: Upgrade', 'Upgrade: h2']],
    ['U1 TLS', ['Connection: Upgrade', 'Upgrade: TLS/1.2']],
  ])('%s is passed over, and its fields go', (_, fields) => rig.forwards(get(...fields), plain))

  test('U1 h2c with a body', () =>
    rig.forwards(
      `${head('POST / HTTP/1.1', 'host: a', ...h2c, 'content-length: 5')}hello`,
      'POST / HTTP/1.1\nhost: a\ncontent-length: 5\nhello',
    ))

  test('U1 what such a client says next is no HTTP/1.1', async () => {
    const client = new RawClient(rig.proxy.port)
    client.send(`${get(...h2c)}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0`)
    const { answers, rest } = answersOf(await client.untilOver())
    expect([answers.map(({ status }) => status), rest]).toEqual([[200, 505], ''])
    client.leave()
    expect(rig.recorder.take().messages).toHaveLength(1)
  })

  test.each([
    ['U2 where no rule allows it', webSocket()],
    ['U2 in capitals', webSocket({ upgrade: 'WebSocket', connection: 'keep-alive, UPGRADE' })],
    ['U2 without a key', webSocket({ 'sec-websocket-key': '' })],
    ['U2 with a bad key', webSocket({ 'sec-websocket-key': 'x' })],
    ['U2 with a bad version', webSocket({ 'sec-websocket-version': '12' })],
    ['U2 without a version', webSocket({ 'sec-websocket-version': '' })],
    ['U2 without Connection', webSocket({ connection: '' })],
    ['U2 beside h2c', webSocket({ upgrade: 'h2c, websocket' })],
    ['U2 with a version of the protocol', webSocket({ upgrade: 'websocket/13' })],
  ])('%s a WebSocket is 426', (_, fields) => rig.refuses(get(...fields), 426))

  test.each([
    [
      'U2 by POST',
      `${head('POST / HTTP/1.1', 'host: a', ...webSocket(), 'content-length: 5')}hello`,
    ],
    [
      'U2 by POST in chunks',
      `${head('POST / HTTP/1.1', 'host: a', ...webSocket(), 'transfer-encoding: chunked')}0\r\n\r\n`,
    ],
    ['U2 in HTTP/1.0', head('GET / HTTP/1.0', 'host: a', ...webSocket())],
    [
      'U3 with a frame behind it',
      `${get(...webSocket())}\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58`,
    ],
    ['U3 with a request behind it', get(...webSocket()) + get()],
  ])('%s a WebSocket is 426', (_, input) => rig.refuses(input, 426))

  test.each([
    [
      'U3 a backend that switches all the same',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
      502,
    ],
    [
      'U3 a backend that says 426',
      'HTTP/1.1 426 Upgrade Required\r\nupgrade: h2c\r\ncontent-length: 0\r\n\r\n',
      426,
    ],
    ['U3 a backend that says 200', ok(), 200],
  ])('%s makes no tunnel', async (_, answer, status) => {
    const upstream = await startUpstream(({ socket }, part) =>
      socket.write(part.includes('/canary') ? ok('own') : answer, 'latin1'),
    )
    const proxy = await startProxy({ ports: [upstream.port] })
    const client = new RawClient(proxy.port)
    client.send(get(...h2c) + canary)
    const { answers, rest } = answersOf(await client.until(/own$/))
    expect([answers.map((each) => each.status), rest]).toEqual([[status, 200], ''])
    expect(answers[0]?.fields.join()).not.toMatch(/upgrade:/)
    expect(upstream.text()).not.toMatch(/upgrade|h2c/i)
    if (status === 502) {
      expect(upstream.connections).toHaveLength(2)
      while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
    }
    client.leave()
    await proxy.close()
    await upstream.close()
  })
})

describe('what Connection names', () => {
  test.each(
    [
      ...['Host', 'Content-Length', 'Transfer-Encoding', 'Authorization', 'Cookie'],
      ...['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Real-IP', 'Forwarded'],
      ...['Via', 'X-Request-Id', 'Traceparent', 'Expect', 'Content-Type', 'Content-Encoding'],
      ...['Range', 'Origin', 'If-Match', 'Set-Cookie'],
    ].map((name) => [`U4 ${name}`, name]),
  )('%s is 400', async (_, name) => {
    const body = 'content-length: 5\r\n\r\nhello'
    await rig.refuses(`POST / HTTP/1.1\r\nhost: a\r\nconnection: ${name}\r\n${body}`, 400)
    const line = `connection: close, x ,${name.toUpperCase()}`
    await rig.refuses(`POST / HTTP/1.1\r\n${line}\r\nhost: a\r\n${body}`, 400)
  })

  test.each(
    ['"close"', 'clo se', 'close\xa0', '\xa0close', 'close;q=1', 'x/y', 'x:', '\xe9'].map(
      (value) => [`U4 ${JSON.stringify(value)}`, value],
    ),
  )('%s is no list of names', (_, value) => rig.refuses(get(`connection: ${value}`), 400))

  test.each([
    ['U4 one name', ['Connection: X-Hop', 'X-Hop: 1', 'X-Hop: 2', 'x-stays: 3']],
    ['U4 a name before and behind', ['x-hop: 1', 'Connection: x-hop', 'X-HOP: 2', 'x-stays: 3']],
    ['U4 several names', ['connection: a, x-hop ,b,,', 'b: 1', 'x-hop: 2', 'a: 3', 'x-stays: 3']],
    [
      'U4 several fields',
      ['connection: keep-alive', 'connection: x-hop', 'x-hop: 2', 'x-stays: 3'],
    ],
    ['U4 a name that is not there', ['connection: x-hop, keep-alive', 'x-stays: 3']],
  ])('%s: what it names ends here', (_, fields) =>
    rig.forwards(get(...fields), `GET / HTTP/1.1\nhost: a\nx-stays: 3\n`),
  )

  test('U4 what ends at every hop ends here', () =>
    rig.forwards(
      get(
        'keep-alive: timeout=5',
        'proxy-connection: keep-alive',
        'te: trailers',
        'trailer: x',
        'proxy-authorization: Basic eA==',
        'upgrade: x',
      ),
      plain,
    ))

  test('U4 the gateway’s own fields cannot be named away', () =>
    rig.forwards(
      get('connection: x-request-deadline-ms, x-amzn-trace, baggage', 'x-request-deadline-ms: 1'),
      plain,
    ))
})
