import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { turns } from '../harness/deliver.ts'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { ok, type Seen, startUpstream, type Upstream } from '../harness/upstream.ts'
import {
  handshake,
  type Lines,
  switching,
  switchingBackend,
  webSockets,
} from '../harness/web-socket.ts'
import { canary, startRig } from './rig.ts'

interface Pair {
  readonly proxy: TestProxy
  readonly upstream: Upstream
  readonly client: RawClient
  close(): Promise<void>
}

/** A gateway whose rule takes WebSockets, a backend, and a client that has sent something. */
async function pairOf(
  act: (seen: Seen, part: string) => void,
  input = handshake(),
  options: Partial<TestOptions> = {},
): Promise<Pair> {
  const upstream = await startUpstream(act)
  const proxy = await startProxy({ rule: webSockets(), ...options, ports: [upstream.port] })
  const client = new RawClient(proxy.port).send(input)
  return {
    proxy,
    upstream,
    client,
    close: async () => {
      client.leave()
      await proxy.close()
      await upstream.close()
      expect(proxy.errors).toEqual([])
    },
  }
}

const opened = /^HTTP\/1\.1 101 .*\r\n\r\n/s

/** Waits until what a backend got matches. */
async function arrives(upstream: Upstream, pattern: RegExp): Promise<void> {
  while (!pattern.test(upstream.text())) await turns(1)
}

