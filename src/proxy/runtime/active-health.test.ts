import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import type net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { balanced } from '../../../test/harness/clusters.ts'
import type { ActiveHealth } from '../../model/cluster.ts'

const open: { close(): unknown }[] = []
afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close()
})

const stop = (server: http.Server): void => {
  server.closeAllConnections()
  server.close()
}

const active: ActiveHealth = {
  path: '/healthz',
  intervalMs: 5000,
  unhealthyIntervalMs: 1000,
  timeoutMs: 1000,
  healthy: 2,
  unhealthy: 2,
  statuses: [[200, 299]],
}

/** A backend `a` on a real port whose health page answers what `answer.status` says, and `b` beside it. */
async function start(own: Partial<ActiveHealth> = {}) {
  const answer = { status: 200 }
  const asked: string[] = []
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.host}`)
    response.writeHead(answer.status).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const all = balanced([{ ports: [port], active: { ...active, ...own } }, {}])
  open.push(all, { close: () => stop(server) })
  /** Lets so much time pass that the next probe is due, and waits until it has been answered. */
  const probe = async (ms = 5500) => {
    const { probe: state } = all.endpoint('a')
    const before = (state?.successes ?? 0) + (state?.failures ?? 0) * 1000
    all.clock.advance(ms)
    while ((state?.successes ?? 0) + (state?.failures ?? 0) * 1000 === before)
      await new Promise((resolve) => setImmediate(resolve))
  }
  return { ...all, answer, asked, probe }
}

describe('active health', () => {
  test('an endpoint is healthy until probes say otherwise, and is probed at once', async () => {
    const { endpoint, probe, asked } = await start()
    expect(endpoint('a').healthy).toBe(true)
    await probe(0)
    expect(asked).toEqual(['GET /healthz a.shop'])
  })

  test('so many bad probes in a row take it out, one does not', async () => {
    const { endpoint, probe, answer, events } = await start()
    await probe(0)
    answer.status = 500
    await probe()
    expect(endpoint('a').healthy).toBe(true)
    await probe()
    expect(endpoint('a').healthy).toBe(false)
    expect(events).toEqual(['a ejected: probe'])
  })

  test('it returns once it was healthy without a break for long enough: recover slower than fail', async () => {
    const { endpoint, probe, answer, clock } = await start()
    answer.status = 500
    await probe(0)
    await probe()
    answer.status = 200
    const since = clock.nowMs()
    while (!endpoint('a').healthy) await probe(1100)
    expect(clock.nowMs() - since).toBeGreaterThanOrEqual(20_000)
  })

  test('one bad probe on the way back starts the wait anew', async () => {
    const { endpoint, probe, answer, clock } = await start()
    answer.status = 500
    await probe(0)
    await probe()
    answer.status = 200
    for (let i = 0; i < 12; i++) await probe(1100)
    answer.status = 500
    await probe(1100)
    answer.status = 200
    const since = clock.nowMs()
    while (!endpoint('a').healthy) await probe(1100)
    expect(clock.nowMs() - since).toBeGreaterThanOrEqual(20_000)
  })

  test('with nothing else healthy, what probes call healthy is used at once', async () => {
    const { probe, answer, fail, picks } = await start()
    answer.status = 500
    await probe(0)
    await probe()
    fail('b')
    expect(picks(3)).toEqual({ a: 1, b: 1, none: 1 })
    answer.status = 200
    await probe(1100)
    await probe(1100)
    expect(picks(5)).toEqual({ a: 5 })
  })

  test('an endpoint that requests took out is probed at once, and not trusted before it answers', async () => {
    const { probe, answer, fail, picks, asked } = await start()
    await probe(0)
    fail('b')
    fail('a')
    expect(picks(3)).toEqual({ a: 1, b: 1, none: 1 })
    answer.status = 500
    await probe(0)
    expect(asked).toHaveLength(2)
    expect(picks(3)).toEqual({ none: 3 })
    answer.status = 200
    await probe(1100)
    expect(picks(3)).toEqual({ a: 3 })
  })

  test('only the statuses that the rule names are good', async () => {
    const { probe, answer, endpoint } = await start({
      statuses: [
        [200, 200],
        [418, 418],
      ],
    })
    answer.status = 418
    await probe(0)
    expect(endpoint('a').probe).toMatchObject({ successes: 1, failures: 0 })
    answer.status = 204
    await probe()
    expect(endpoint('a').probe).toMatchObject({ successes: 0, failures: 1 })
  })

  test('a probe that is not answered in time is a bad one', async () => {
    const { clock, endpoint, asked } = await start({ statuses: [[200, 299]] })
    const silent = http.createServer(() => {})
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    open.push({ close: () => stop(silent) })
    const other = balanced([{ ports: [(silent.address() as net.AddressInfo).port], active }])
    open.push(other)
    const arrived = once(silent, 'request')
    other.clock.advance(0)
    await arrived
    other.clock.advance(1000)
    while (other.endpoint('a').probe?.failures === 0)
      await new Promise((resolve) => setImmediate(resolve))
    expect(other.endpoint('a').probe).toMatchObject({ failures: 1, okSinceMs: 0 })
    expect([clock.nowMs() > 0, endpoint('a').healthy, asked]).toEqual([true, true, []])
  })

  test('a backend that speaks HTTP/2 is asked in HTTP/2', async () => {
    const asked: string[] = []
    const server = http2.createServer((request, response) => {
      asked.push(`${request.httpVersion} ${request.method} ${request.url} ${request.authority}`)
      response.writeHead(asked.length === 1 ? 200 : 503).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    open.push(server)
    const { port } = server.address() as net.AddressInfo
    const all = balanced([{ ports: [port], active, protocol: 'H2C' }])
    open.push(all)
    const answered = async (ms: number, count: 'successes' | 'failures') => {
      all.clock.advance(ms)
      while (all.endpoint('a').probe?.[count] !== 1)
        await new Promise((resolve) => setImmediate(resolve))
    }
    await answered(0, 'successes')
    await answered(5500, 'failures')
    expect(asked).toEqual(Array(2).fill('2.0 GET /healthz a.shop:80'))
  })
})
