import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Metrics, mostHistograms, mostLabelSets } from '../../src/base/metrics.ts'
import { defaultSettings } from '../../src/model/settings.ts'
import type { Backend, Rule, Snapshot } from '../../src/model/snapshot.ts'
import { ProxyMetrics } from '../../src/proxy/runtime/proxy-metrics.ts'
import { RawClient } from '../harness/client.ts'
import { samplesOf, valueIn } from '../harness/exposition.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { hostOf, ruleOf } from '../harness/rules.ts'
import { answering, ok, startUpstream, type Upstream } from '../harness/upstream.ts'

const snapshotWith = (
  rules: readonly Rule[],
  own: Partial<Snapshot['settings']> = {},
): Snapshot => ({
  format: 1,
  digest: '',
  settings: { ...defaultSettings, ...own },
  hosts: [
    hostOf(
      '*',
      rules.map((rule) => ['/', rule] as const),
    ),
  ],
  clusters: [],
  authorizers: [],
  secrets: {},
})

const routeOf = (i: number): Rule =>
  ruleOf('r', { route: `shop/route-${i}`, id: `shop/route-${i}/r` })

const seriesOf = async (metrics: Metrics) => samplesOf(await metrics.exposition())

describe('D10: what a client sends is no label', () => {
  let upstream: Upstream
  let proxy: TestProxy
  beforeAll(async () => {
    upstream = await startUpstream(answering(ok()))
    proxy = await startProxy({ ports: [upstream.port] })
  })
  afterAll(async () => {
    await proxy.close()
    await upstream.close()
  })

  const exposition = async () => seriesOf(proxy.proxy.runtime.metrics.metrics)
  const token = fc.stringMatching(/^[A-Z!#$%&'*+.^_`|~-]{1,20}$/)
  const host = fc.domain()
  const path = fc
    .webPath()
    .map((text) => (text === '' ? '/' : text.replaceAll(/[^!-~]|[\\#]/g, '-')))

  /** What can be told apart at all: methods by name, and what becomes of a request. */
  const everyKind: readonly (readonly [string, string, string])[] = [
    ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'BREW', 'TRACE'].flatMap(
      (method) => ['/', '/%zz'].map((target) => [method, 'a.example', target] as const),
    ),
    ['GET', 'a_b..example', '/'],
  ]

  test('D10: 1,000 random methods, hosts and paths make no series that one of every kind did not', async () => {
    const send = async (requests: typeof everyKind) => {
      for (const [method, name, target] of requests) {
        const client = new RawClient(proxy.port)
        client.send(`${method} ${target} HTTP/1.1\r\nhost: ${name}\r\nconnection: close\r\n\r\n`)
        expect(await client.untilOver()).toMatch(/^HTTP\/1\.1 [245]\d\d /)
        client.close()
      }
    }
    await send(everyKind)
    const before = await exposition()
    const random = fc.sample(fc.tuple(token, host, path), { numRuns: 1000, seed: 10 })
    await send(random)
    const after = await exposition()
    const shown = (samples: typeof after) =>
      samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
    expect(shown(after)).toEqual(shown(before))
    const count = (samples: typeof after) => valueIn(samples, 'fairlead_requests_total')
    expect(count(after) - count(before)).toBe(1000)
  })
})

const methods = ['GET', 'POST', 'BREW']
const outcomes = ['2xx', '5xx', 'upstream_reset', 'upstream_timeout']

/** Names that nobody shares, and more than one method, class and outcome for each. */
function exhaust(metrics: ProxyMetrics, rules: readonly Rule[]): void {
  for (const [i, rule] of rules.entries()) {
    const lane = metrics.lane(rule)
    for (const method of methods)
      for (const status of [200, 502]) metrics.request(rule, method, status, 0.01)
    for (const name of ['eu', 'us']) {
      const backend = { name, region: name } as Backend
      for (const outcome of outcomes) lane.attempt(backend, `shop/${name}-${i}:80`, outcome, 0.01)
    }
    lane.retried()
    lane.failedOver('eu', 'us', 'connect_failed')
    metrics.clusters.ejected({ name: `shop/eu-${i}:80` } as never, {} as never, 'status')
  }
}

describe('the number of series', () => {
  const defaults = async () => {
    const metrics = new Metrics()
    return { metrics, proxy: new ProxyMetrics(metrics) }
  }

  test('300 routes with ordinary traffic: what 10,000 of them would make is under 100,000', async () => {
    const { metrics, proxy } = await defaults()
    const count = async (routes: number) => {
      const rules = Array.from({ length: routes }, (_, i) => routeOf(i))
      proxy.applied(snapshotWith(rules), 0, 0)
      for (const [i, rule] of rules.entries()) {
        const lane = proxy.lane(rule)
        for (const [method, status] of [
          ['GET', 200],
          ['GET', 404],
          ['POST', 200],
        ] as const)
          proxy.request(rule, method, status, 0.01)
        for (const name of ['eu', 'us'])
          lane.attempt(
            { name, region: name } as Backend,
            `shop/orders-${i % 20}-${name}:80`,
            '2xx',
            0.01,
          )
      }
      return (await seriesOf(metrics)).length
    }
    const [few, many] = [await count(100), await count(300)]
    const perRoute = (many - few) / 200
    expect(perRoute).toBe(5)
    // Two weights and one panic a route besides, which are read from what is live.
    expect(many + (10_000 - 300) * (perRoute + 3)).toBeLessThan(100_000)
  })

  test('10,000 routes, each with several methods, classes and outcomes: under 100,000, and no count is lost', async () => {
    const { metrics, proxy } = await defaults()
    const rules = Array.from({ length: 10_000 }, (_, i) => routeOf(i))
    proxy.applied(snapshotWith(rules), 0, 0)
    exhaust(proxy, rules)
    const samples = await seriesOf(metrics)
    // Besides these: weights, panic and health, bounded alike.
    expect(samples.length + 3 * mostLabelSets).toBeLessThan(100_000)
    expect(valueIn(samples, 'fairlead_requests_total')).toBe(10_000 * methods.length * 2)
    const attempts = valueIn(samples, 'fairlead_backend_requests_total')
    expect(attempts).toBe(10_000 * 2 * outcomes.length)
    expect(valueIn(samples, 'fairlead_requests_total', { route: 'other' })).toBeGreaterThan(0)
    expect(valueIn(samples, 'fairlead_backend_duration_seconds_count')).toBe(attempts)
  })

  test('a metric says when it has no room', async () => {
    const metrics = new Metrics()
    metrics.overflows('overflows', 'What had no room.')
    const family = metrics.counter('things_total', 'Things.', ['name'])
    const histogram = metrics.histogram('things_seconds', 'Things.', ['name'])
    for (let i = 0; i < mostLabelSets + 7; i++) family.series(String(i)).inc()
    for (let i = 0; i < mostHistograms; i++) histogram.series(String(i)).observe(1)
    const samples = await seriesOf(metrics)
    expect(valueIn(samples, 'overflows', { metric: 'things_total' })).toBe(7)
    expect(valueIn(samples, 'things_total', { name: 'other' })).toBe(7)
    expect(valueIn(samples, 'overflows', { metric: 'things_seconds' })).toBeNaN()
  })

  test('routes that are gone make room for those that come: names that change every day are no leak', async () => {
    const { metrics, proxy } = await defaults()
    for (let day = 0; day < 5; day++) {
      const rules = Array.from({ length: 4000 }, (_, i) => routeOf(day * 4000 + i))
      proxy.applied(snapshotWith(rules), 0, 0)
      for (const rule of rules) proxy.request(rule, 'GET', 200, 0.01)
    }
    const samples = await seriesOf(metrics)
    const today = samples.filter(
      ({ name, labels }) =>
        name === 'fairlead_requests_total' && labels['route'] === 'shop/route-19999',
    )
    expect(today).toHaveLength(1)
    expect(samples.length).toBeLessThan(mostLabelSets + 100)
  })
})

describe('settings', () => {
  test('per route by default, the histogram not', async () => {
    const metrics = new Metrics()
    const proxy = new ProxyMetrics(metrics)
    proxy.applied(snapshotWith([routeOf(1)]), 0, 0)
    proxy.request(routeOf(1), 'GET', 200, 0.01)
    const samples = await seriesOf(metrics)
    const route = { route: 'shop/route-1' }
    expect(defaultSettings.metrics).toEqual({ perRoute: true, perRouteDurations: false })
    expect(valueIn(samples, 'fairlead_requests_total', { ...route, rule: 'r' })).toBe(1)
    expect(valueIn(samples, 'fairlead_request_duration_seconds_count', route)).toBeNaN()
  })

  test('both can be switched while requests come: from then on, and what was there is gone', async () => {
    const metrics = new Metrics()
    const proxy = new ProxyMetrics(metrics)
    const rule = routeOf(1)
    const lane = proxy.lane(rule)
    const backend = { name: 'eu', region: 'eu' } as Backend
    const traffic = () => {
      proxy.request(rule, 'GET', 200, 0.01)
      lane.attempt(backend, 'shop/eu:80', '2xx', 0.01)
      lane.retried()
    }
    proxy.applied(snapshotWith([rule]), 0, 0)
    traffic()
    const switched = { metrics: { perRoute: false, perRouteDurations: true } }
    proxy.applied(snapshotWith([rule], switched), 0, 0)
    traffic()
    const samples = await seriesOf(metrics)
    const route = { route: 'shop/route-1' }
    for (const name of ['requests', 'backend_requests', 'retries']) {
      expect(valueIn(samples, `fairlead_${name}_total`, route)).toBeNaN()
      expect(valueIn(samples, `fairlead_${name}_total`, { route: '' })).toBe(1)
    }
    expect(valueIn(samples, 'fairlead_request_duration_seconds_count', route)).toBe(1)
  })
})

describe('adding up', () => {
  test('every metric says how several processes make one value of it', async () => {
    const metrics = new Metrics()
    const proxy = new ProxyMetrics(metrics)
    proxy.applied(snapshotWith([]), 0, 0)
    const given = (await metrics.registry.getMetricsAsJSON()) as readonly {
      readonly name: string
      readonly aggregator?: string
    }[]
    const how = Object.fromEntries(given.map(({ name, aggregator }) => [name, aggregator]))
    expect(how).toMatchObject({
      fairlead_requests_total: 'sum',
      fairlead_request_duration_seconds: 'sum',
      fairlead_connections: 'sum',
      fairlead_backend_healthy: 'min',
      fairlead_backend_effective_weight: 'max',
      fairlead_panic: 'max',
      fairlead_jwks_age_seconds: 'max',
      fairlead_snapshot_applied_timestamp_seconds: 'min',
    })
  })
})
