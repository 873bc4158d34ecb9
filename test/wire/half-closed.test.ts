import { afterEach, describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { cutsOf, deliver, turns } from '../harness/deliver.ts'
import { type FakeClock, fakeClock } from '../harness/fake-clock.ts'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { ok, type Seen, startUpstream, type Upstream } from '../harness/upstream.ts'
import { head } from './rig.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

interface Setup {
  readonly upstream: Upstream
  readonly proxy: TestProxy
  readonly clock: FakeClock
}

/** A gateway whose time stands still and a backend that is asked with `GET /name` and says nothing by itself. */
async function start(
  act: (seen: Seen, part: string) => void = () => {},
  options: Partial<TestOptions> = {},
): Promise<Setup> {
  const clock = fakeClock()
  const upstream = await startUpstream(act)
  const proxy = await startProxy({ ports: [upstream.port], clock, ...options })
  open.push(upstream, proxy)
  return { upstream, proxy, clock }
}

const connect = ({ proxy }: Setup): RawClient => {
  const client = new RawClient(proxy.port)
  open.push(client)
  return client
}

const get = (name = ''): string => head(`GET /${name} HTTP/1.1`, 'host: a')
const post = head('POST / HTTP/1.1', 'host: a', 'content-length: 5')
const bodiesOf = (text: string) => answersOf(text).answers.map(({ body }) => body)

/** The backend has this much. */
async function arrived({ upstream }: Setup, pattern: RegExp): Promise<void> {
  while (!pattern.test(upstream.text())) await turns(1)
}

/** Nothing is left of anybody. */
async function expectNothingLeft({ proxy, upstream }: Setup): Promise<void> {
  while (proxy.proxy.connections > 0 || proxy.proxy.inFlight > 0) await turns(1)
  for (const { socket } of upstream.connections) while (!socket.destroyed) await turns(1)
}

const echoing = ({ socket }: Seen, part: string): void => {
  for (const [, name] of part.matchAll(/GET \/(\w*) /g)) socket.write(ok(name))
}

describe('a client that has said all it has to say', () => {
  test('R20 is answered, in every delivery', async () => {
    const setup = await start(echoing)
    for (const client of await deliver(setup.proxy.port, cutsOf(get('one')))) {
      client.socket.end()
      expect(bodiesOf(await client.untilOver())).toEqual(['one'])
      expect(client.reset).toBe(false)
      client.leave()
    }
  })

  test('R20 is answered when the backend takes its time, up to the grace', async () => {
    const setup = await start()
    const client = connect(setup).send(get())
    client.socket.end()
    await arrived(setup, /GET/)
    await turns(4)
    setup.clock.advance(900)
    await turns(4)
    setup.upstream.connections[0]?.socket.write(ok('late'))
    expect(bodiesOf(await client.untilOver())).toEqual(['late'])
  })

  test('R20 counts as gone when nothing moves for the grace: the backend is cancelled', async () => {
    const setup = await start()
    const client = connect(setup).send(get())
    client.socket.end()
    await arrived(setup, /GET/)
    await turns(4)
    setup.clock.advance(900)
    await turns(4)
    expect(setup.proxy.proxy.inFlight).toBe(1)
    setup.clock.advance(200)
    expect(await client.untilOver()).toBe('')
    await expectNothingLeft(setup)
    expect(setup.proxy.finished[0]?.attempts?.[0]?.outcome).toBe('client_gone')
    expect(await setup.proxy.proxy.runtime.metrics.metrics.exposition()).toContain(
      'fairlead_timeouts_total{clock="halfCloseGrace"} 1',
    )
  })

  test('R20 is served as long as bytes move towards it', async () => {
    const setup = await start()
    const client = connect(setup).send(get())
    client.socket.end()
    await arrived(setup, /GET/)
    const socket = setup.upstream.connections[0]?.socket
    socket?.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n')
    for (const byte of 'hello') {
      await turns(4)
      setup.clock.advance(900)
      expect(setup.proxy.proxy.inFlight).toBe(1)
      socket?.write(byte)
      await client.until(new RegExp(`${byte}$`))
    }
    expect(bodiesOf(await client.untilOver())).toEqual(['hello'])
    while (setup.proxy.proxy.connections > 0) await turns(1)
  })

  test('R20 counts as gone in the middle of an answer, too', async () => {
    const setup = await start(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'),
    )
    const client = connect(setup).send(get())
    client.socket.end()
    await client.until(/hello/)
    await turns(4)
    setup.clock.advance(1100)
    await client.untilOver()
    await expectNothingLeft(setup)
  })

  test('R20 has its body forwarded even if it waits in the gateway for a connection', async () => {
    const setup = await start(
      ({ socket }, part) => {
        if (part.includes('hello')) socket.write(ok('done'))
      },
      { maxConnections: 1 },
    )
    connect(setup).send(get())
    await arrived(setup, /GET/)
    const client = connect(setup).send(`${post}hello`)
    client.socket.end()
    await turns(6)
    setup.upstream.connections[0]?.socket.write(ok('first'))
    expect(bodiesOf(await client.untilOver())).toEqual(['done'])
  })

  test('R20 leaves nothing when its body was cut short while it waited', async () => {
    const setup = await start(echoing, { maxConnections: 1 })
    const held = connect(setup).send(head('PUT / HTTP/1.1', 'host: a'))
    await arrived(setup, /PUT/)
    const client = connect(setup).send(`${post}hell`)
    client.socket.end()
    await turns(6)
    setup.upstream.connections[0]?.socket.write(ok('first'))
    await held.until(/first/)
    expect(await client.untilOver()).toBe('')
    held.leave()
    await expectNothingLeft(setup)
    expect(setup.upstream.text()).toMatch(/\r\n\r\n(hell)?$/)
  })

  test('R20 has all its requests answered in order', async () => {
    const setup = await start(echoing)
    const client = connect(setup).send(get('one') + get('two') + get('three'))
    client.socket.end()
    expect(bodiesOf(await client.untilOver())).toEqual(['one', 'two', 'three'])
    while (setup.proxy.proxy.connections > 0) await turns(1)
  })

  test('R20 has no answer to half a request behind them', async () => {
    const setup = await start(echoing)
    const client = connect(setup).send(`${get('one')}${get('two').slice(0, -2)}`)
    client.socket.end()
    const { answers, rest } = answersOf(await client.untilOver())
    expect([answers.map(({ body }) => body), rest]).toEqual([['one'], ''])
    while (setup.proxy.proxy.connections > 0) await turns(1)
  })

  test('R20 is heard behind more requests, as long as they fit', async () => {
    const setup = await start()
    const client = connect(setup).send(get() + get('two').repeat(1000))
    client.socket.end()
    await arrived(setup, /GET/)
    await turns(8)
    setup.clock.advance(1100)
    await client.untilOver()
    await expectNothingLeft(setup)
  })

  test.each(
    ['', 'GET / HT', 'GET / HTTP/1.1\r\nhost: a\r\n'].map((text) => [
      `R20 after ${JSON.stringify(text)}`,
      text,
    ]),
  )('%s is closed without a word', async (_, text) => {
    const setup = await start()
    const client = connect(setup).send(text)
    client.socket.end()
    expect(await client.untilOver()).toBe('')
    expect(client.reset).toBe(false)
    while (setup.proxy.proxy.connections > 0) await turns(1)
    expect(setup.upstream.connections).toEqual([])
  })
})

describe('a client that resets its connection', () => {
  test.each([
    ['R20 while the backend thinks', get(), () => {}],
    [
      'R20 in the middle of an answer',
      get(),
      ({ socket }: Seen) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'),
    ],
    ['R20 in the middle of its body', `${post}hel`, () => {}],
  ])('%s: the backend is cancelled at once', async (_, input, act) => {
    const setup = await start(act)
    const client = connect(setup).send(input)
    await arrived(setup, /\r\n\r\n/)
    client.leave()
    await expectNothingLeft(setup)
    expect(setup.proxy.finished).toHaveLength(1)
    expect(setup.upstream.text()).not.toMatch(/hello$/)
  })

  test.each(
    ['', 'GET / HT', get('one').slice(0, -1)].map((text) => [
      `R20 after ${JSON.stringify(text)}`,
      text,
    ]),
  )('%s: nothing is left', async (_, text) => {
    const setup = await start()
    const clients = Array.from({ length: 50 }, () => connect(setup).send(text))
    while (setup.proxy.proxy.connections < 50) await turns(1)
    for (const client of clients) client.leave()
    while (setup.proxy.proxy.connections > 0) await turns(1)
    expect(setup.upstream.connections).toEqual([])
  })

  test('R20 while its request waits for a connection to the backend', async () => {
    const setup = await start(echoing, { maxConnections: 1 })
    const held = connect(setup).send(head('PUT / HTTP/1.1', 'host: a'))
    await arrived(setup, /PUT/)
    const client = connect(setup).send(get('waiting'))
    while (setup.proxy.proxy.inFlight < 2) await turns(1)
    client.leave()
    while (setup.proxy.proxy.inFlight > 1) await turns(1)
    setup.upstream.connections[0]?.socket.write(ok('held'))
    await held.until(/held/)
    expect(bodiesOf(await connect(setup).send(get('next')).until(/next$/))).toEqual(['next'])
    expect(setup.upstream.text()).not.toContain('waiting')
  })
})
