import type { AdminRoute } from '../base/admin.ts'
import type { Metrics } from '../base/metrics.ts'
import { describeRuntime, type RuntimeFacts } from '../base/runtime-facts.ts'
import { printable } from '../model/printable.ts'
import type { DataPlane } from './data-plane.ts'
import { HeaderList } from './http1/header-list.ts'
import { explain } from './runtime/explain.ts'

/** What the admin port answers about a data plane. */
export function proxyRoutes(proxy: DataPlane, metrics: Metrics, facts: RuntimeFacts): AdminRoute[] {
  const { runtime } = proxy
  return [
    {
      path: '/livez',
      what: 'the event loop turns',
      isLocal: false,
      answer: () => ({ status: 200, body: 'ok\n' }),
    },
    {
      path: '/readyz',
      what: 'a snapshot is applied and the listeners are open',
      isLocal: false,
      answer: () =>
        proxy.ready
          ? { status: 200, body: 'ok\n' }
          : { status: 503, body: 'not ready: no snapshot, or draining\n' },
    },
    {
      path: '/metrics',
      what: 'Prometheus metrics',
      isLocal: false,
      answer: async () => ({
        status: 200,
        body: await metrics.exposition(),
        contentType: metrics.contentType,
      }),
    },
    {
      path: '/debug/snapshot',
      what: 'the snapshot in force, without secrets',
      isLocal: true,
      answer: () => ({ status: 200, body: printable(runtime.snapshot) }),
    },
    {
      path: '/debug/routes',
      what: '?url=http://host/path&method=GET: which rule, and why',
      isLocal: true,
      answer: (query) => explained(proxy, query),
    },
    {
      path: '/debug/backends',
      what: 'endpoints, health and connections',
      isLocal: true,
      answer: () => ({ status: 200, body: backends(proxy) }),
    },
    {
      path: '/debug/runtime',
      what: 'Node, V8 flags, memory',
      isLocal: true,
      answer: () => ({
        status: 200,
        body: {
          ...describeRuntime(facts),
          inFlight: proxy.inFlight,
          connections: proxy.connections,
        },
      }),
    },
  ]
}

function explained(proxy: DataPlane, query: URLSearchParams) {
  const url = parse(query.get('url') ?? '')
  if (url === null) return { status: 400, body: 'give ?url=http://host/path\n' }
  const request = {
    method: query.get('method') ?? 'GET',
    hostname: url.hostname,
    rawPath: url.pathname,
    query: url.search,
    headers: new HeaderList(),
  }
  return { status: 200, body: explain(proxy.runtime.router, request) }
}

function parse(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}

function backends({ runtime }: DataPlane) {
  return [...runtime.clusters.values()].map(({ name, endpoints }) => ({
    cluster: name,
    endpoints: endpoints.map(({ address, port, healthy, ejected, inFlight, pool }) => ({
      address,
      port,
      healthy,
      ejected,
      inFlight,
      connections: pool.connections,
      idle: pool.idle,
      pending: pool.pending,
    })),
  }))
}
