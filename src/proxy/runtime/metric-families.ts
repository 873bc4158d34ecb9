import type { Metrics } from '../../base/metrics.ts'
import type { Labels } from '../../base/series.ts'

const perBackend = ['backend', 'region'] as const
const perIssuer = ['authorizer', 'issuer'] as const

interface PerRoute {
  readonly isStale: (labels: Labels) => boolean
}

/** Every counter and histogram, once. The texts are `docs/observability.md`. */
export const families = (metrics: Metrics, isStale: (labels: Labels) => boolean) => ({
  ...requests(metrics, { isStale }),
  ...handshakes(metrics),
  ...attempts(metrics, { isStale }),
  ...backends(metrics),
  ...authorizers(metrics),
  ...snapshots(metrics),
})

const requests = (metrics: Metrics, perRoute: PerRoute) => ({
  requests: metrics.counter(
    'fairlead_requests_total',
    'Requests that were answered or cut off. Without a route: no rule took them.',
    ['route', 'rule', 'method', 'code_class'],
    perRoute,
  ),
  calls: metrics.counter(
    'fairlead_grpc_calls_total',
    'Calls of gRPC, by the status that their clients got and by who said it.',
    ['route', 'rule', 'status', 'by'],
    perRoute,
  ),
  durations: metrics.histogram(
    'fairlead_request_duration_seconds',
    'Time from the first byte of a request to the last of its answer.',
    ['route', 'code_class'],
    perRoute,
  ),
  failures: metrics.counter(
    'fairlead_failures_total',
    'Requests that the gateway answered itself because something failed, by code.',
    ['code'],
  ),
  rejected: metrics.counter(
    'fairlead_rejected_requests_total',
    'Requests that were refused for what they are, and connections that were turned away.',
    ['reason'],
  ),
})

const handshakes = (metrics: Metrics) => ({
  handshakes: metrics.counter(
    'fairlead_tls_handshakes_total',
    'TLS handshakes of clients, by how they ended.',
    ['result'],
  ),
})

const attempts = (metrics: Metrics, perRoute: PerRoute) => ({
  attempts: metrics.counter(
    'fairlead_backend_requests_total',
    'Attempts at backends, by class of status or code of failure.',
    ['route', 'rule', 'backend', 'region', 'outcome'],
    perRoute,
  ),
  attemptDurations: metrics.histogram(
    'fairlead_backend_duration_seconds',
    'Time from an attempt at a backend to the head of its answer, or to its failure.',
    perBackend,
  ),
  retries: metrics.counter(
    'fairlead_retries_total',
    'Attempts after the first.',
    ['route', 'rule'],
    perRoute,
  ),
  failovers: metrics.counter(
    'fairlead_failovers_total',
    'Retries that went to another region.',
    ['route', 'from', 'to', 'reason'],
    perRoute,
  ),
})

const backends = (metrics: Metrics) => ({
  resolutionFailures: metrics.counter(
    'fairlead_resolution_failures_total',
    'Names of backends that could not be resolved; the last good addresses stay.',
    ['backend'],
  ),
  timeouts: metrics.counter('fairlead_timeouts_total', 'Clocks that expired.', ['clock']),
})

const authorizers = (metrics: Metrics) => ({
  authorizations: metrics.counter(
    'fairlead_authorizations_total',
    'Decisions about requests of rules that are not public.',
    ['authorizer', 'outcome'],
  ),
  cacheHits: metrics.counter(
    'fairlead_authorizer_cache_hits_total',
    'Credentials that were verified before.',
    ['authorizer'],
  ),
  cacheMisses: metrics.counter(
    'fairlead_authorizer_cache_misses_total',
    'Credentials that had to be verified.',
    ['authorizer'],
  ),
  keyRefreshes: metrics.counter(
    'fairlead_jwks_refreshes_total',
    'Fetches of key sets that succeeded.',
    perIssuer,
  ),
  keyFailures: metrics.counter(
    'fairlead_jwks_failures_total',
    'Fetches of key sets that failed; the last good keys stay.',
    perIssuer,
  ),
})

const snapshots = (metrics: Metrics) => ({
  snapshotApplied: metrics.gauge(
    'fairlead_snapshot_applied_timestamp_seconds',
    'When the configuration in force was applied.',
    [],
    'min',
  ),
  snapshotSeconds: metrics.histogram(
    'fairlead_snapshot_apply_seconds',
    'Time to apply a configuration.',
    [],
  ),
  snapshotRejected: metrics.counter(
    'fairlead_snapshot_rejected_total',
    'Configurations that could not be applied; the one before stays in force.',
    [],
  ),
})
