import { afterEach, describe, expect, test } from 'vitest'
import { accessLine } from '../../src/proxy/stages/access-line.ts'
import { turns } from '../harness/deliver.ts'
import { type FakeClock, fakeClock } from '../harness/fake-clock.ts'
import { frame, get, H2Client, literal, uint32 } from '../harness/h2-client.ts'
import { startProxy, type TestOptions } from '../harness/proxy.ts'
import { answering, ok, type Seen, startUpstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []
const opened = <T extends { close(): unknown }>(each: T): T => {
  open.push(each)
  return each
}
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

/** `/hold` gets no answer. */
const polite = (seen: Seen, part: string): void => {
  if (!part.includes('/hold')) answering(ok())(seen, part)
}

async function start(act = polite, options: Partial<TestOptions> = {}) {
  const clock = fakeClock()
  const upstream = opened(await startUpstream(act))
  const all = { ports: [upstream.port], clock, h2c: true, maxConnections: 2000, ...options }
  const proxy = opened(await startProxy(all))
  const client = opened(new H2Client(proxy.port))
  await client.ping()
  const gone = async (seen: Seen | undefined) => {
    while (seen?.socket.destroyed === false && !seen.socket.readableEnded) await turns(1)
  }
  return { clock, upstream, proxy, client, gone }
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  await turns(4)
  clock.advance(ms)
  await turns(4)
}

const post = (path = '/') => literal([[':method', 'POST'], ...get(path).slice(1)])

describe('streams', () => {
  test('H14 the 101st at once is refused, and the others go on', async () => {
    const { client, upstream } = await start()
    for (let id = 1; id <= 201; id += 2) client.request(id, get('/hold'))
    expect((await client.answered(201)).reset).toBe('refused_stream')
    while (upstream.connections.length < 100) await turns(1)
    upstream.connections[0]?.socket.write(ok('first'))
    await client.until(() => [...client.streams.values()].some(({ body }) => body === 'first'))
    client.request(203)
    expect((await client.answered(203)).body).toBe('hello')
    expect(client.over).toBe(false)
  })

  test.each<[string, Buffer, string]>([
    ['an even id', frame(1, 5, 2, literal(get())), 'protocol_error'],
    ['stream 0', frame(1, 5, 0, literal(get())), 'protocol_error'],
    ['DATA on a stream that was never opened', frame(0, 1, 5, 'x'), 'protocol_error'],
    ['a reset of one', frame(3, 0, 5, uint32(8)), 'protocol_error'],
    ['a window for one', frame(8, 0, 5, uint32(8)), 'protocol_error'],
    ['a push', frame(5, 4, 1, Buffer.concat([uint32(2), literal(get())])), 'protocol_error'],
    [
      'a HEADERS frame that depends on itself',
      frame(1, 0x25, 1, Buffer.concat([uint32(1), Buffer.from([0]), literal(get())])),
      'protocol_error',
    ],
    ['padding longer than the frame', frame(1, 0xd, 1, Buffer.from([200, 0x82])), 'protocol_error'],
    ['a PING of 7 bytes', frame(6, 0, 0, '1234567'), 'frame_size_error'],
    ['a frame of 16,385 bytes', frame(0, 0, 1, Buffer.alloc(16_385)), 'frame_size_error'],
  ])('H14 %s ends the connection', async (_, input, error) => {
    const { client, proxy } = await start()
    client.send(input)
    expect(await client.untilOver()).toBe(error)
    expect(proxy.rejected).toEqual([`h2_${error}`])
  })

  test('H14 an id that goes back, and one that was used', async () => {
    for (const [id, error] of [
      [3, 'protocol_error'],
      [5, 'stream_closed'],
    ] as const) {
      const { client } = await start()
      client.request(5)
      await client.answered(5)
      client.request(id)
      expect(await client.untilOver()).toBe(error)
    }
  })

  test('H14 the largest id there is', async () => {
    const { client } = await start()
    client.request(2 ** 31 - 1)
    expect((await client.answered(2 ** 31 - 1)).body).toBe('hello')
  })

  test('H8 bytes that are no HTTP/2 at all end the connection, and nothing else', async () => {
    const { proxy, client } = await start()
    for (const text of ['GET / HTTP/1.1\r\n\r\n', '\0'.repeat(100), '\xff'.repeat(100)]) {
      const other = opened(new H2Client(proxy.port)).send(Buffer.from(text, 'latin1'))
      expect(await other.untilOver()).not.toBe('no_error')
    }
    client.request(1)
    expect((await client.answered(1)).body).toBe('hello')
    expect(proxy.errors).toEqual([])
  })
})

describe('failures', () => {
  test('D1 an answer that breaks is reset, never ended', async () => {
    const { client, upstream, proxy } = await start(({ socket }, part) => {
      if (part.includes('/canary')) socket.write(ok())
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc')
    })
    client.request(1)
    await client.until(() => client.stream(1).body === 'abc')
    upstream.connections[0]?.socket.destroy()
    expect(await client.answered(1)).toMatchObject({ reset: 'internal_error', ended: false })
    client.request(3, get('/canary'))
    expect((await client.answered(3)).body).toBe('hello')
    expect(proxy.finished.map(({ failure }) => failure?.code)).toEqual([
      'upstream_reset',
      undefined,
    ])
  })

  test('D1 an answer without a length that breaks is reset, too', async () => {
    const { client, upstream } = await start(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n')
    })
    client.request(1)
    await client.until(() => client.stream(1).body === 'abc')
    upstream.connections[0]?.socket.end()
    expect(await client.answered(1)).toMatchObject({ reset: 'internal_error', ended: false })
  })

  test('what fails before a head is a problem document', async () => {
    const { client } = await start(({ socket }) => void socket.destroy())
    client.frame(1, 5, 1, post())
    const { blocks, body } = await client.answered(1)
    expect(blocks[0]).toContainEqual([':status', '502'])
    expect(JSON.parse(body)).toMatchObject({ code: 'upstream_reset', status: 502 })
  })
})

