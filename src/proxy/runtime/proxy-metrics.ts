import type { Metrics } from '../../base/metrics.ts'
import type { Counter, Histogram, Labels } from '../../base/series.ts'
import { type FailureCode, type FailureDetail, refusals } from '../../model/failure.ts'
import type { GrpcStatus } from '../../model/grpc-status.ts'
import type { Settings } from '../../model/settings.ts'
import type { Backend, Rule, Snapshot } from '../../model/snapshot.ts'
import type { ParseFault } from '../http1/message.ts'
import type { AuthorizerObserver } from './authorizers.ts'
import type { ClusterObserver } from './cluster.ts'
import { type LiveState, liveGauges } from './live-gauges.ts'
import { families } from './metric-families.ts'

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** One series a known method; anything a client can invent is one more. */
const methodLabel = (method: string): string => (methods.has(method) ? method : 'OTHER')
const classes = ['0xx', '1xx', '2xx', '3xx', '4xx', '5xx'] as const
const classOf = (status: number): string => classes[Math.trunc(status / 100)] ?? '0xx'

/** What forwarding counts for one rule. */
export interface LaneMeters {
  /** @param outcome `2xx` to `5xx`, or the code of a failure */
  attempt(backend: Backend, target: string, outcome: string, seconds: number): void
  retried(): void
  failedOver(from: string, to: string, reason: string): void
}

/** Ejections are counted where they were decided: by a data plane, or by whoever probes for several. */
export function countEjections(metrics: Metrics): ClusterObserver['ejected'] {
  const ejections = metrics.counter(
    'fairlead_ejections_total',
    'Endpoints that were taken out of rotation.',
    ['backend', 'reason'],
  )
  return (cluster, _, reason) => ejections.series(cluster.name, reason).inc()
}

/** How a call of gRPC ended; closed lists both. */
interface CallOutcome {
  readonly status: GrpcStatus
  readonly by: string
}

interface BackendMeters {
  readonly outcomes: Map<string, Counter>
  readonly duration: Histogram
}

/** All that a data plane counts (data-plane.md, Metrics). Labels hold configured names and closed lists only. */
export class ProxyMetrics {
  readonly metrics: Metrics
  /** What gauges are read from; set by who has it. */
  live: LiveState | undefined
  readonly #families
  readonly #ejected
  #settings: Settings['metrics'] = { perRoute: true, perRouteDurations: false }
  /** Grows when names change: series that were looked up before are not the right ones any more. */
  #epoch = 0
  #snapshot: Snapshot | undefined
  #routes: ReadonlySet<string> | undefined
  /** Rule → method and class → series: found without building a text. */
  #requestOf = new WeakMap<Rule, Map<string, (Counter | undefined)[]>>()
  #callOf = new WeakMap<Rule, Map<string, Counter>>()
  #durationOf = new WeakMap<object, Histogram[]>()
  readonly #authorizationOf = new Map<string, Map<string, Counter>>()

  constructor(metrics: Metrics) {
    this.metrics = metrics
    this.#families = families(metrics, (labels) => this.#isGone(labels))
    this.#ejected = countEjections(metrics)
    liveGauges(
      metrics,
      () => this.live,
      () => this.#settings.perRoute,
    )
  }

  readonly listener = {
    rejected: ({ code, reason }: ParseFault) => {
      this.rejected(reason)
      if (code === 'request_timeout') this.timeout('head')
    },
    expired: (clock: string) => this.timeout(clock),
  }

  /** @param result of a closed list */
  readonly handshake = (result: string): void => {
    this.#families.handshakes.series(result).inc()
    if (result === 'timeout') this.timeout('handshake')
  }

  readonly unsolicited = (): void => this.rejected('unsolicited_answer')

  readonly clusters: ClusterObserver = {
    ejected: (cluster, endpoint, reason) => this.#ejected(cluster, endpoint, reason),
    recovered: () => {},
    unresolved: (cluster) => this.#families.resolutionFailures.series(cluster.name).inc(),
    resolved: () => {},
  }

  readonly authorizers: AuthorizerObserver = {
    cache: (authorizer) => ({
      hits: this.#families.cacheHits.series(authorizer),
      misses: this.#families.cacheMisses.series(authorizer),
    }),
    fetched: (authorizer, issuer, failed) => {
      const { keyFailures, keyRefreshes } = this.#families
      ;(failed ? keyFailures : keyRefreshes).series(authorizer, issuer).inc()
    },
  }

  authorized(authorizer: string, outcome: string): void {
    let byOutcome = this.#authorizationOf.get(authorizer)
    if (byOutcome === undefined) this.#authorizationOf.set(authorizer, (byOutcome = new Map()))
    let counter = byOutcome.get(outcome)
    if (counter === undefined) {
      counter = this.#families.authorizations.series(authorizer, outcome)
      byOutcome.set(outcome, counter)
    }
    counter.inc()
  }

