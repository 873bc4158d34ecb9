import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { settingIds } from '../../src/proxy/http2/frame.ts'
import { healthPath } from '../../src/proxy/stages/host-health.ts'
import { turns } from '../harness/deliver.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { type Fields, get, H2Client, literal, uint32 } from '../harness/h2-client.ts'
import { startProxy, type TestOptions } from '../harness/proxy.ts'
import { answering, ok, type Seen, startUpstream } from '../harness/upstream.ts'
import { openBackend, switching, switchingBackend, webSockets } from '../harness/web-socket.ts'

const open: { close(): unknown }[] = []
const opened = <T extends { close(): unknown }>(each: T): T => {
  open.push(each)
  return each
}
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

const asking = (...more: Fields): Fields => [
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  [':scheme', 'http'],
  [':path', '/chat?room=1'],
  [':authority', 'api.example'],
  ['sec-websocket-version', '13'],
  ...more,
]

const timeouts = { requestMs: 3000, backendRequestMs: 3000, connectMs: 1000, idleMs: 60_000 }
const echo = openBackend(({ socket }, part) => socket.write(part, 'latin1'))

async function start(act: (seen: Seen, part: string) => void, own: Partial<TestOptions> = {}) {
  const upstream = opened(await startUpstream(act))
  const options = { rule: webSockets(), h2c: true, ...own, ports: [upstream.port] }
  const proxy = opened(await startProxy(options))
  const client = opened(new H2Client(proxy.port))
  const ask = (id = 1, fields = asking(), flags = 4) => client.frame(1, flags, id, literal(fields))
  const finished = async () => {
    while (proxy.finished.length === 0) await turns(1)
    return proxy.finished[0]
  }
  return { upstream, proxy, client, ask, finished }
}

const headOf = (client: H2Client, id = 1) => client.until(() => client.stream(id).blocks.length > 0)
const says = (client: H2Client, text: string, id = 1) =>
  client.until(() => client.stream(id).body.endsWith(text))

