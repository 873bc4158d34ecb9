import { expect, test } from 'vitest'
import { balanced } from '../../../test/harness/clusters.ts'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { logged } from './cluster-log.ts'

/** The log of a cluster with so many endpoints, each line as level, message and fields. */
function setUp(endpoints: number) {
  const lines: [level: string, message: string, fields: Record<string, unknown> | undefined][] = []
  const clock = fakeClock()
  const log = {
    error: () => {},
    warn: (message: string, fields?: Record<string, unknown>) =>
      void lines.push(['warn', message, fields]),
    info: (message: string, fields?: Record<string, unknown>) =>
      void lines.push(['info', message, fields]),
    debug: () => {},
    isDebug: () => false,
  }
  const counted: string[] = []
  const observer = logged(
    {
      ejected: () => void counted.push('ejected'),
      recovered: () => void counted.push('recovered'),
      unresolved: () => void counted.push('unresolved'),
      resolved: () => void counted.push('resolved'),
    },
    log,
    clock,
  )
  const { of } = balanced([{ endpoints }])
  return { lines, clock, counted, observer, cluster: of('a') }
}

test('an endpoint that goes and one that returns have a line each, with where and why', () => {
  const { lines, counted, observer, cluster } = setUp(1)
  const [endpoint] = cluster.endpoints
  endpoint!.lastFailure = { outcome: 'connect_failed', reason: 'ECONNREFUSED', wallMs: 1 }
  observer.ejected(cluster, endpoint!, 'connect_failed')
  observer.recovered(cluster, endpoint!)
  expect(lines).toEqual([
    [
      'warn',
      'an endpoint is taken out of rotation',
      {
        backend: 'a',
        endpoint: '127.0.0.1:9000',
        reason: 'connect_failed',
        lastFailure: 'connect_failed',
        why: 'ECONNREFUSED',
      },
    ],
    ['info', 'an endpoint is back in rotation', { backend: 'a', endpoint: '127.0.0.1:9000' }],
  ])
  expect(counted).toEqual(['ejected', 'recovered'])
})

test('a storm is five lines a second and one that counts the rest; then it is told anew', () => {
  const { lines, clock, counted, observer, cluster } = setUp(100)
  for (const endpoint of cluster.endpoints) observer.ejected(cluster, endpoint, 'probe')
  expect(lines).toHaveLength(5)
  clock.advance(1000)
  expect(lines.slice(5)).toEqual([
    ['warn', 'more backends changed than have a line of their own', { ejected: 95 }],
  ])
  expect(counted).toHaveLength(100)
  observer.recovered(cluster, cluster.endpoints[0]!)
  expect(lines.at(-1)?.[1]).toBe('an endpoint is back in rotation')
  clock.advance(1000)
  expect(lines).toHaveLength(7)
})

test('a name that fails again and again has one line, and one when it is over', () => {
  const { lines, counted, observer, cluster } = setUp(0)
  const fault = { hostname: 'orders.example', reason: 'ENOTFOUND', sinceWallMs: 1 }
  for (let i = 0; i < 3; i++) observer.unresolved(cluster, fault)
  observer.resolved(cluster)
  observer.unresolved(cluster, fault)
  expect(lines.map(([level]) => level)).toEqual(['warn', 'info', 'warn'])
  expect(counted).toHaveLength(5)
})
