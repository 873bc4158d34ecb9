import type { EndpointFailure, LiveEndpoint } from './endpoint.ts'
import type { Resolution } from './resolver.ts'
import type { Runtime } from './runtime.ts'

/** `/debug/backends`: what is known of every target, and what the rules that had a request give it. */
export function backendsPage(runtime: Runtime): object[] {
  const shares = sharesOf(runtime)
  return [...runtime.clusters.values()].map(({ id, name, resolution, endpoints }) => ({
    cluster: name,
    ...(resolution !== undefined && { resolution: resolutionOf(resolution) }),
    endpoints: endpoints.map(endpointOf),
    rules: shares.get(id) ?? [],
  }))
}

const resolutionOf = ({ hostname, resolvedWallMs, fault }: Resolution) => ({
  hostname,
  resolved: resolvedWallMs === 0 ? 'never' : dateOf(resolvedWallMs),
  ...(fault !== undefined && { failed: fault.reason, failingSince: dateOf(fault.sinceWallMs) }),
})

const endpointOf = (endpoint: LiveEndpoint) => ({
  address: endpoint.address,
  port: endpoint.port,
  healthy: endpoint.healthy,
  ejected: endpoint.ejected,
  ...faultsOf(endpoint),
  inFlight: endpoint.inFlight,
  connections: endpoint.pool.connections,
  idle: endpoint.pool.idle,
  pending: endpoint.pool.pending,
})

const faultsOf = ({ ejected, ejectedFor, lastFailure, probe }: LiveEndpoint) => ({
  ...(ejected && { ejectedFor }),
  ...(lastFailure !== undefined && { lastFailure: failureOf(lastFailure) }),
  ...(probe !== undefined && { probe: probe.healthy ? 'good' : 'bad' }),
})

const failureOf = ({ outcome, reason, wallMs }: EndpointFailure) => ({
  outcome,
  reason,
  at: dateOf(wallMs),
})

const dateOf = (wallMs: number): string => new Date(wallMs).toISOString()

/** Id of a cluster → what the rules give it that use it. */
function sharesOf(runtime: Runtime): ReadonlyMap<string, readonly object[]> {
  const byCluster = new Map<string, object[]>()
  const rules = runtime.router.hosts().flatMap(({ entries }) => entries.map(({ rule }) => rule))
  for (const rule of new Set(rules)) {
    for (const { cluster, ...share } of runtime.selectors.get(rule)?.shares() ?? []) {
      const list = byCluster.get(cluster)
      if (list === undefined) byCluster.set(cluster, [{ rule: rule.id, ...share }])
      else list.push({ rule: rule.id, ...share })
    }
  }
  return byCluster
}
