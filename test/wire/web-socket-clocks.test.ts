import { afterEach, describe, expect, test } from 'vitest'
import type { Rule, Snapshot } from '../../src/model/snapshot.ts'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { turns } from '../harness/deliver.ts'
import { type FakeClock, fakeClock } from '../harness/fake-clock.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { startUpstream, type Upstream } from '../harness/upstream.ts'
import { handshake, switching, switchingBackend, webSockets } from '../harness/web-socket.ts'
import { bearer, compile, customers } from './compiled.ts'

const opened = /^HTTP\/1\.1 101 .*\r\n\r\n/s
const minute = 60_000
const hour = 60 * minute

/** A gateway whose time stands still, and a backend that says back what it hears. */
class Still {
  readonly clock: FakeClock = fakeClock()
  readonly proxy: TestProxy
  readonly upstream: Upstream

  constructor(proxy: TestProxy, upstream: Upstream, clock: FakeClock) {
    this.proxy = proxy
    this.upstream = upstream
    this.clock = clock
  }

  async open(own: Readonly<Record<string, string>> = {}): Promise<RawClient> {
    const client = new RawClient(this.proxy.port).send(handshake(own))
    expect(await client.until(opened)).toMatch(opened)
    return client
  }

  /** How the first that is over ended. */
  async ending(): Promise<unknown> {
    while (this.proxy.finished.length === 0) await turns(1)
    const [exchange] = this.proxy.finished
    expect([exchange?.status, exchange?.failure]).toEqual([101, undefined])
    return exchange?.failureDetail
  }
}

let still: Still | undefined
afterEach(async () => {
  await still?.proxy.close()
  await still?.upstream.close()
  still = undefined
})

async function startStill(
  rule: Partial<Rule>,
  snapshotOf?: (port: number) => Snapshot,
): Promise<Still> {
  const clock = fakeClock()
  const echo = switchingBackend(switching(), ({ socket }, part) => socket.write(part, 'latin1'))
  const upstream = await startUpstream(echo)
  const timeouts = { requestMs: 30_000, backendRequestMs: 30_000, connectMs: 1000, idleMs: minute }
  const proxy = await startProxy({ ports: [upstream.port], rule: { timeouts, ...rule }, clock })
  if (snapshotOf !== undefined) proxy.proxy.apply(snapshotOf(upstream.port))
  still = new Still(proxy, upstream, clock)
  return still
}

const says = async (client: RawClient, text: string): Promise<void> => {
  client.send(text)
  await client.until(new RegExp(`${text}$`))
}

const never = { requestMs: 30_000, backendRequestMs: 30_000, connectMs: 1000, idleMs: 0 }