describe('the handshake', () => {
  test('reaches the backend as the one kind of handshake there is, and its 101 the client', async () => {
    const fields: Lines = {
      connection: 'keep-alive, upgrade, x-hop',
      'x-hop': 'gone',
      upgrade: 'WebSocket',
      'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
      'sec-websocket-protocol': 'chat, superchat',
    }
    const answer = switching({ 'sec-websocket-protocol': 'chat', 'x-own': '1', server: 'theirs' })
    const { upstream, client, close } = await pairOf(switchingBackend(answer), handshake(fields))
    const text = await client.until(opened)
    const [status, ...lines] = text.split('\r\n')
    expect(status).toBe('HTTP/1.1 101 Switching Protocols')
    expect(lines.map((line) => line.replace(/^(x-request-id: ).+/, '$1'))).toEqual([
      'sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      'sec-websocket-protocol: chat',
      'x-own: 1',
      'server: theirs',
      'upgrade: websocket',
      'x-request-id: ',
      'connection: Upgrade',
      '',
      '',
    ])
    const sent = upstream.text().split('\r\n')
    expect(sent[0]).toBe('GET /chat HTTP/1.1')
    for (const line of [
      'connection: Upgrade',
      'upgrade: websocket',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version: 13',
      'sec-websocket-extensions: permessage-deflate; client_max_window_bits',
      'sec-websocket-protocol: chat, superchat',
    ])
      expect(sent.filter((each) => each === line)).toEqual([line])
    expect(upstream.text()).not.toMatch(/x-hop|x-request-deadline|content-length|transfer-/i)
    await close()
  })

  test('U1 h2c is passed over where WebSockets are taken, too', async () => {
    const rig = await startRig({ rule: webSockets() })
    const input = `${['GET / HTTP/1.1', 'host: a', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'].join('\r\n')}\r\n\r\n`
    await rig.forwards(input, 'GET / HTTP/1.1\nhost: a\n')
    await rig.close()
  })

  test.each<[name: string, input: string, status: number]>([
    ['U2 by POST', `${handshake({ 'content-length': '5' }, 'POST / HTTP/1.1')}hello`, 400],
    [
      'U2 by POST in chunks',
      `${handshake({ 'transfer-encoding': 'chunked' }, 'POST / HTTP/1.1')}0\r\n\r\n`,
      400,
    ],
    ['U2 by GET with a body', `${handshake({ 'content-length': '5' })}hello`, 400],
    ['U2 in HTTP/1.0', handshake({}, 'GET / HTTP/1.0'), 400],
    ['U2 without a key', handshake({ 'sec-websocket-key': '' }), 400],
    ['U2 with a short key', handshake({ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25j' }), 400],
    [
      'U2 with a key of 17 bytes',
      handshake({ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZTE=' }),
      400,
    ],
    [
      'U2 with a key of another alphabet',
      handshake({ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZ_==' }),
      400,
    ],
    ['U2 with two keys', handshake({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }), 400],
    ['U2 with version 8', handshake({ 'sec-websocket-version': '8' }), 426],
    ['U2 with versions', handshake({ 'sec-websocket-version': '13, 8' }), 426],
    ['U2 with two versions', handshake({ 'Sec-WebSocket-Version': '13' }), 426],
    ['U2 without a version', handshake({ 'sec-websocket-version': '' }), 426],
    ['U2 without Connection', handshake({ connection: '' }), 426],
    ['U2 with another name in Connection', handshake({ connection: 'keep-alive' }), 426],
    ['U2 beside h2c', handshake({ upgrade: 'h2c, websocket' }), 426],
    ['U2 beside h2c in another field', handshake({ Upgrade: 'h2c' }), 426],
    ['U2 with a version of the protocol', handshake({ upgrade: 'websocket/13' }), 426],
  ])('%s is refused', async (_, input, status) => {
    const rig = await startRig({ rule: webSockets() })
    const { fields } = await rig.refusal(input, status)
    const version = fields.filter((field) => field.startsWith('sec-websocket-version'))
    const isVersion = /version: (?!13\r)/.test(input.toLowerCase()) || !/version/i.test(input)
    if (isVersion && status === 426) expect(version).toEqual(['sec-websocket-version: 13'])
    await rig.close()
  })

  test('U3 what comes with the handshake reaches nobody', async () => {
    const { proxy, upstream, client, close } = await pairOf(
      switchingBackend(),
      `${handshake()}\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58`,
    )
    const { answers, rest } = answersOf(await client.untilOver())
    expect([answers.map(({ status }) => status), rest]).toEqual([[400], ''])
    expect(answers[0]?.fields).toContain('connection: close')
    expect(upstream.connections).toEqual([])
    expect(proxy.finished[0]?.failureDetail?.reason).toBe('websocket_early')
    await close()
  })

  test('U3 what comes before the 101 makes it a refusal, and the backend is let go', async () => {
    let backend: Seen | undefined
    const { upstream, client, close } = await pairOf((seen) => (backend = seen))
    await arrives(upstream, /\r\n\r\n/)
    client.send('GET /admin HTTP/1.1\r\nhost: a\r\n\r\n')
    await turns(4)
    backend?.socket.write(switching(), 'latin1')
    const { answers, rest } = answersOf(await client.untilOver())
    expect([answers.map(({ status }) => status), rest]).toEqual([[400], ''])
    while (backend?.socket.destroyed === false) await turns(1)
    expect(upstream.text()).not.toContain('/admin')
    await close()
  })

  test.each<[name: string, answer: string]>([
    ['another protocol', switching({ upgrade: 'h2c' })],
    ['no protocol', switching({ upgrade: '' })],
    ['no Connection', switching({ connection: '' })],
    ['two protocols', switching({ upgrade: 'websocket, h2c' })],
    ['no Accept', switching({ 'sec-websocket-accept': '' })],
    [
      'the Accept of another key',
      switching({ 'sec-websocket-accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }),
    ],
    ['two Accepts', switching({ 'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' })],
    ['HTTP/1.0', switching().replace('HTTP/1.1', 'HTTP/1.0')],
    ['an announced body', switching({ 'content-length': '5' })],
  ])('U3 a 101 with %s is 502, and the backend is let go', async (_, answer) => {
    const { upstream, client, close } = await pairOf(switchingBackend(answer))
    const { answers, rest } = answersOf(await client.untilOver())
    expect([answers.map(({ status }) => status), rest]).toEqual([[502], ''])
    while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
    expect(upstream.connections).toHaveLength(1)
    await close()
  })

  test.each([200, 426, 401, 503])('U3 a backend that says %d makes no tunnel', async (status) => {
    const answer = ok('own').replace('200', String(status))
    let backend: Seen | undefined
    const { proxy, upstream, client, close } = await pairOf((seen) => (backend = seen))
    await arrives(upstream, /\r\n\r\n/)
    client.send(canary)
    backend?.socket.write(answer, 'latin1')
    const { answers, rest } = answersOf(await client.untilOver())
    expect([answers.map((each) => [each.status, each.body]), rest]).toEqual([[[status, 'own']], ''])
    expect(answers[0]?.fields).toContain('connection: close')
    while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
    expect(upstream.text()).not.toContain('canary')
    expect(proxy.finished).toHaveLength(1)
    await close()
  })

  test.each([
    ['of another page', 'https://evil.example', 403],
    ['of no page', 'null', 403],
    ['that looks like the host', 'https://a.evil.example', 403],
    ['of the host itself', 'https://a', 101],
    ['that may read answers', 'https://shop.example', 101],
    ['of a program', '', 101],
  ])('W2 an origin %s', async (_, origin, status) => {
    const cors = {
      allowOrigins: ['https://shop.example'],
      allowMethods: ['GET'],
      allowHeaders: [],
      exposeHeaders: [],
      allowCredentials: true,
      maxAgeSeconds: 5,
    }
    const rule = { ...webSockets(), cors }
    const { client, upstream, close } = await pairOf(switchingBackend(), handshake({ origin }), {
      rule,
    })
    const text = await client.until(/\r\n\r\n/)
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(upstream.connections).toHaveLength(status === 101 ? 1 : 0)
    await close()
  })

  test('a backend that takes no connections is passed over, as for any request', async () => {
    const gone = await startUpstream(() => {})
    await gone.close()
    const upstream = await startUpstream(switchingBackend())
    const proxy = await startProxy({ rule: webSockets(), ports: [gone.port, upstream.port] })
    for (let i = 0; i < 4; i++) {
      const client = new RawClient(proxy.port).send(handshake())
      expect(await client.until(opened)).toMatch(opened)
      client.leave()
    }
    await proxy.close()
    await upstream.close()
  })

  test('a backend that goes away over a handshake is not asked twice: it may have opened something', async () => {
    const { upstream, client, close } = await pairOf(({ socket }) => socket.resetAndDestroy())
    const { answers } = answersOf(await client.untilOver())
    expect(answers.map(({ status }) => status)).toEqual([502])
    expect(upstream.connections).toHaveLength(1)
    await close()
  })
})

describe('the tunnel', () => {
  test.each([
    ['W1 frames', '\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58'],
    ['W1 fragments', '\x01\x01a\x00\x01b\x80\x01c'],
    ['W1 a length of 2^63', '\x82\xff\x80\0\0\0\0\0\0\0abcd'],
    ['W1 reserved bits and opcodes', '\xff\xfe\0\0\0'],
    [
      'W1 what looks like a request',
      'GET /admin HTTP/1.1\r\nhost: a\r\ntransfer-encoding: x\r\n\r\n',
    ],
    ['W1 every byte', Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')],
  ])('%s: both ways as it is, in any pieces', async (_, bytes) => {
    const echo = switchingBackend(switching(), ({ socket }, part) => socket.write(part, 'latin1'))
    const { client, upstream, close } = await pairOf(echo)
    const head = await client.until(opened)
    client.send(bytes)
    while (client.text.length < head.length + bytes.length) await turns(1)
    for (const byte of bytes) {
      client.send(byte)
      await turns(1)
    }
    while (client.text.length < head.length + 2 * bytes.length) await turns(1)
    expect(client.text.slice(head.length)).toBe(bytes + bytes)
    expect(upstream.text().split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe(bytes + bytes)
    await close()
  })

  test('W1 frames that come with the 101 follow it', async () => {
    const { client, close } = await pairOf(switchingBackend(`${switching()}\x81\x02hi`))
    expect(await client.until(/hi$/)).toMatch(/\r\n\r\n..hi$/s)
    await close()
  })

  test('W1 what the client ends, the backend may still answer', async () => {
    const { proxy, client, upstream, close } = await pairOf(switchingBackend())
    await client.until(opened)
    const [backend] = upstream.connections
    backend?.socket.removeAllListeners('end')
    const ended = once(backend!.socket, 'end')
    client.send('last')
    client.socket.end()
    await ended
    expect(upstream.text()).toMatch(/last$/)
    backend?.socket.write('late')
    expect(await client.until(/late$/)).toMatch(/late$/)
    expect(client.ended).toBe(false)
    backend?.socket.end()
    await client.untilOver()
    expect([client.ended, client.reset]).toEqual([true, false])
    while (proxy.finished.length === 0) await turns(1)
    expect(proxy.finished[0]).toMatchObject({
      status: 101,
      failure: undefined,
      failureDetail: { reason: 'client_closed' },
    })
    await close()
  })

  test('W1 what the backend ends, the client may still answer', async () => {
    const { proxy, client, upstream, close } = await pairOf(switchingBackend())
    await client.until(opened)
    const [backend] = upstream.connections
    backend?.socket.end('bye')
    expect(await client.untilOver()).toMatch(/bye$/)
    client.send('late')
    await arrives(upstream, /late$/)
    expect(proxy.finished).toEqual([])
    client.socket.end()
    while (proxy.finished.length === 0) await turns(1)
    expect(proxy.finished[0]?.failureDetail).toEqual({ reason: 'backend_closed' })
    expect(proxy.finished[0]?.request.body.received).toBe(4)
    expect(proxy.finished[0]?.reply.bodyBytes).toBe(3)
    await close()
  })

  test('a client that resets takes the backend with it', async () => {
    const { proxy, client, upstream, close } = await pairOf(switchingBackend())
    await client.until(opened)
    const closed = once(upstream.connections[0]!.socket, 'close')
    client.leave()
    await expect(closed).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(proxy.finished[0]?.failureDetail).toEqual({ reason: 'client_gone' })
    await close()
  })

  test('a backend that resets takes the client with it', async () => {
    const { proxy, client, upstream, close } = await pairOf(switchingBackend())
    await client.until(opened)
    upstream.connections[0]?.socket.resetAndDestroy()
    await client.untilOver()
    expect(client.reset).toBe(true)
    expect(proxy.finished[0]?.failure?.code).toBe('upstream_reset')
    await close()
  })

  test('it is no request in flight, nor does the request clock or a bound on bodies end it', async () => {
    const rule = {
      ...webSockets(),
      timeouts: { requestMs: 100, backendRequestMs: 100, connectMs: 100, idleMs: 0 },
      limits: { requestBody: 5, concurrency: 0 },
    }
    const limits = { requestsInFlight: 1 }
    const { proxy, client, upstream, close } = await pairOf(switchingBackend(), handshake(), {
      rule,
      limits,
    })
    await client.until(opened)
    expect(proxy.proxy.inFlight).toBe(0)
    const other = new RawClient(proxy.port).send(handshake())
    await other.until(opened)
    await new Promise((resolve) => proxy.proxy.runtime.wheel.after(300, () => resolve(undefined)))
    client.send('more than five')
    while (upstream.connections[0]?.text.endsWith('more than five') === false) await turns(1)
    const text = await proxy.proxy.runtime.metrics.metrics.exposition()
    expect(text).toContain('fairlead_connections{protocol="websocket",state="active"} 2\n')
    other.leave()
    await close()
  })

  test('an answer that is not read holds the backend up, and nothing is lost', async () => {
    const total = 64 * 1024 * 1024
    const { client, upstream, close } = await pairOf(switchingBackend())
    await client.until(opened)
    client.socket.pause()
    const backend = upstream.connections[0]!.socket
    const chunk = Buffer.alloc(64 * 1024, 'x')
    for (let sent = 0; sent < total; sent += chunk.length) backend.write(chunk)
    while (backend.bytesWritten < 1024 * 1024) await turns(1)
    await turns(200)
    // Kernel buffers take some of it; the rest waits at the backend.
    expect(backend.writableLength).toBeGreaterThan(0)
    backend.end()
    client.socket.resume()
    await client.untilOver()
    expect(client.text.split('\r\n\r\n')[1]).toHaveLength(total)
    await close()
  }, 20_000)
})
