import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { cutsOf, deliver, turns } from '../harness/deliver.ts'
import { type FakeClock, fakeClock } from '../harness/fake-clock.ts'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { answering, ok, startUpstream } from '../harness/upstream.ts'
import { canary, head, type Rig, type RigOptions, startRig } from './rig.ts'

const open: { close(): unknown }[] = []
const opened = <T extends { close(): unknown }>(each: T): T => {
  open.push(each)
  return each
}
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

/** A rig whose time stands still. */
async function start(options: RigOptions = {}): Promise<{ rig: Rig; clock: FakeClock }> {
  const clock = fakeClock()
  const rig = opened(await startRig({ clock, ...options }))
  return { rig, clock }
}

const connect = (rig: { proxy: TestProxy }): RawClient => opened(new RawClient(rig.proxy.port))

/** Time passes, and whoever wants to say something about it has said it. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  await turns(4)
  clock.advance(ms)
  await turns(4)
}

async function expectTimeout(client: RawClient, clock: string): Promise<void> {
  const { answers, rest } = answersOf(await client.untilOver())
  expect([answers.map(({ status }) => status), rest]).toEqual([[408], ''])
  expect(answers[0]?.fields).toContain('connection: close')
  expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({ code: 'request_timeout', clock })
}

const timeouts = async (rig: Rig): Promise<string> =>
  (await rig.proxy.proxy.runtime.metrics.metrics.exposition())
    .split('\n')
    .filter((line) => line.startsWith('fairlead_timeouts_total'))
    .join()

describe('heads that take their time', () => {
  test('R15 a byte every 9 s is 408 at 10 s in all', async () => {
    const { rig, clock } = await start()
    const client = connect(rig).send('G')
    await pass(clock, 9000)
    client.send('E')
    await pass(clock, 900)
    expect(client.text).toBe('')
    await pass(clock, 200)
    await expectTimeout(client, 'head')
    expect(await timeouts(rig)).toBe('fairlead_timeouts_total{clock="head"} 1')
  })

  test('R15 a byte every second does not move the end', async () => {
    const { rig, clock } = await start()
    const client = connect(rig)
    for (const byte of 'GET / HTTP') {
      client.send(byte)
      await pass(clock, 990)
      expect(client.text).toBe('')
    }
    await pass(clock, 200)
    await expectTimeout(client, 'head')
  })

  test.each(
    ['GET ', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nhost: a\r\n', '\r\n'].map((text) => [
      `R15 nothing behind ${JSON.stringify(text)}`,
      text,
    ]),
  )('%s', async (_, text) => {
    const { rig, clock } = await start()
    const clients = await deliver(rig.proxy.port, cutsOf(text))
    await pass(clock, 10_100)
    for (const client of clients) {
      await expectTimeout(client, 'head')
      client.leave()
    }
    expect(rig.recorder.take()).toEqual({ messages: [], rest: [] })
  })

  test('R15 a first byte that comes late gets what is left of the 10 s', async () => {
    const { rig, clock } = await start()
    const client = connect(rig)
    await pass(clock, 9000)
    client.send('G')
    await pass(clock, 1100)
    await expectTimeout(client, 'head')
  })

  test('R15 on a kept connection the 10 s begin with the first byte', async () => {
    const { rig, clock } = await start()
    const client = connect(rig)
    for (let i = 0; i < 3; i++) {
      client.text = ''
      await client.send(canary).until(/canary$/)
      await pass(clock, 60_000)
    }
    client.text = ''
    client.send('G')
    await pass(clock, 9900)
    expect([client.text, client.over]).toEqual(['', false])
    await pass(clock, 200)
    await expectTimeout(client, 'head')
  })

  test('R15 a head that comes in time is served', async () => {
    const { rig, clock } = await start()
    const client = connect(rig).send(canary.slice(0, -1))
    await pass(clock, 9900)
    client.send(canary.slice(-1))
    expect(answersOf(await client.until(/canary$/)).answers[0]?.status).toBe(200)
  })

  test('R15 a head behind another one has its own 10 s', async () => {
    const { rig, clock } = await start()
    const client = connect(rig)
    await client.send(`${canary}GET`).until(/canary$/)
    client.text = ''
    await pass(clock, 10_100)
    await expectTimeout(client, 'head')
  })
})

describe('bodies that take their time', () => {
  const free = { requestMs: 0, backendRequestMs: 0, connectMs: 0, idleMs: 0 }
  const post = head('POST / HTTP/1.1', 'host: a', 'content-length: 10')

  test('R16 a body that stops is 408', async () => {
    const { rig, clock } = await start({ rule: { timeouts: free } })
    const client = connect(rig).send(`${post}hello`)
    await pass(clock, 29_900)
    expect(client.text).toBe('')
    await pass(clock, 200)
    await expectTimeout(client, 'bodyIdle')
    const { messages, rest } = rig.recorder.take()
    expect([messages, rest.length]).toEqual([[], 1])
    while (rest[0]?.socket.destroyed === false) await turns(1)
    expect(await timeouts(rig)).toBe('fairlead_timeouts_total{clock="bodyIdle"} 1')
  })

  test('R16 a body that trickles is 408 at the clock of the request', async () => {
    const timeouts = { ...free, requestMs: 60_000 }
    const { rig, clock } = await start({ rule: { timeouts } })
    const client = connect(rig).send(post)
    for (let i = 0; i < 5; i++) {
      await pass(clock, 11_900)
      expect(client.text).toBe('')
      client.send('x')
    }
    await pass(clock, 600)
    await expectTimeout(client, 'request')
  })

  test('R16 a client whose body was read is not hurried', async () => {
    const { rig, clock } = await start({ rule: { timeouts: free }, maxConnections: 1 })
    const first = connect(rig).send(post)
    await turns(6)
    const second = connect(rig).send(`${post}helloworld`)
    for (let i = 0; i < 6; i++) {
      await pass(clock, 20_000)
      first.send('x')
    }
    await pass(clock, 100)
    expect(second.over).toBe(false)
    first.send('xxxx')
    expect(answersOf(await second.until(/POST \/$/)).answers[0]?.status).toBe(200)
  })

  test('R16 a client that does not read stalls its backend, and is closed', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x')
    let written = 0
    const upstream = opened(
      await startUpstream(({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n')
        const pour = () => {
          while (!socket.destroyed && socket.write(chunk)) written += chunk.length
        }
        socket.on('drain', pour)
        pour()
      }),
    )
    const clock = fakeClock()
    const options: TestOptions = { ports: [upstream.port], clock, rule: { timeouts: free } }
    const proxy = opened(await startProxy(options))
    const client = connect({ proxy })
    client.socket.pause()
    client.send(canary)
    const stalled = await untilSteady(() => written)
    // The kernel's buffers of two connections, however generous, and 32 KiB each way.
    expect(stalled).toBeLessThan(100_000_000)
    await pass(clock, 29_000)
    expect([proxy.proxy.connections, upstream.connections[0]?.socket.destroyed]).toEqual([1, false])
    await pass(clock, 1100)
    while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
    expect([proxy.proxy.connections, proxy.proxy.inFlight]).toEqual([0, 0])
    expect(await proxy.proxy.runtime.metrics.metrics.exposition()).toContain(
      'fairlead_timeouts_total{clock="writeStall"} 1',
    )
  })

  /** The value once many turns have not changed it. */
  async function untilSteady(value: () => number): Promise<number> {
    for (let same = 0, last = -1; ; last = value()) {
      await turns(10)
      same = value() === last ? same + 1 : 0
      if (same === 20) return last
    }
  }
})