describe('bodies', () => {
  test('R16 408 when a body stops, and the backend sees no complete message', async () => {
    const timeouts = { requestMs: 0, backendRequestMs: 0, connectMs: 1000, idleMs: 0 }
    const { client, clock, upstream, gone } = await start(polite, { rule: { timeouts } })
    client.frame(1, 4, 1, post('/hold')).frame(0, 0, 1, 'abc')
    while (!upstream.text().includes('abc')) await turns(1)
    await pass(clock, 29_000)
    expect(client.stream(1).blocks).toEqual([])
    await pass(clock, 1200)
    const { blocks, body } = await client.answered(1)
    expect(blocks[0]).toContainEqual([':status', '408'])
    expect(JSON.parse(body)).toMatchObject({
      code: 'request_timeout',
      clock: 'bodyIdle',
      limitMs: 30_000,
    })
    await gone(upstream.connections[0])
    expect(upstream.text()).not.toContain('0\r\n\r\n')
    // The rest of it is not wanted.
    await pass(clock, 1100)
    await client.until(() => client.stream(1).reset !== undefined)
    expect(client.stream(1).reset).toBe('no_error')
    client.request(3)
    expect((await client.answered(3)).body).toBe('hello')
  })

  test('R16 what a backend does not take is not taken from the client', async () => {
    const { client } = await start(({ socket }) => void socket.pause())
    client.frame(1, 4, 1, post('/hold'))
    const part = Buffer.alloc(16_384, 'x')
    const given = () =>
      client.frames.reduce(
        (sum, { type, stream, payload }) =>
          type === 8 && stream === 1 ? sum + payload.readUInt32BE(0) : sum,
        65_536,
      )
    let sent = 0
    for (let still = 0; still < 50; ) {
      if (sent + part.length <= given()) {
        client.frame(0, 0, 1, part)
        sent += part.length
        still = 0
      } else still++
      await client.ping()
    }
    // What the kernel and one socket hold; not all there is.
    expect(sent).toBeLessThan(16_000_000)
    client.request(3, get('/hold'))
    await client.ping()
    expect(client.over).toBe(false)
  })

  test('DATA beyond the window is a fault of the stream', async () => {
    const { client } = await start(({ socket }) => void socket.pause())
    client.frame(1, 4, 1, post('/hold'))
    for (let i = 0; i < 700 && client.stream(1).reset === undefined; i++) {
      client.frame(0, 0, 1, Buffer.alloc(16_384))
      if (i % 8 === 0) await turns(2)
    }
    await client.until(() => client.stream(1).reset !== undefined)
    expect(client.over ? client.goAways.at(-1)?.error : client.stream(1).reset).toBe(
      'flow_control_error',
    )
  })

  test('R19 an answer before the body was read is passed on, and the rest is not wanted', async () => {
    const { client, clock } = await start(({ socket }) => void socket.write(ok('early')))
    client.frame(1, 4, 1, post('/hold')).frame(0, 0, 1, 'abc')
    const { body } = await client.answered(1)
    expect(body).toBe('early')
    // A client that has all but sent it may end it.
    await pass(clock, 900)
    expect(client.stream(1).reset).toBeUndefined()
    await pass(clock, 200)
    await client.until(() => client.stream(1).reset !== undefined)
    expect(client.stream(1).reset).toBe('no_error')
    client.frame(0, 1, 1, 'def')
    await client.ping()
    expect(client.over).toBe(false)
  })

  test('R19 of more than 64 KiB behind an answer the rest is refused at once', async () => {
    const { client } = await start(({ socket }) => void socket.write(ok('early')))
    client.frame(1, 4, 1, post('/hold')).frame(0, 0, 1, 'abc')
    await client.answered(1)
    await turns(2)
    for (let i = 0; i < 5; i++) client.frame(0, 0, 1, Buffer.alloc(16_000))
    await client.until(() => client.stream(1).reset !== undefined)
    expect(client.stream(1).reset).toBe('no_error')
    client.request(3, get('/hold'))
    expect((await client.answered(3)).body).toBe('early')
  })

  test('413 for a body that grows too large', async () => {
    const { client } = await start(polite, {
      rule: { limits: { requestBody: 10, concurrency: 0 } },
    })
    client.frame(1, 4, 1, post('/hold')).frame(0, 0, 1, 'x'.repeat(11))
    await client.answered(1)
    expect(client.statusOf(1)).toBe('413')
  })
})

