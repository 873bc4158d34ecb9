import type { AdminRoute } from '../base/admin.ts'
import type { EventLoop } from '../base/event-loop.ts'
import { livenessRoute } from '../base/liveness.ts'
import type { Metrics } from '../base/metrics.ts'
import { describeRuntime, type RuntimeFacts } from '../base/runtime-facts.ts'
import { printable } from '../model/printable.ts'
import type { DataPlane } from './data-plane.ts'
import { backendsPage } from './runtime/backends-page.ts'
import { explain } from './runtime/explain.ts'
import { explainTls } from './runtime/explain-tls.ts'
import { explainedRequest } from './runtime/explained-request.ts'
import { conditionsPath, liveConditions } from './runtime/live-conditions.ts'

/** What the pages are made of. */
export interface ProxyPages {
  readonly proxy: DataPlane
  readonly metrics: Metrics
  readonly loop: EventLoop
  readonly facts: RuntimeFacts
}

/** What the admin port answers about a data plane. */
export const proxyRoutes = (pages: ProxyPages): AdminRoute[] => [
  ...healthRoutes(pages),
  ...debugRoutes(pages),
]

const healthRoutes = ({ proxy, metrics, loop }: ProxyPages): AdminRoute[] => [
  livenessRoute(loop, 'the event loop turns'),
  {
    path: '/readyz',
    what: 'a configuration is in force and the listeners are open',
    isLocal: false,
    answer: () => {
      const reasons = proxy.unready.map((reason) => `not ready: ${reason}\n`)
      return reasons.length === 0
        ? { status: 200, body: 'ok\n' }
        : { status: 503, body: reasons.join('') }
    },
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
]

const debugRoutes = ({ proxy, facts }: ProxyPages): AdminRoute[] => [
  {
    path: '/debug/snapshot',
    what: 'the configuration in force, compiled, without secrets',
    isLocal: true,
    answer: () => ({ status: 200, body: printable(proxy.runtime.snapshot) }),
  },
  {
    path: '/debug/routes',
    what: '?url=http://host/path&method=GET: which rule, and why',
    isLocal: true,
    answer: (query) => explained(proxy, query),
  },
  {
    path: '/debug/backends',
    what: 'endpoints and how their names resolve, health, connections, and the share of each rule that had a request',
    isLocal: true,
    answer: () => ({ status: 200, body: backendsPage(proxy.runtime) }),
  },
  {
    path: '/debug/authorizers',
    what: 'key sets with their age, remembered tokens',
    isLocal: true,
    answer: () => ({ status: 200, body: authorizers(proxy) }),
  },
  {
    path: conditionsPath,
    what: 'what only a running gateway knows of an object: whether issuers are reached',
    isLocal: true,
    answer: () => ({ status: 200, body: liveConditions(proxy.runtime.authorizers.values()) }),
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

function explained(proxy: DataPlane, query: URLSearchParams) {
  const request = explainedRequest(query.get('method') ?? 'GET', query.get('url') ?? '', [])
  if (request === undefined) return { status: 400, body: 'give ?url=http://host/path\n' }
  const { router, limits, snapshot } = proxy.runtime
  const tls = explainTls(request.hostname, router, snapshot)
  return { status: 200, body: { ...explain(router, request, limits), tls } }
}

const authorizers = ({ runtime }: DataPlane) =>
  [...runtime.authorizers.values()].map(({ config, issuers, cached }) => ({
    authorizer: config.id,
    rememberedTokens: cached,
    issuers: issuers.map(({ issuer, keys }) => ({
      issuer: issuer.issuer,
      keys: keys.size,
      usable: keys.isUsable(config.staleKeysForMs),
      ...(keys.isFetched && { ageSeconds: ageSeconds(keys.ageMs) }),
      ...(keys.fault !== undefined && { lastFetchFailed: keys.fault }),
    })),
  }))

const ageSeconds = (ageMs: number): number | 'never fetched' =>
  Number.isFinite(ageMs) ? Math.round(ageMs / 1000) : 'never fetched'