describe('extended CONNECT', () => {
  test('is announced, and reaches the backend as a handshake with a key of our own', async () => {
    const own = { 'sec-websocket-protocol': 'chat', 'x-own': '1' }
    const { client, ask, upstream } = await start(openBackend(() => {}, own))
    ask(1, asking(['sec-websocket-protocol', 'chat'], ['sec-websocket-key', 'theirs']))
    await headOf(client)
    const settings = client.frames.find(({ type }) => type === 4)?.payload ?? Buffer.alloc(0)
    const announced = Buffer.concat([Buffer.from([0, settingIds.enableConnectProtocol]), uint32(1)])
    expect(settings.includes(announced)).toBe(true)
    expect(client.stream(1).blocks[0]?.filter(([name]) => name !== 'x-request-id')).toEqual([
      [':status', '200'],
      ['sec-websocket-protocol', 'chat'],
      ['x-own', '1'],
    ])
    const sent = upstream.text().split('\r\n')
    expect(sent[0]).toBe('GET /chat?room=1 HTTP/1.1')
    for (const line of ['host: api.example', 'connection: Upgrade', 'upgrade: websocket'])
      expect(sent.filter((each) => each === line)).toEqual([line])
    expect(sent.filter((line) => line.startsWith('sec-websocket-'))).toEqual([
      'sec-websocket-version: 13',
      'sec-websocket-protocol: chat',
      expect.stringMatching(/^sec-websocket-key: [A-Za-z0-9+/]{21}[AQgw]==$/),
    ])
    expect(upstream.text()).not.toMatch(/content-length|transfer-|protocol: websocket/i)
  })

  test.each<[name: string, fields: Fields, status: string]>([
    ['with version 8', asking().map(([n, v]) => [n, v === '13' ? '8' : v] as const), '426'],
    ['without a version', asking().slice(0, -1), '426'],
    ['of another page', asking(['origin', 'https://evil.example']), '403'],
  ])('U2 %s is refused', async (_, fields, status) => {
    const cors = {
      allowOrigins: ['https://shop.example'],
      allowMethods: ['GET'],
      allowHeaders: [],
      exposeHeaders: [],
      allowCredentials: true,
      maxAgeSeconds: 5,
    }
    const { client, ask, upstream } = await start(echo, { rule: { ...webSockets(), cors } })
    ask(1, fields)
    await client.answered(1)
    expect(client.statusOf(1)).toBe(status)
    expect(upstream.connections).toEqual([])
  })

  test('U2 where the rule takes none it is 426, and the streams beside it go on', async () => {
    const { client, ask, upstream } = await start(answering(ok()), { rule: {} })
    ask()
    await client.answered(1)
    expect(client.statusOf(1)).toBe('426')
    expect(upstream.connections).toEqual([])
    client.request(3)
    expect((await client.answered(3)).body).toBe('hello')
  })

  test('U3 what comes before the answer makes it a refusal, and the backend is let go', async () => {
    let backend: Seen | undefined
    const { client, ask, upstream } = await start((seen) => (backend = seen))
    ask()
    while (backend === undefined || !backend.text.includes('\r\n\r\n')) await turns(1)
    client.frame(0, 0, 1, 'GET /admin HTTP/1.1\r\n\r\n')
    await client.ping()
    openBackend()(backend, '')
    await client.answered(1)
    expect(client.statusOf(1)).toBe('400')
    while (!backend.socket.destroyed) await turns(1)
    expect(upstream.text()).not.toContain('/admin')
  })

  test.each([
    ['a 200, which would open a tunnel for the client', ok('own'), '502'],
    ['a 204', 'HTTP/1.1 204 No Content\r\n\r\n', '502'],
    ['a 101 for another key', switching(), '502'],
    ['a 101 to another protocol', switching({ upgrade: 'h2c' }), '502'],
    ['a 403', ok('own').replace('200', '403'), '403'],
  ])('U3 a backend that says %s makes none', async (_, answer, status) => {
    const { client, ask, upstream } = await start(switchingBackend(answer))
    ask()
    const { body } = await client.answered(1)
    expect(client.statusOf(1)).toBe(status)
    if (status === '403') expect(body).toBe('own')
    while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
    client.frame(0, 1, 1, 'canary')
    await client.ping()
    expect(upstream.text()).not.toContain('canary')
  })

  test('what answers 200 by itself opens none', async () => {
    const { client, ask, upstream, proxy } = await start(echo)
    const { snapshot } = proxy.proxy.runtime
    const settings = { ...snapshot.settings, healthEndpoint: true }
    proxy.proxy.apply({ ...snapshot, digest: 'b', settings })
    const fields = asking().map(([name, value]) =>
      name === ':path' ? ([name, healthPath] as const) : ([name, value] as const),
    )
    ask(1, fields)
    expect(await client.answered(1)).toMatchObject({ blocks: [], reset: 'internal_error' })
    expect(upstream.connections).toEqual([])
  })
})