describe('the clocks of a WebSocket', () => {
  test('W1 idle: both sides get FIN when neither has said anything for so long', async () => {
    const { clock, ...rest } = await startStill(webSockets())
    const client = await still!.open()
    for (let i = 0; i < 3; i++) {
      clock.advance(minute - 1000)
      await says(client, `still here ${i}`)
    }
    clock.advance(minute + 100)
    await client.untilOver()
    expect([client.ended, client.reset]).toEqual([true, false])
    while (rest.upstream.connections[0]?.socket.destroyed === false) await turns(1)
    expect(await still!.ending()).toEqual({
      reason: 'idle',
      clock: 'idle',
      limitMs: minute,
      spentMs: minute,
    })
    const text = await rest.proxy.proxy.runtime.metrics.metrics.exposition()
    expect(text).toContain('fairlead_timeouts_total{clock="idle"} 1\n')
  })

  test('W1 the backend alone keeps it open, too', async () => {
    const { clock, upstream } = await startStill(webSockets())
    const client = await still!.open()
    for (let i = 0; i < 3; i++) {
      clock.advance(minute - 1000)
      upstream.connections[0]?.socket.write(`ping ${i}`)
      await client.until(new RegExp(`ping ${i}$`))
    }
    expect(client.over).toBe(false)
    client.leave()
  })

  test('W1 maxLifetime: it ends, busy or not, up to a tenth earlier by chance', async () => {
    const { clock } = await startStill({
      ...webSockets({ maxLifetimeMs: 2 * hour }),
      timeouts: never,
    })
    const client = await still!.open()
    for (let i = 0; i < 9; i++) {
      clock.advance(12 * minute - 10)
      await says(client, `still here ${i}`)
    }
    expect(client.over).toBe(false)
    for (let i = 0; i < 26 && !client.over; i++) {
      clock.advance(minute / 2)
      await turns(4)
    }
    await client.untilOver()
    const { limitMs, spentMs, ...why } = (await still!.ending()) as Record<string, number>
    expect(why).toEqual({ reason: 'max_lifetime', clock: 'maxLifetime' })
    expect(limitMs).toBeGreaterThanOrEqual(1.8 * hour)
    expect(limitMs).toBeLessThanOrEqual(2 * hour)
    expect(spentMs).toBeGreaterThanOrEqual(limitMs as number)
  })

  test('those that came together do not go together', async () => {
    const { clock, proxy } = await startStill({
      ...webSockets({ maxLifetimeMs: hour }),
      timeouts: never,
    })
    const clients = await Promise.all(Array.from({ length: 20 }, () => still!.open()))
    const left: number[] = []
    clock.advance(0.9 * hour - minute / 2)
    for (const client of clients) await says(client, 'still here')
    for (let step = 0; step <= 13; step++) {
      left.push(20 - proxy.finished.length)
      clock.advance(minute / 2)
      await turns(20)
    }
    expect([left[0], left.at(-1)]).toEqual([20, 0])
    expect(new Set(left).size).toBeGreaterThan(6)
  })

  const tokenRule = (upgrade: Readonly<Record<string, unknown>>) => (port: number) =>
    compile([{ name: 'all', authorize: customers, upgrade, timeouts: { idle: '0s' } }], port)
      .snapshot

  const tokenFor = (seconds: number): Readonly<Record<string, string>> => {
    const [name = '', value = ''] = bearer('ann', still!.clock.wallMs() / 1000 + seconds).split(
      ': ',
    )
    return { [name]: value }
  }

  test('W2 it ends with the token that opened it', async () => {
    const { clock } = await startStill({}, tokenRule({ webSocket: true }))
    const client = await still!.open(tokenFor(600))
    clock.advance(599_000)
    await says(client, 'still here')
    clock.advance(1100)
    await client.untilOver()
    expect([client.ended, client.reset]).toEqual([true, false])
    expect(await still!.ending()).toMatchObject({
      reason: 'token_expired',
      clock: 'token',
      limitMs: 600_000,
    })
  })

  test('W2 it outlives its token where the rule says so', async () => {
    const { clock } = await startStill(
      {},
      tokenRule({ webSocket: true, expiresWithToken: false, maxLifetime: '0s' }),
    )
    const client = await still!.open(tokenFor(600))
    clock.advance(3 * hour)
    await says(client, 'still here')
    client.leave()
  })

  test('W2 no credential, or one that passes by the skew of clocks alone, opens nothing', async () => {
    const { proxy, upstream } = await startStill({}, tokenRule({ webSocket: true }))
    for (const own of [{}, tokenFor(-10)]) {
      const client = new RawClient(proxy.port).send(handshake(own))
      const { answers } = answersOf(await client.until(/\}$/))
      expect(answers.map(({ status }) => status)).toEqual([401])
      expect(answers[0]?.fields.join('\n')).toContain(
        'www-authenticate: Bearer realm="shop/customers"',
      )
      client.leave()
    }
    expect(upstream.connections).toEqual([])
    while (proxy.finished.length < 2) await turns(1)
    expect(proxy.finished.map(({ failure }) => failure?.code)).toEqual([
      'credentials_missing',
      'token_expired',
    ])
  })
})

describe('W3 WebSockets', () => {
  test('outlive a new configuration, also one without their rule', async () => {
    const { proxy } = await startStill(webSockets())
    const client = await still!.open()
    const { snapshot } = proxy.proxy.runtime
    proxy.proxy.apply({ ...snapshot, digest: 'b', hosts: [], clusters: [] })
    await says(client, 'still here')
    client.leave()
  })

  test('are closed over the last part of a drain, one after the other, with FIN', async () => {
    const { proxy, clock } = await startStill(webSockets())
    const clients = await Promise.all(Array.from({ length: 40 }, () => still!.open()))
    const drained = proxy.proxy.drain(30_000)
    clock.advance(22_400)
    for (const client of clients) await says(client, 'still here')
    const left: number[] = []
    for (let step = 0; step < 7; step++) {
      clock.advance(1000)
      await turns(60)
      left.push(clients.filter((client) => !client.over).length)
    }
    expect(left.at(-1)).toBe(0)
    // At least one a second, and never more than a third of them.
    const [first = 0, ...more] = left
    const steps = more.map((each, i) => (left[i] ?? 0) - each)
    expect(Math.max(40 - first, ...steps)).toBeLessThan(14)
    expect(clients.every(({ ended, reset }) => ended && !reset)).toBe(true)
    expect(proxy.finished.map(({ failureDetail }) => failureDetail)).toEqual(
      clients.map(() => ({ reason: 'drain' })),
    )
    for (const client of clients) client.leave()
    await drained
  })
})
