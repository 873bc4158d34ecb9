import type { ActiveHealth, Cluster, Endpoint, Health, PassiveHealth } from './cluster.ts'
import { count, type Decode, list, number, oneOf, record, text, union } from './decode.ts'
import { upstreamTls } from './wire-tls.ts'

const endpoint: Decode<Endpoint> = record(
  { address: text, port: count, state: oneOf('ready', 'terminating') },
  { zones: list(text) },
)

const target = union<Cluster['target'], 'kind'>('kind', {
  service: record(
    {
      kind: oneOf('service'),
      namespace: text,
      service: text,
      port: count,
      endpoints: list(endpoint),
    },
    {},
  ),
  url: record(
    { kind: oneOf('url'), scheme: oneOf('http', 'https'), hostname: text, port: count },
    {},
  ),
})

const statusRange: Decode<readonly [number, number]> = (value, faults) => {
  const [from, to, ...rest] = list(count)(value, faults) ?? []
  if (from === undefined || to === undefined || rest.length > 0)
    return faults.refuse('two statuses are wanted')
  return Object.freeze([from, to] as const)
}

const active: Decode<ActiveHealth> = record(
  {
    path: text,
    intervalMs: count,
    unhealthyIntervalMs: count,
    timeoutMs: count,
    healthy: count,
    unhealthy: count,
    statuses: list(statusRange),
  },
  { grpc: record({ service: text }, {}) },
)

const passive: Decode<PassiveHealth> = record(
  {
    consecutiveFailures: count,
    failurePercent: count,
    minRequests: count,
    windowMs: count,
    slowFactor: number,
    ejectForMs: count,
    maxEjected: count,
    statuses: list(count),
  },
  {},
)

const health: Decode<Health> = record({ passive, slowStartMs: count }, { active })

export const cluster: Decode<Cluster> = record(
  { id: text, name: text, target, health, maxConnections: count, maxPending: count },
  { tls: upstreamTls, protocol: oneOf('HTTP2', 'H2C') },
)
