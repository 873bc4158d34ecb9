import type { Counter, Histogram, Metrics } from '../../base/metrics.ts'
import { type FailureCode, refusals } from '../../model/failure.ts'
import type { Backend, Rule } from '../../model/snapshot.ts'
import type { ParseFault } from '../http1/message.ts'
import type { AuthorizerObserver } from './authorizers.ts'
import type { ClusterObserver } from './cluster.ts'

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** One series a known method; anything a client can invent is one more. */
const methodLabel = (method: string): string => (methods.has(method) ? method : 'OTHER')
const classes = ['0xx', '1xx', '2xx', '3xx', '4xx', '5xx'] as const
const classOf = (status: number): string => classes[Math.trunc(status / 100)] ?? '0xx'

/** What forwarding counts for one rule. */
export interface LaneMeters {
  /** @param outcome `2xx` to `5xx`, or the code of a failure */
  attempt(backend: Backend, outcome: string, seconds: number): void
  retried(): void
  failedOver(from: string, to: string, reason: string): void
}

/** Ejections are counted where they were decided: by a data plane, or by whoever probes for several. */
export function countEjections(metrics: Metrics): ClusterObserver['ejected'] {
  const ejections = metrics.counter(
    'fairlead_ejections_total',
    'Endpoints that were taken out of rotation.',
    ['cluster', 'reason'],
  )
  return (cluster, _, reason) => ejections.series(cluster.name, reason).inc()
}

/** All that a data plane counts (data-plane.md, Metrics). Labels hold configured names and closed lists only. */
export class ProxyMetrics {
  readonly metrics: Metrics
  /** Off: `route` and `rule` are empty, so that many routes make few series. */
  perRoute = true
  readonly #requests
  readonly #durations
  readonly #attempts
  readonly #attemptDurations
  readonly #retries
  readonly #failovers
  readonly #rejected
  readonly #ejected
  readonly #timeouts
  readonly #durationOf = new Map<number, Histogram>()
  /** Rule → method and class → series: found without building a text. */
  readonly #requestOf = new WeakMap<Rule, Map<string, (Counter | undefined)[]>>()
  readonly #authorizations
  readonly #authorizationOf = new Map<string, Map<string, Counter>>()
  readonly #cacheHits
  readonly #cacheMisses
  readonly #keyRefreshes
  readonly #keyFailures
  readonly #connections
  readonly #snapshotApplied
  readonly #snapshotSeconds
  readonly #snapshotRejected