  /** One answered request. */
  request(rule: Rule | undefined, method: string, status: number, seconds: number): void {
    const kind = Math.trunc(status / 100)
    this.#duration(rule, kind).observe(seconds)
    this.#requestSeries(rule ?? noRule, method, kind).inc()
  }

  /** One call of gRPC, which is a request besides. */
  call(rule: Rule | undefined, { status, by }: CallOutcome): void {
    let byEnd = this.#callOf.get(rule ?? noRule)
    if (byEnd === undefined) this.#callOf.set(rule ?? noRule, (byEnd = new Map()))
    const key = `${status} ${by}`
    let counter = byEnd.get(key)
    if (counter === undefined) {
      const names = this.#names(rule ?? noRule)
      byEnd.set(key, (counter = this.#families.calls.series(...names, status, by)))
    }
    counter.inc()
  }

  /** An exchange that ends with a failure. */
  failed(code: FailureCode, { clock, reason }: FailureDetail): void {
    this.#families.failures.series(code).inc()
    if (refusals.has(code)) this.rejected(reason ?? code)
    if (clock !== undefined) this.timeout(clock)
  }

  /** Turned away for what it is; `reason` is bounded. */
  rejected(reason: string): void {
    this.#families.rejected.series(reason).inc()
  }

  timeout(clock: string): void {
    this.#families.timeouts.series(clock).inc()
  }

  applied(snapshot: Snapshot, wallMs: number, seconds: number): void {
    this.#families.snapshotApplied.series().set(wallMs / 1000)
    this.#families.snapshotSeconds.series().observe(seconds)
    this.#snapshot = snapshot
    this.#routes = undefined
    this.#configure(snapshot.settings.metrics)
  }

  refusedSnapshot(): void {
    this.#families.snapshotRejected.series().inc()
  }

  lane(rule: Rule): LaneMeters {
    let known = new Map<Backend, BackendMeters>()
    let epoch = this.#epoch
    const of = (backend: Backend, target: string): BackendMeters => {
      if (epoch !== this.#epoch) known = new Map()
      epoch = this.#epoch
      let meters = known.get(backend)
      if (meters === undefined) {
        const duration = this.#families.attemptDurations.series(target, backend.region)
        known.set(backend, (meters = { outcomes: new Map(), duration }))
      }
      return meters
    }
    return {
      attempt: (backend, target, outcome, seconds) => {
        const { outcomes, duration } = of(backend, target)
        let counter = outcomes.get(outcome)
        if (counter === undefined) {
          const names = [...this.#names(rule), backend.name, backend.region, outcome]
          outcomes.set(outcome, (counter = this.#families.attempts.series(...names)))
        }
        counter.inc()
        duration.observe(seconds)
      },
      retried: () => this.#families.retries.series(...this.#names(rule)).inc(),
      failedOver: (from, to, reason) =>
        this.#families.failovers.series(this.#names(rule)[0], from, to, reason).inc(),
    }
  }

  #duration(rule: Rule | undefined, kind: number): Histogram {
    const key = rule !== undefined && this.#settings.perRouteDurations ? rule : noRule
    let byClass = this.#durationOf.get(key)
    if (byClass === undefined) this.#durationOf.set(key, (byClass = []))
    return (byClass[kind] ??= this.#families.durations.series(key.route, classOf(kind * 100)))
  }

  #requestSeries(rule: Rule, method: string, kind: number): Counter {
    let byMethod = this.#requestOf.get(rule)
    if (byMethod === undefined) this.#requestOf.set(rule, (byMethod = new Map()))
    const label = methodLabel(method)
    let byClass = byMethod.get(label)
    if (byClass === undefined) byMethod.set(label, (byClass = []))
    const { requests } = this.#families
    return (byClass[kind] ??= requests.series(...this.#names(rule), label, classOf(kind * 100)))
  }

  #names(rule: Rule): readonly [string, string] {
    return this.#settings.perRoute ? [rule.route, rule.name] : ['', '']
  }

  #configure(settings: Settings['metrics']): void {
    const before = this.#settings
    this.#settings = settings
    const { requests, calls, attempts, retries, failovers, durations } = this.#families
    const changed = [
      ...(before.perRoute === settings.perRoute
        ? []
        : [requests, calls, attempts, retries, failovers]),
      ...(before.perRouteDurations === settings.perRouteDurations ? [] : [durations]),
    ]
    if (changed.length === 0) return
    for (const family of changed) family.clear()
    this.#epoch++
    this.#requestOf = new WeakMap()
    this.#callOf = new WeakMap()
    this.#durationOf = new WeakMap()
  }

  /** Of a route that is not configured any more. */
  #isGone({ route }: Labels): boolean {
    this.#routes ??= new Set(
      this.#snapshot?.hosts.flatMap(({ entries }) => entries.map(({ rule }) => rule.route)),
    )
    return route !== undefined && route !== '' && !this.#routes.has(route)
  }
}

/** For what no rule took. */
const noRule = { route: '', name: '' } as Rule
