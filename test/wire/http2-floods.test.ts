import { afterEach, describe, expect, test } from 'vitest'
import { turns } from '../harness/deliver.ts'
import { type FakeClock, fakeClock } from '../harness/fake-clock.ts'
import { frame, get, H2Client, literal, uint32 } from '../harness/h2-client.ts'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { answering, ok, type Seen, startUpstream, type Upstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []
const opened = <T extends { close(): unknown }>(each: T): T => {
  open.push(each)
  return each
}
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

interface Setup {
  readonly clock: FakeClock
  readonly upstream: Upstream
  readonly proxy: TestProxy
  readonly client: H2Client
}

/** A gateway whose time stands still: no budget is filled up again. */
async function start(
  act: (seen: Seen, part: string) => void = answering(ok()),
  options: Partial<TestOptions> = {},
): Promise<Setup> {
  const clock = fakeClock()
  const upstream = opened(await startUpstream(act))
  const all = { ports: [upstream.port], clock, h2c: true, maxConnections: 2000, ...options }
  const proxy = opened(await startProxy(all))
  const client = opened(new H2Client(proxy.port))
  await client.ping()
  return { clock, upstream, proxy, client }
}

/** The connection ended with that error; nothing of it is left, and another client is served. */
async function expectCut({ proxy, client }: Setup, error: string): Promise<void> {
  expect(await client.untilOver()).toBe(error)
  expect(proxy.rejected.at(-1)).toBe(`h2_${error}`)
  client.close()
  while (proxy.proxy.connections > 0) await turns(1)
  expect(proxy.proxy.inFlight).toBe(0)
  const other = opened(new H2Client(proxy.port)).request(1)
  expect((await other.answered(1)).body).toBe('hello')
}

/** Everything that is in one read. */
const many = (count: number, each: (i: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => each(i)))

const silent = (seen: Seen, part: string): void => {
  if (part.includes(' /canary')) return
  if (!part.includes('/hold')) answering(ok())(seen, part)
}

describe('resets', () => {
  const reset = (id: number) => frame(3, 0, id, uint32(8))

  test('H1 a thousand requests that are taken back at once end the connection; their work is cancelled', async () => {
    const setup = await start(silent)
    const { client, upstream } = setup
    client.send(
      many(10_000, (i) =>
        Buffer.concat([frame(1, 5, 2 * i + 1, literal(get('/hold'))), reset(2 * i + 1)]),
      ),
    )
    await expectCut(setup, 'enhance_your_calm')
    expect(client.goAways[0]?.lastId).toBeLessThan(2 * 1002)
    for (const { socket } of upstream.connections.slice(0, -1))
      while (!socket.destroyed && !socket.readableEnded) await turns(1)
  })

  test('H1 a request that is taken back is cancelled at the backend', async () => {
    const { client, upstream, proxy } = await start(silent)
    client.request(1, get('/hold'))
    while (upstream.connections.length === 0) await turns(1)
    client.send(reset(1))
    const [seen] = upstream.connections
    while (seen?.socket.destroyed === false && !seen.socket.readableEnded) await turns(1)
    await turns(2)
    expect(proxy.proxy.inFlight).toBe(0)
    expect(client.request(3)).toBe(client)
    expect((await client.answered(3)).body).toBe('hello')
  })

  test('H1 a few resets now and then do no harm', async () => {
    const { client, clock } = await start(silent)
    for (let round = 0; round < 4; round++) {
      const first = 2 * 400 * round + 1
      client.send(
        many(400, (i) =>
          Buffer.concat([frame(1, 5, first + 2 * i, literal(get('/hold'))), reset(first + 2 * i)]),
        ),
      )
      await client.ping()
      clock.advance(15_000)
    }
    client.request(9001)
    expect((await client.answered(9001)).body).toBe('hello')
  })

  test.each([
    ['a window of 0 more', (id: number) => frame(8, 0, id, uint32(0))],
    ['a window that overflows', (id: number) => frame(8, 0, id, uint32(0x7fffffff))],
    ['DATA behind the end', (id: number) => frame(0, 0, id, 'x')],
    ['HEADERS behind the end', (id: number) => frame(1, 4, id, literal([['a', 'b']]))],
  ])('H2 resets that we are made to send count alike: %s', async (_, provoke) => {
    const setup = await start(silent)
    const { client, upstream } = setup
    client.send(
      many(3000, (i) =>
        Buffer.concat([frame(1, 5, 2 * i + 1, literal(get('/hold'))), provoke(2 * i + 1)]),
      ),
    )
    await expectCut(setup, 'enhance_your_calm')
    expect(client.frames.filter(({ type }) => type === 3).length).toBeLessThanOrEqual(1000)
    for (const { socket } of upstream.connections.slice(0, -1))
      while (!socket.destroyed && !socket.readableEnded) await turns(1)
  })

  test('H2 malformed requests count alike', async () => {
    const setup = await start()
    setup.client.send(many(3000, (i) => frame(1, 5, 2 * i + 1, literal([[':method', 'GET']]))))
    await expectCut(setup, 'enhance_your_calm')
  })

  test('H14 H2 refused streams count alike', async () => {
    const setup = await start(silent)
    setup.client.send(many(3000, (i) => frame(1, 5, 2 * i + 1, literal(get('/hold')))))
    await expectCut(setup, 'enhance_your_calm')
  })
})

describe('header blocks', () => {
  const open1 = (block: Buffer, flags = 1) => frame(1, flags, 1, block)

  test('H3 more than 8 CONTINUATION frames', async () => {
    const setup = await start()
    setup.client.send(
      open1(literal(get())),
      many(9, (i) => frame(9, 0, 1, literal([[`x-${i}`, 'a']]))),
    )
    await expectCut(setup, 'enhance_your_calm')
  })

  test('H3 8 of them are a request', async () => {
    const { client } = await start()
    client.send(
      open1(literal(get())),
      many(8, (i) => frame(9, i === 7 ? 4 : 0, 1, literal([[`x-${i}`, 'a']]))),
    )
    expect((await client.answered(1)).body).toBe('hello')
  })

  test('H3 more bytes than all limits together, before anything is decoded', async () => {
    const setup = await start()
    setup.client.send(open1(Buffer.alloc(16_384, 0x82)), frame(9, 0, 1, Buffer.alloc(16_384, 0x82)))
    await expectCut(setup, 'enhance_your_calm')
  })

  test('H3 H6 CONTINUATION frames without content', async () => {
    const setup = await start()
    setup.client.send(open1(literal(get())), frame(9, 0, 1), frame(9, 0, 1))
    await expectCut(setup, 'enhance_your_calm')
  })

  test('H3 another frame between them', async () => {
    const setup = await start()
    setup.client.send(open1(literal(get())), frame(6, 0, 0, 'pingpong'))
    await expectCut(setup, 'protocol_error')
  })

  test.each([
    [
      'references to one entry',
      Buffer.concat([
        literal(get()),
        Buffer.from([0x40]),
        literal([['x-a', 'a'.repeat(20)]]).subarray(1),
        Buffer.alloc(16_000, 0xbe),
      ]),
    ],
    [
      'cookie crumbs',
      literal(get('/', ...Array.from({ length: 101 }, () => ['cookie', 'a=b'] as const))),
    ],
    [
      '101 fields',
      literal(get('/', ...Array.from({ length: 101 }, (_, i) => [`x-${i}`, 'a'] as const))),
    ],
    [
      'more bytes than the limit',
      literal(get('/', ['x-a', 'a'.repeat(16_000)], ['x-b', 'a'.repeat(300)])),
    ],
  ])('H4 a bomb of %s is 431, and the connection goes on', async (_, block) => {
    const { client, proxy, upstream } = await start()
    if (block.length <= 16_384) client.frame(1, 5, 1, block)
    else client.frame(1, 1, 1, block.subarray(0, 16_000)).frame(9, 4, 1, block.subarray(16_000))
    await client.answered(1)
    expect(client.statusOf(1)).toBe('431')
    expect(proxy.rejected).toEqual([expect.stringMatching(/^headers_too_(large|many)$/)])
    client.request(3)
    expect((await client.answered(3)).body).toBe('hello')
    expect(upstream.text().match(/^GET /gm)).toHaveLength(1)
  })

  test('H4 100 fields are a request', async () => {
    const { client } = await start()
    client.request(1, get('/', ...Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'a'] as const)))
    expect((await client.answered(1)).body).toBe('hello')
  })

  test.each([
    ['index 0', '80'],
    ['an index that nothing stands at', 'ff00'],
    ['a table of more than we allow', '3fe21f'],
    ['bad padding', '0001618118'],
    ['half a field', '0005'],
  ])('H5 %s', async (_, block) => {
    const setup = await start()
    setup.client.frame(1, 5, 1, Buffer.from(block, 'hex'))
    await expectCut(setup, 'compression_error')
  })

  test('H8 H10 names without content are malformed, however many', async () => {
    const { client } = await start()
    client.request(1, get('/', ...Array.from({ length: 90 }, () => ['', ''] as const)))
    expect((await client.answered(1)).reset).toBe('protocol_error')
  })
})