describe('the tunnel of a stream', () => {
  test('W1 carries bytes both ways as they are, beside requests and other tunnels', async () => {
    const { client, ask, proxy } = await start((seen, part) => {
      if (seen.text.startsWith('GET /chat')) echo(seen, part)
      else answering(ok())(seen, part)
    })
    ask(1)
    ask(3)
    await headOf(client, 1)
    await headOf(client, 3)
    const bytes = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
    client.frame(0, 0, 1, bytes).frame(0, 0, 3, '\x82\xff\x80\0\0\0\0\0\0\0abcd')
    await says(client, bytes, 1)
    await says(client, 'abcd', 3)
    client.request(5, get())
    expect((await client.answered(5)).body).toBe('hello')
    client.frame(0, 0, 1, 'again')
    await says(client, 'again', 1)
    expect(client.stream(1).body).toBe(`${bytes}again`)
    expect([proxy.proxy.inFlight, client.over]).toEqual([0, false])
  })

  test('W1 what the client ends, the backend may still answer', async () => {
    const { client, ask, upstream, finished } = await start(openBackend())
    ask()
    await headOf(client)
    const { socket } = upstream.connections[0]!
    socket.removeAllListeners('end')
    const ended = once(socket, 'end')
    client.frame(0, 1, 1, 'last')
    await ended
    expect(upstream.text()).toMatch(/last$/)
    socket.write('late')
    await says(client, 'late')
    expect(client.stream(1).ended).toBe(false)
    socket.end()
    expect(await client.answered(1)).toMatchObject({ ended: true, reset: undefined })
    expect(await finished()).toMatchObject({
      status: 101,
      failure: undefined,
      failureDetail: { reason: 'client_closed' },
    })
  })

  test('W1 what the backend ends, the client may still answer', async () => {
    const { client, ask, upstream, finished, proxy } = await start(openBackend())
    ask()
    await headOf(client)
    upstream.connections[0]?.socket.end('bye')
    expect(await client.answered(1)).toMatchObject({ body: 'bye', ended: true, reset: undefined })
    client.frame(0, 0, 1, 'late')
    while (!upstream.text().endsWith('late')) await turns(1)
    expect(proxy.finished).toEqual([])
    client.frame(0, 1, 1)
    const { failureDetail, request, reply } = (await finished())!
    expect(failureDetail).toEqual({ reason: 'backend_closed' })
    expect([request.body.received, reply.bodyBytes]).toEqual([4, 3])
    await client.ping()
    expect(client.stream(1).reset).toBe(undefined)
  })

  test.each([
    ['a reset', (client: H2Client) => client.frame(3, 0, 1, uint32(8))],
    ['the end of its connection', (client: H2Client) => client.close()],
  ])('the client goes by %s, and takes the backend with it', async (_, leave) => {
    for (const hasEnded of [false, true]) {
      const { client, ask, upstream, finished } = await start(openBackend())
      ask()
      await headOf(client)
      const { socket } = upstream.connections[0]!
      if (hasEnded) {
        socket.end('bye')
        await client.answered(1)
      }
      let error = ''
      socket.on('error', ({ code }: NodeJS.ErrnoException) => (error = code ?? ''))
      leave(client)
      while (!socket.destroyed) await turns(1)
      if (!hasEnded) expect(error).toBe('ECONNRESET')
      const reason = hasEnded ? 'backend_closed' : 'client_gone'
      expect((await finished())?.failureDetail).toEqual({ reason })
    }
  })

  test('a backend that resets is a reset of the stream, not of those beside it', async () => {
    const { client, ask, upstream, finished } = await start(echo)
    ask(1)
    ask(3)
    await headOf(client, 1)
    await headOf(client, 3)
    client.frame(0, 0, 1, 'first')
    await says(client, 'first', 1)
    const first = upstream.connections.find(({ text }) => text.endsWith('first'))
    first?.socket.resetAndDestroy()
    expect((await client.answered(1)).reset).toBe('cancel')
    expect((await finished())?.failure?.code).toBe('upstream_reset')
    client.frame(0, 0, 3, 'still here')
    await says(client, 'still here', 3)
  })

  test('trailers are not for tunnels', async () => {
    const { client, ask, upstream } = await start(openBackend())
    ask()
    await headOf(client)
    client.frame(1, 5, 1, literal([['a', 'b']]))
    expect((await client.answered(1)).reset).toBe('protocol_error')
    while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
  })

  test('each direction waits for who does not take it, and nothing is lost', async () => {
    const { client, ask, upstream, proxy } = await start(openBackend())
    ask()
    await headOf(client)
    const { socket } = upstream.connections[0]!
    const total = 4 * 1024 * 1024
    const chunk = Buffer.alloc(64 * 1024, 'x')
    for (let sent = 0; sent < total; sent += chunk.length) socket.write(chunk)
    await client.until(() => client.stream(1).body.length === 65_535)
    await turns(50)
    expect(client.stream(1).body).toHaveLength(65_535)
    expect(proxy.finished).toEqual([])
    socket.end()
    client.frame(8, 0, 0, uint32(total)).frame(8, 0, 1, uint32(total))
    await client.answered(1)
    expect(client.stream(1).body).toHaveLength(total)
    // The other way: the window of the stream opens only as the backend takes what came.
    socket.pause()
    for (let sent = 0; sent < 4; sent++) client.frame(0, 0, 1, 'y'.repeat(16_384))
    await client.ping()
    const granted = () =>
      client.frames
        .filter(({ type, stream }) => type === 8 && stream === 1)
        .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 65_536)
    let sent = 65_536
    while (granted() - sent >= 16_384 && sent < 32 * 1024 * 1024) {
      client.frame(0, 0, 1, 'y'.repeat(16_384))
      sent += 16_384
      await client.ping()
    }
    expect(sent).toBeLessThan(32 * 1024 * 1024)
    socket.resume()
    client.frame(0, 1, 1)
    const got = () => upstream.text().length - upstream.text().indexOf('\r\n\r\n') - 4
    while (got() < sent) await turns(1)
    expect(got()).toBe(sent)
  }, 20_000)

  test('W1 idle: a clean end for both, and the stream is given up a second later', async () => {
    const clock = fakeClock()
    const { client, ask, upstream, finished, proxy } = await start(echo, {
      clock,
      rule: { ...webSockets(), timeouts, limits: { requestBody: 5, concurrency: 0 } },
    })
    ask()
    await headOf(client)
    for (let i = 0; i < 3; i++) {
      clock.advance(59_000)
      client.frame(0, 0, 1, `still here ${i}`)
      await says(client, `still here ${i}`)
    }
    expect(proxy.finished).toEqual([])
    clock.advance(60_100)
    expect(await client.answered(1)).toMatchObject({ ended: true, reset: undefined })
    expect((await finished())?.failureDetail).toMatchObject({ reason: 'idle', clock: 'idle' })
    while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
    clock.advance(1100)
    await client.until(() => client.stream(1).reset !== undefined)
    expect([client.stream(1).reset, client.over]).toEqual(['no_error', false])
  })

  test('W3 a drain leaves it until the last part of its time, and ends it cleanly', async () => {
    const clock = fakeClock()
    const { client, ask, proxy, finished } = await start(echo, {
      clock,
      rule: { ...webSockets(), timeouts: { ...timeouts, idleMs: 0 } },
    })
    ask()
    await headOf(client)
    const drained = proxy.proxy.drain(30_000)
    await client.ping()
    clock.advance(2000)
    await client.until(() => client.goAways.length > 1)
    clock.advance(2000)
    client.frame(0, 0, 1, 'still here')
    await says(client, 'still here')
    for (let step = 0; step < 27 && !client.stream(1).ended; step++) {
      expect(client.over).toBe(false)
      clock.advance(1000)
      await turns(20)
    }
    expect(client.stream(1)).toMatchObject({ ended: true, reset: undefined })
    expect((await finished())?.failureDetail).toEqual({ reason: 'drain' })
    client.frame(0, 1, 1)
    await client.untilOver()
    client.close()
    await drained
  })
})