describe('connections without requests', () => {
  test('R17 whoever says nothing is closed at 10 s, and others are served', async () => {
    const { rig, clock } = await start()
    const silent = Array.from({ length: 500 }, () => new RawClient(rig.proxy.port))
    await Promise.all(silent.map((client) => client.connected()))
    while (rig.proxy.proxy.connections < 500) await turns(1)
    await pass(clock, 9900)
    expect(silent.filter(({ over }) => over)).toEqual([])
    expect(
      await connect(rig)
        .send(canary)
        .until(/canary$/),
    ).toMatch(/^HTTP\/1\.1 200 /)
    await pass(clock, 200)
    for (const client of silent) {
      expect(await client.untilOver()).toBe('')
      client.leave()
    }
    while (rig.proxy.proxy.connections > 1) await turns(1)
  })

  test('R17 a kept connection is closed after 75 s', async () => {
    const { rig, clock } = await start()
    const client = connect(rig)
    await client.send(canary).until(/canary$/)
    await pass(clock, 74_900)
    expect(client.over).toBe(false)
    await pass(clock, 200)
    await client.untilOver()
    expect(client.reset).toBe(false)
  })

  test('R17 one address gets so many connections, another one is served', async () => {
    const { rig } = await start({ limits: { connectionsPerClient: 5 } })
    const first = await openAll(rig, 5)
    const sixth = connect(rig)
    expect(await sixth.send(canary).untilOver()).toBe('')
    const other = net.connect({
      port: rig.proxy.port,
      host: '127.0.0.1',
      localAddress: '127.0.0.2',
    })
    opened({ close: () => other.destroy() })
    other.write(canary)
    expect(String(await new Promise((resolve) => other.once('data', resolve)))).toMatch(/ 200 /)
    first[0]?.leave()
    while (rig.proxy.proxy.connections > 5) await turns(1)
    expect(
      await connect(rig)
        .send(canary)
        .until(/canary$/),
    ).toMatch(/ 200 /)
    expect(rig.proxy.rejected).toEqual(['connections_per_client'])
  })

  test('R17 all addresses together get so many', async () => {
    const { rig } = await start({ limits: { connections: 5 } })
    const first = await openAll(rig, 5)
    expect(await connect(rig).send(canary).untilOver()).toBe('')
    expect(await first[0]?.send(canary).until(/canary$/)).toMatch(/ 200 /)
    expect(rig.proxy.rejected).toEqual(['connections'])
  })

  async function openAll(rig: Rig, count: number): Promise<readonly RawClient[]> {
    const clients = Array.from({ length: count }, () => connect(rig))
    while (rig.proxy.proxy.connections < count) await turns(1)
    return clients
  }

  test('R17 a trusted proxy carries the connections of many clients', async () => {
    const upstream = opened(await startUpstream(answering(ok())))
    const limits = { connectionsPerClient: 1 }
    const proxy = opened(await startProxy({ ports: [upstream.port], limits }))
    const { snapshot } = proxy.proxy.runtime
    const settings = { ...snapshot.settings, trustedProxies: ['127.0.0.0/8'] }
    proxy.proxy.apply({ ...snapshot, settings })
    const clients = [1, 2, 3].map(() => connect({ proxy }))
    for (const client of clients) expect(await client.send(canary).until(/hello/)).toMatch(/ 200 /)
  })
})
