import type { Clock, Timer } from '../../base/clock.ts'
import type { Authorizer } from '../../model/authorization.ts'
import type { IssuersCondition } from '../../model/issuers-condition.ts'
import { isFetched } from '../../model/key-source.ts'
import type { ObjectStatus } from '../../model/problem.ts'
import type { Moment } from '../../model/push-message.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Happened } from './events.ts'
import { FailoverReports } from './failover-reports.ts'
import { reachability } from './issuer-reports.ts'
import type { ExpectedProxy } from './programmed.ts'
import type { ConnectedProxy } from './publication.ts'

export interface FleetReportsOptions {
  readonly clock: Clock
  readonly proxies: () => readonly ConnectedProxy[]
  readonly expected: () => readonly ExpectedProxy[]
  readonly happened: Happened
  /** What is known of some authorizer may have changed. */
  readonly changed: () => void
}

/** `none`: the object has no such condition. `unknown`: nobody can tell yet, and what stands there stays. */
export type LiveCondition = IssuersCondition | 'none' | 'unknown'

/** A new leader waits so long for proxies that are counted on, before it goes without those that have said nothing. */
const newLeaderMs = 30_000
/** Of a storm of reports all are read at once. */
const restMs = 250

/** What the proxies say that only they know, put together: a condition of authorizers, and Events of routes. */
export class FleetReports {
  readonly #options: FleetReportsOptions
  readonly #failovers = new FailoverReports()
  #snapshot: Snapshot | undefined
  #authorizers: ReadonlyMap<string, Authorizer> = new Map()
  #statuses: readonly ObjectStatus[] = []
  #leadsSinceMs: number | undefined
  /** What was said of issuers when it was looked at last. */
  #said = ''
  /** Somebody has asked for a condition since, and it was not known. */
  #isWanted = false
  #timer: Timer | undefined
  #patience: Timer | undefined

  constructor(options: FleetReportsOptions) {
    this.#options = options
  }

  lead(): void {
    const { clock, changed } = this.#options
    this.#leadsSinceMs = clock.nowMs()
    this.#patience = clock.after(newLeaderMs, changed)
  }

  follow(): void {
    this.#leadsSinceMs = undefined
    this.#patience?.cancel()
    this.#timer?.cancel()
    this.#timer = undefined
    this.#said = ''
    this.#failovers.clear()
  }

  /** What is published, and what became of each object. */
  update(snapshot: Snapshot, statuses: readonly ObjectStatus[]): void {
    if (this.#snapshot?.authorizers !== snapshot.authorizers)
      this.#authorizers = new Map(snapshot.authorizers.map((each) => [each.id, each]))
    this.#snapshot = snapshot
    this.#statuses = statuses
  }

  /** A proxy has said something, or has gone. */
  reported(): void {
    if (this.#leadsSinceMs === undefined) return
    this.#timer ??= this.#options.clock.after(restMs, () => {
      this.#timer = undefined
      this.#read()
    })
  }

  /** @param since when the generation of the object was first published */
  conditionOf({ kind, namespace, name }: ObjectStatus, since: Moment): LiveCondition {
    const authorizer = this.#authorizers.get(`${namespace}/${name}`)
    if (kind !== 'ApiAuthorizer' || authorizer?.issuers.some(isFetched) !== true) return 'none'
    const digest = this.#snapshot?.digest ?? ''
    const found = this.#isComplete
      ? reachability(authorizer, this.#reports, { digest, since })
      : undefined
    if (found === undefined) this.#isWanted = true
    return found ?? 'unknown'
  }

  #read(): void {
    const said = JSON.stringify(
      this.#reports.map(({ whole, pending, issuers }) => [whole, pending, issuers]),
    )
    if (said !== this.#said || this.#isWanted) {
      this.#said = said
      this.#isWanted = false
      this.#options.changed()
    }
    if (this.#snapshot === undefined) return
    for (const { route, event } of this.#failovers.update(this.#reports, this.#snapshot)) {
      const about = this.#statuses.find(
        ({ kind, namespace, name }) => kind === 'ApiRoute' && `${namespace}/${name}` === route,
      )
      if (about !== undefined) this.#options.happened(about, [event])
    }
  }

  get #reports() {
    return this.#options.proxies().flatMap(({ report }) => report ?? [])
  }

  /** Every proxy that is counted on has told, or was waited for long enough. */
  get #isComplete(): boolean {
    const { clock, expected, proxies } = this.#options
    if (clock.nowMs() - (this.#leadsSinceMs ?? clock.nowMs()) >= newLeaderMs) return true
    const telling = new Set(
      proxies().flatMap((proxy) => (proxy.report === undefined ? [] : nameOf(proxy))),
    )
    return expected().every((proxy) => telling.has(nameOf(proxy)))
  }
}

const nameOf = ({ namespace, name }: ExpectedProxy): string => `${namespace}/${name}`