describe('frames that bring nothing', () => {
  test.each([
    ['SETTINGS', () => frame(4, 0, 0)],
    ['acknowledgements', () => frame(4, 1, 0)],
    ['PING', () => frame(6, 0, 0, 'pingpong')],
    ['answers to no PING', () => frame(6, 1, 0, 'pingpong')],
    ['GOAWAY', () => frame(7, 0, 0, Buffer.alloc(8))],
    ['frames of no known type', () => frame(77, 0, 0, 'x')],
    ['WINDOW_UPDATE', () => frame(8, 0, 0, uint32(1))],
  ])('H6 a thousand and some %s', async (_, each) => {
    const setup = await start()
    setup.client.send(many(1100, each))
    await expectCut(setup, 'enhance_your_calm')
  })

  test('H6 more than a hundred PRIORITY', async () => {
    const setup = await start()
    setup.client.send(many(110, (i) => frame(2, 0, 2 * i + 1, Buffer.alloc(5))))
    await expectCut(setup, 'enhance_your_calm')
  })

  test('H6 more than 32 settings', async () => {
    const setup = await start()
    setup.client.frame(
      4,
      0,
      0,
      many(33, () => Buffer.from([0, 4, 0, 0, 0, 1])),
    )
    await expectCut(setup, 'enhance_your_calm')
  })

  test.each([
    ['empty', frame(0, 0, 1)],
    ['nothing but padding', frame(0, 8, 1, Buffer.from([3, 0, 0, 0]))],
  ])('H6 DATA that is %s, twice', async (_, data) => {
    const setup = await start(silent)
    setup.client.frame(1, 4, 1, literal([...get('/hold').slice(1), [':method', 'POST']]))
    setup.client.send(data, data)
    await expectCut(setup, 'enhance_your_calm')
  })

  test('H6 R16 from a client that does not read nothing more is read', async () => {
    const body = 'x'.repeat(8000)
    const { client, proxy } = await start(answering(ok(body)))
    client
      .frame(4, 0, 0, Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]))
      .frame(8, 0, 0, uint32(0x70000000))
    await client.ping()
    client.socket.pause()
    const requests = 8000
    for (let i = 0; i < requests; i += 50) {
      client.send(many(50, (k) => frame(1, 5, 2 * (i + k) + 1, literal(get()))))
      await turns(3)
    }
    for (let still = 0, before = -1; still < 50; before = proxy.finished.length) {
      await turns(1)
      still = proxy.finished.length === before ? still + 1 : 0
    }
    expect([proxy.rejected, proxy.proxy.connections]).toEqual([[], 1])
    expect(proxy.finished.length).toBeLessThan(requests / 2)
  })
})