describe('clocks of a connection', () => {
  test('R17 nothing behind the preface is ended at 10 s', async () => {
    const { clock, proxy } = await start()
    const silent = opened(new H2Client(proxy.port, Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')))
    await silent.until(() => silent.frames.length > 0)
    await pass(clock, 9900)
    expect(silent.over).toBe(false)
    await pass(clock, 200)
    expect(await silent.untilOver()).toBe('enhance_your_calm')
  })

  test.each<[string, Buffer]>([
    ['frame', frame(1, 5, 1, literal(get())).subarray(0, 20)],
    ['header block', frame(1, 1, 1, literal(get()))],
  ])('R15 a %s that is never complete is ended at 10 s, whatever comes', async (_, input) => {
    const { client, clock } = await start()
    client.send(input)
    for (let i = 0; i < 9; i++) {
      await pass(clock, 1000)
      client.send(input.length === 20 ? Buffer.from('x') : Buffer.alloc(0))
    }
    expect(client.over).toBe(false)
    await pass(clock, 1200)
    expect(await client.untilOver()).toBe('enhance_your_calm')
  })

  test('a connection without streams ends after 75 s, PINGs or not', async () => {
    const { client, clock } = await start()
    client.request(1)
    await client.answered(1)
    await pass(clock, 30)
    for (let i = 0; i < 7; i++) {
      await pass(clock, 10_000)
      await client.ping()
    }
    expect(client.over).toBe(false)
    await pass(clock, 6000)
    expect(await client.untilOver()).toBe('no_error')
  })

  test('R20 behind a FIN an answer has 1 s to move', async () => {
    const { client, clock, upstream, proxy, gone } = await start()
    client.request(1, get('/hold'))
    while (upstream.connections.length === 0) await turns(1)
    client.socket.end()
    await pass(clock, 500)
    expect(proxy.proxy.inFlight).toBe(1)
    await pass(clock, 600)
    await gone(upstream.connections[0])
    expect([proxy.proxy.inFlight, proxy.proxy.connections]).toEqual([0, 0])
  })

  test('R20 F14 a body that ends with a FIN is no complete message', async () => {
    const { client, upstream, proxy, gone } = await start()
    client.frame(1, 4, 1, post('/hold')).frame(0, 0, 1, 'abc')
    while (!upstream.text().includes('abc')) await turns(1)
    client.socket.end()
    await gone(upstream.connections[0])
    expect(upstream.text()).not.toContain('0\r\n\r\n')
    while (proxy.proxy.connections > 0) await turns(1)
  })

  test('R20 a client that is gone takes its requests with it', async () => {
    const { client, upstream, proxy, gone } = await start()
    for (const id of [1, 3, 5]) client.request(id, get('/hold'))
    while (upstream.connections.length < 3) await turns(1)
    client.socket.resetAndDestroy()
    for (const seen of upstream.connections) await gone(seen)
    expect(proxy.proxy.inFlight).toBe(0)
    expect(proxy.finished).toHaveLength(3)
  })
})

describe('the end', () => {
  test('GOAWAY twice: what is in flight, and what was on its way, is answered', async () => {
    const { client, clock, upstream, proxy } = await start()
    client.request(1, get('/hold'))
    while (upstream.connections.length === 0) await turns(1)
    const drained = proxy.proxy.drain(30_000)
    await client.until(() => client.goAways.length === 1)
    expect(client.goAways).toEqual([{ error: 'no_error', lastId: 2 ** 31 - 1 }])
    client.request(3, get('/hold'))
    while (upstream.connections.length < 2) await turns(1)
    await pass(clock, 1100)
    await client.until(() => client.goAways.length === 2)
    expect(client.goAways[1]).toEqual({ error: 'no_error', lastId: 3 })
    client.request(5)
    for (const { socket } of upstream.connections) socket.write(ok('late'))
    expect([(await client.answered(1)).body, (await client.answered(3)).body]).toEqual([
      'late',
      'late',
    ])
    await client.untilOver()
    client.close()
    expect(client.stream(5)).toMatchObject({ blocks: [], reset: undefined })
    await drained
    expect(proxy.rejected).toEqual([])
  })

  test('a long idle connection ends at once', async () => {
    const { client, clock, proxy } = await start()
    await pass(clock, 5000)
    const drained = proxy.proxy.drain(30_000)
    expect(await client.untilOver()).toBe('no_error')
    client.close()
    await drained
  })

  test('what is left is cut when the time is over', async () => {
    const { client, clock, proxy } = await start()
    client.request(1, get('/hold'))
    while (proxy.proxy.inFlight === 0) await turns(1)
    const drained = proxy.proxy.drain(5000)
    await pass(clock, 6000)
    await drained
    await client.untilOver()
    expect(proxy.proxy.inFlight).toBe(0)
  })

  test('while a gateway retires, the next request learns it', async () => {
    const { client, clock, proxy } = await start()
    const { snapshot } = proxy.proxy.runtime
    proxy.proxy.apply({
      ...snapshot,
      settings: { ...snapshot.settings, drain: { minMs: 20_000, timeoutMs: 1000 } },
    })
    const over = proxy.proxy.shutDown()
    await client.ping()
    expect(client.goAways).toEqual([])
    client.request(1)
    expect((await client.answered(1)).body).toBe('hello')
    expect(client.goAways).toEqual([{ error: 'no_error', lastId: 2 ** 31 - 1 }])
    await pass(clock, 1100)
    expect(await client.untilOver()).toBe('no_error')
    await pass(clock, 20_000)
    await over
  })
})

test('metrics and log tell the protocol', async () => {
  const { client, proxy } = await start()
  client.request(1, get('/hold'))
  while (proxy.proxy.inFlight === 0) await turns(1)
  const text = await proxy.proxy.runtime.metrics.metrics.exposition()
  expect(text).toContain('fairlead_connections{protocol="h2",state="active"} 1')
  client.request(3)
  await client.answered(3)
  while (proxy.finished.length === 0) await turns(1)
  const settings = { fields: {}, query: false, maxLineBytes: 16_384 }
  expect(JSON.parse(accessLine(proxy.finished[0]!, true, 0, 0, settings))).toMatchObject({
    'network.protocol.version': '2',
    'http.response.body.size': 5,
    complete: true,
  })
})

test('HEAD, 204 and 304 have no body, and keep the length that they tell', async () => {
  const statuses = ['200 OK', '204 No Content', '304 Not Modified']
  const { client } = await start(({ socket }, part) => {
    const status = statuses[Number(/\/(\d)/.exec(part)?.[1])]
    socket.write(
      `HTTP/1.1 ${status}\r\n${status === statuses[1] ? '' : 'content-length: 5\r\n'}etag: "a"\r\n\r\n`,
    )
  })
  client.frame(1, 5, 1, literal([[':method', 'HEAD'], ...get('/0').slice(1)]))
  client.request(3, get('/1')).request(5, get('/2'))
  for (const [id, length] of [
    [1, '5'],
    [3, undefined],
    [5, '5'],
  ] as const) {
    const { blocks, body } = await client.answered(id)
    expect([
      blocks.length,
      body,
      blocks[0]?.find(([name]) => name === 'content-length')?.[1],
    ]).toEqual([1, '', length])
  }
})

test('W6 early hints go before the answer', async () => {
  const { client } = await start(({ socket }) => {
    socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok()}`)
  })
  client.request(1)
  expect((await client.answered(1)).blocks.map(([status]) => status?.[1])).toEqual(['103', '200'])
})

test('a head of more than a frame is continued', async () => {
  const { client } = await start(({ socket }) => {
    const fields = [1, 2, 3].map((i) => `x-${i}: ${'a'.repeat(15_000)}\r\n`).join('')
    socket.write(`HTTP/1.1 200 OK\r\n${fields}content-length: 0\r\n\r\n`)
  })
  client.request(1)
  await client.until(() => client.frames.filter(({ type }) => type === 9).length === 2)
  const frames = client.frames.filter(({ stream }) => stream === 1)
  expect(frames.map(({ type, flags }) => [type, flags])).toEqual([
    [1, 0],
    [9, 0],
    [9, 4],
    [0, 1],
  ])
})