  constructor(metrics: Metrics) {
    this.metrics = metrics
    this.#requests = metrics.counter('fairlead_requests_total', 'Requests that were answered.', [
      'route',
      'rule',
      'method',
      'code_class',
    ])
    this.#durations = metrics.histogram(
      'fairlead_request_duration_seconds',
      'Time from the first byte of a request to the last of its answer.',
      ['code_class'],
    )
    this.#attempts = metrics.counter('fairlead_backend_requests_total', 'Attempts at backends.', [
      'route',
      'rule',
      'backend',
      'region',
      'outcome',
    ])
    this.#attemptDurations = metrics.histogram(
      'fairlead_backend_duration_seconds',
      'Time from an attempt to the head of its answer.',
      ['backend', 'region'],
    )
    this.#retries = metrics.counter('fairlead_retries_total', 'Attempts after the first.', [
      'route',
      'rule',
    ])
    this.#failovers = metrics.counter(
      'fairlead_failovers_total',
      'Requests that moved to another region.',
      ['route', 'from', 'to', 'reason'],
    )
    this.#rejected = metrics.counter(
      'fairlead_rejected_requests_total',
      'Requests that were refused for what they are, and connections that were turned away.',
      ['reason'],
    )
    this.#ejected = countEjections(metrics)
    this.#timeouts = metrics.counter('fairlead_timeouts_total', 'Clocks that expired.', ['clock'])
    this.#authorizations = metrics.counter(
      'fairlead_authorizations_total',
      'Decisions of authorizers.',
      ['authorizer', 'outcome'],
    )
    this.#cacheHits = metrics.counter(
      'fairlead_authorizer_cache_hits_total',
      'Credentials that were verified before.',
      ['authorizer'],
    )
    this.#cacheMisses = metrics.counter(
      'fairlead_authorizer_cache_misses_total',
      'Credentials that had to be verified.',
      ['authorizer'],
    )
    this.#keyRefreshes = metrics.counter('fairlead_jwks_refreshes_total', 'Fetches of key sets.', [
      'authorizer',
      'issuer',
    ])
    this.#keyFailures = metrics.counter(
      'fairlead_jwks_failures_total',
      'Fetches of key sets that failed.',
      ['authorizer', 'issuer'],
    )
    this.#connections = metrics
      .gauge('fairlead_connections', 'Client connections.', ['protocol', 'state'])
      .series('http/1.1', 'open')
    this.#snapshotApplied = metrics
      .gauge(
        'fairlead_snapshot_applied_timestamp_seconds',
        'When the current snapshot was applied.',
        [],
        'min',
      )
      .series()
    this.#snapshotSeconds = metrics
      .histogram('fairlead_snapshot_apply_seconds', 'Time to apply a snapshot.', [])
      .series()
    this.#snapshotRejected = metrics
      .counter('fairlead_snapshot_rejected_total', 'Snapshots that could not be applied.', [])
      .series()
  }

  readonly listener = {
    opened: () => this.#connections.inc(1),
    closed: () => this.#connections.inc(-1),
    rejected: (fault: ParseFault) => this.#refused(fault),
    expired: (clock: string) => this.#timeouts.series(clock).inc(),
  }

  #refused({ code, reason }: ParseFault): void {
    this.#rejected.series(reason).inc()
    if (code === 'request_timeout') this.#timeouts.series('head').inc()
  }

  readonly unsolicited = (): void => this.#rejected.series('unsolicited_answer').inc()

  readonly clusters: ClusterObserver = {
    ejected: (cluster, endpoint, reason) => this.#ejected(cluster, endpoint, reason),
    recovered: () => {},
    unresolved: () => {},
  }

  readonly authorizers: AuthorizerObserver = {
    cache: (authorizer) => ({
      hits: this.#cacheHits.series(authorizer),
      misses: this.#cacheMisses.series(authorizer),
    }),
    fetched: (authorizer, issuer, failed) =>
      (failed ? this.#keyFailures : this.#keyRefreshes).series(authorizer, issuer).inc(),
  }

  authorized(authorizer: string, outcome: string): void {
    let byOutcome = this.#authorizationOf.get(authorizer)
    if (byOutcome === undefined) this.#authorizationOf.set(authorizer, (byOutcome = new Map()))
    let counter = byOutcome.get(outcome)
    if (counter === undefined) {
      counter = this.#authorizations.series(authorizer, outcome)
      byOutcome.set(outcome, counter)
    }
    counter.inc()
  }

  /** One answered request. */
  request(rule: Rule | undefined, method: string, status: number, seconds: number): void {
    this.#duration(status).observe(seconds)
    if (rule === undefined)
      return this.#requests.series('', '', methodLabel(method), classOf(status)).inc()
    this.#requestSeries(rule, method, Math.trunc(status / 100)).inc()
  }

  #duration(status: number): Histogram {
    const kind = Math.trunc(status / 100)
    let series = this.#durationOf.get(kind)
    if (series === undefined)
      this.#durationOf.set(kind, (series = this.#durations.series(classOf(status))))
    return series
  }

  #requestSeries(rule: Rule, method: string, kind: number): Counter {
    let byMethod = this.#requestOf.get(rule)
    if (byMethod === undefined) this.#requestOf.set(rule, (byMethod = new Map()))
    const label = methodLabel(method)
    let byClass = byMethod.get(label)
    if (byClass === undefined) byMethod.set(label, (byClass = []))
    return (byClass[kind] ??= this.#requests.series(
      ...this.#names(rule),
      label,
      classOf(kind * 100),
    ))
  }

  #names(rule: Rule): readonly [string, string] {
    return this.perRoute ? [rule.route, rule.name] : ['', '']
  }

  /** An exchange that ends with a failure. */
  failed(code: FailureCode, clock: string | undefined): void {
    if (refusals.has(code)) this.#rejected.series(code).inc()
    if (clock !== undefined) this.#timeouts.series(clock).inc()
  }

  applied(wallMs: number, seconds: number): void {
    this.#snapshotApplied.set(wallMs / 1000)
    this.#snapshotSeconds.observe(seconds)
  }

  refusedSnapshot(): void {
    this.#snapshotRejected.inc()
  }

  lane(rule: Rule): LaneMeters {
    const known = new Map<Backend, { outcomes: Map<string, Counter>; duration: Histogram }>()
    const of = (backend: Backend) => {
      let meters = known.get(backend)
      if (meters === undefined)
        known.set(
          backend,
          (meters = {
            outcomes: new Map(),
            duration: this.#attemptDurations.series(backend.name, backend.region),
          }),
        )
      return meters
    }
    return {
      attempt: (backend, outcome, seconds) => {
        const { outcomes, duration } = of(backend)
        let counter = outcomes.get(outcome)
        if (counter === undefined)
          outcomes.set(
            outcome,
            (counter = this.#attempts.series(
              ...this.#names(rule),
              backend.name,
              backend.region,
              outcome,
            )),
          )
        counter.inc()
        duration.observe(seconds)
      },
      retried: () => this.#retries.series(...this.#names(rule)).inc(),
      failedOver: (from, to, reason) =>
        this.#failovers.series(this.#names(rule)[0], from, to, reason).inc(),
    }
  }
}