describe('windows', () => {
  const body = 'x'.repeat(100_000)
  const large = answering(ok(body))

  test('H7 an overflow of the connection', async () => {
    const setup = await start()
    setup.client.frame(8, 0, 0, uint32(0x7fffffff))
    await expectCut(setup, 'flow_control_error')
  })

  test('H7 0 more for the connection', async () => {
    const setup = await start()
    setup.client.frame(8, 0, 0, uint32(0))
    await expectCut(setup, 'protocol_error')
  })

  test('H7 an overflow by a setting', async () => {
    const setup = await start(silent)
    setup.client.request(1, get('/hold')).frame(8, 0, 1, uint32(0x7fff0000))
    setup.client.frame(4, 0, 0, Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]))
    await expectCut(setup, 'flow_control_error')
  })

  const noWindow = Buffer.from([0, 4, 0, 0, 0, 0])

  test('H4 H7 a window of 0 for ever: the streams are reset after 30 s, and the backends are free', async () => {
    const { client, clock, proxy, upstream } = await start(large)
    client.frame(4, 0, 0, noWindow)
    for (let id = 1; id < 200; id += 2) client.request(id)
    await client.until(
      () => [...client.streams.values()].filter(({ blocks }) => blocks.length > 0).length === 100,
    )
    clock.advance(29_000)
    await client.ping()
    expect(proxy.proxy.inFlight).toBe(100)
    clock.advance(1200)
    for (let id = 1; id < 200; id += 2)
      expect((await client.answered(id)).reset).toBe('enhance_your_calm')
    expect(proxy.proxy.inFlight).toBe(0)
    expect(await timeouts(proxy)).toContain('fairlead_timeouts_total{clock="writeStall"}')
    for (const { socket } of upstream.connections)
      while (!socket.destroyed && !socket.readableEnded) await turns(1)
    // The connection itself can still be used.
    client.frame(4, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0])).request(201)
    await client.until(() => client.stream(201).body.length === 65_535)
    expect(client.stream(201).body).toHaveLength(65_535)
  })

  test('R16 H7 a window that opens by drops does not keep a stream', async () => {
    const { client, clock, proxy } = await start(large)
    client.frame(4, 0, 0, noWindow).request(1).request(3)
    await client.until(
      () => client.stream(1).blocks.length > 0 && client.stream(3).blocks.length > 0,
    )
    for (let second = 0; second < 32; second++) {
      client.frame(8, 0, 1, uint32(1)).frame(8, 0, 3, uint32(1000))
      await client.ping()
      clock.advance(1000)
    }
    expect((await client.answered(1)).reset).toBe('enhance_your_calm')
    expect(client.stream(3).reset).toBe(undefined)
    expect(proxy.proxy.inFlight).toBe(1)
  })

  test('H7 no window for the connection: it ends, and nothing of it is left', async () => {
    const setup = await start((seen, part) =>
      answering(part.includes('/large') ? ok(body) : ok())(seen, part),
    )
    const { client, clock, proxy } = setup
    client.request(1, get('/large'))
    await client.until(() => client.stream(1).body.length === 65_535)
    clock.advance(31_000)
    await expectCut(setup, 'enhance_your_calm')
    expect(await timeouts(proxy)).toContain('writeStall')
  })

  test('H7 a client that does not read at all is cut', async () => {
    const { client, clock, proxy } = await start((seen, part) =>
      answering(ok('x'.repeat(20_000_000)))(seen, part),
    )
    client
      .frame(4, 0, 0, Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]))
      .frame(8, 0, 0, uint32(0x70000000))
    await client.ping()
    client.socket.pause()
    client.request(1)
    while (proxy.proxy.inFlight === 0) await turns(1)
    await turns(200)
    clock.advance(31_000)
    while (proxy.proxy.connections > 0) await turns(1)
    expect(proxy.proxy.inFlight).toBe(0)
  })

  test('H6 H7 a long answer earns the windows and PINGs that its client needs for it', async () => {
    const size = 40_000_000
    const { client } = await start(answering(ok('x'.repeat(size))))
    client.request(1)
    let [seen, got] = [0, 0]
    while (got < size && !client.over) {
      await client.until(() => client.frames.length > seen)
      for (const { type, payload } of client.frames.slice(seen)) {
        seen++
        if (type !== 0 || payload.length === 0) continue
        got += payload.length
        client.frame(8, 0, 0, uint32(payload.length)).frame(8, 0, 1, uint32(payload.length))
        client.frame(6, 0, 0, 'pingpong')
      }
    }
    expect([got, client.goAways]).toEqual([size, []])
  })

  test('H7 a window that opens a little at a time lets a little out at a time', async () => {
    const { client } = await start(large)
    client
      .frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 10]))
      .frame(8, 0, 0, uint32(1_000_000))
      .request(1)
    await client.until(() => client.stream(1).body.length === 10)
    for (let sum = 10; sum < body.length; sum += 9_999) {
      expect(client.stream(1).body).toHaveLength(sum)
      client.frame(8, 0, 1, uint32(9_999))
      await client.until(() => client.stream(1).body.length >= Math.min(sum + 9_999, body.length))
    }
    expect((await client.answered(1)).body).toBe(body)
  })
})

const timeouts = async ({ proxy }: TestProxy): Promise<string> =>
  (await proxy.runtime.metrics.metrics.exposition())
    .split('\n')
    .filter((line) => line.startsWith('fairlead_timeouts_total'))
    .join()
