import { afterEach, describe, expect, test } from 'vitest'
import { accessLine } from '../../src/proxy/stages/access-line.ts'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { turns } from '../harness/deliver.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { ok, type Seen, startUpstream } from '../harness/upstream.ts'
import { canary, head } from './rig.ts'

const open: { close(): unknown }[] = []
const opened = <T extends { close(): unknown }>(each: T): T => {
  open.push(each)
  return each
}
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function start(
  act: (seen: Seen, part: string) => void = ({ socket }) => void socket.write(ok()),
  options: Partial<TestOptions> = {},
) {
  const clock = fakeClock()
  const upstream = opened(await startUpstream(act))
  const proxy = opened(await startProxy({ ports: [upstream.port], clock, ...options }))
  return { clock, upstream, proxy }
}

const connect = (proxy: TestProxy): RawClient => opened(new RawClient(proxy.port))
const get = (target = '/'): string => head(`GET ${target} HTTP/1.1`, 'host: a')

describe('limits', () => {
  test('R17 more requests in flight than the proxy takes are 503, and their connections go on', async () => {
    const held: Seen[] = []
    const { proxy } = await start((seen) => void held.push(seen), {
      limits: { requestsInFlight: 2 },
    })
    const clients = [1, 2].map(() => connect(proxy).send(get()))
    while (held.length < 2) await turns(1)
    const third = connect(proxy).send(get())
    const [answer] = answersOf(await third.until(/overloaded.*}$/)).answers
    expect(answer?.status).toBe(503)
    expect(answer?.fields).toContain('retry-after: 1')
    held[0]?.socket.write(ok('first'))
    await Promise.race(clients.map((client) => client.until(/first/)))
    third.text = ''
    third.send(get())
    while (held.length < 3) await turns(1)
    held[2]?.socket.write(ok('third'))
    expect(await third.until(/third$/)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('R11 new limits hold from the next request of a connection on', async () => {
    const { proxy } = await start()
    const client = connect(proxy)
    await client.send(get(`/${'a'.repeat(100)}`)).until(/hello$/)
    const { snapshot } = proxy.proxy.runtime
    const limits = { ...snapshot.settings.limits, target: 50 }
    proxy.proxy.apply({ ...snapshot, settings: { ...snapshot.settings, limits } })
    client.text = ''
    // The head after this one is the first to begin under them.
    await client.send(get()).until(/hello$/)
    client.text = ''
    const text = await client.send(get(`/${'a'.repeat(100)}`)).untilOver()
    expect(answersOf(text).answers.map(({ status }) => status)).toEqual([414])
  })
})

describe('clocks are named with their limit and the time spent', () => {
  const settings = { fields: {}, query: false, maxLineBytes: 16_384 }
  /** What the access log says of the only exchange. */
  const logged = ({ finished }: TestProxy) => {
    const [exchange] = finished
    if (exchange === undefined) throw new Error('no exchange is over')
    return JSON.parse(accessLine(exchange, false, 0, 0, settings))
  }

  test('R16 of an answer that stops: in the log, as the answer cannot say it', async () => {
    const { clock, proxy } = await start(
      ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'),
      { rule: { timeouts: { requestMs: 0, backendRequestMs: 0, connectMs: 0, idleMs: 3000 } } },
    )
    const client = connect(proxy).send(get())
    await client.until(/hello$/)
    await turns(4)
    clock.advance(3100)
    await client.untilOver()
    expect(client.reset).toBe(true)
    expect(logged(proxy)).toMatchObject({
      'error.type': 'upstream_timeout',
      clock: 'idle',
      clock_limit_ms: 3000,
      clock_spent_ms: expect.any(Number),
    })
    expect(await proxy.proxy.runtime.metrics.metrics.exposition()).toContain(
      'fairlead_timeouts_total{clock="idle"} 1',
    )
  })

  test('R16 of a backend that does not answer: in the answer, the log and the metric', async () => {
    const { clock, proxy, upstream } = await start(() => {}, {
      rule: { timeouts: { requestMs: 0, backendRequestMs: 3000, connectMs: 0, idleMs: 0 } },
    })
    const client = connect(proxy).send(canary)
    while (upstream.text() === '') await turns(1)
    clock.advance(3100)
    const [answer] = answersOf(await client.until(/}$/)).answers
    const told = { clock: 'backendRequest', limitMs: 3000, spentMs: 3000 }
    expect(JSON.parse(answer?.body ?? '')).toMatchObject(told)
    expect(logged(proxy)).toMatchObject({
      clock: 'backendRequest',
      clock_limit_ms: 3000,
      clock_spent_ms: 3000,
    })
    expect(await proxy.proxy.runtime.metrics.metrics.exposition()).toContain(
      'fairlead_timeouts_total{clock="backendRequest"} 1',
    )
  })
})