test('the client of Node and a server that knows nothing of HTTP/2 talk', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  opened({ close: () => server.close() })
  server.on('connection', (socket) => {
    opened({ close: () => socket.terminate() })
    socket.on('message', (data) => socket.send(`heard ${data}`))
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const proxy = opened(await startProxy({ rule: webSockets(), h2c: true, ports: [port] }))
  const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
  opened({ close: () => session.destroy() })
  await once(session, 'remoteSettings')
  expect(session.remoteSettings.enableConnectProtocol).toBe(true)
  const stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/chat',
      'sec-websocket-version': '13',
    },
    { endStream: false },
  )
  const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  expect(head[':status']).toBe(200)
  let text = ''
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  // Masked, as RFC 6455 wants it of clients; the mask is zero.
  const masked = (opcode: number, content: string) =>
    Buffer.concat([
      Buffer.from([0x80 | opcode, 0x80 | content.length, 0, 0, 0, 0]),
      Buffer.from(content, 'latin1'),
    ])
  stream.write(masked(1, 'hello'))
  while (!text.includes('heard hello')) await once(stream, 'data')
  expect(text).toBe('\x81\x0bheard hello')
  stream.write(masked(8, '\x0f\xa0done'))
  await once(stream, 'end')
  expect(text).toBe('\x81\x0bheard hello\x88\x06\x0f\xa0done')
  stream.end()
  while (proxy.finished.length === 0) await turns(1)
  expect(proxy.finished[0]?.status).toBe(101)
  expect(proxy.errors).toEqual([])
})
