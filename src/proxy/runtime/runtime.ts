import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import { fetchJson } from '../../base/fetch-json.ts'
import type { Log } from '../../base/log.ts'
import type { Wheel } from '../../base/wheel.ts'
import { type CidrSet, isForbiddenAddress, parseCidrs } from '../../model/address.ts'
import type { Cluster } from '../../model/cluster.ts'
import type { Limits } from '../../model/settings.ts'
import type { Rule, Snapshot } from '../../model/snapshot.ts'
import type { TlsPolicy } from '../../model/tls-policy.ts'
import type { LiveAuthorizer } from './authorizer.ts'
import { Authorizers, type KeyStore } from './authorizers.ts'
import { type ClusterObserver, LiveCluster } from './cluster.ts'
import { logged } from './cluster-log.ts'
import type { PoolTarget } from './dial.ts'
import type { HealthLink } from './health-link.ts'
import { Pool } from './pool.ts'
import type { ProxyMetrics } from './proxy-metrics.ts'
import { type NameServer, systemNameServer } from './resolver.ts'
import { Router } from './router.ts'
import type { Selector } from './selector.ts'
import { limitsOf, partOf, type Share, whole } from './share.ts'
import { StreamPool } from './stream-pool.ts'
import { tlsPolicyFor } from './tls-policies.ts'
import type { UpstreamPool } from './upstream.ts'
import { liveTls } from './upstream-tls.ts'

/** What a runtime is given once, for the life of the process. */
export interface RuntimeOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly wheel: Wheel
  readonly log: Log
  readonly metrics: ProxyMetrics
  /** The region this proxy runs in; '' when it was not told. */
  readonly region: string
  /** The zone this proxy runs in, for the hints of EndpointSlices. */
  readonly zone?: string
  /** Names of backends and issuers are not looked for in the search domains of the system. */
  readonly absoluteNames?: boolean
  readonly allowLoopback: boolean
  /** Where fetched keys of issuers outlive the process. */
  readonly keyStore?: KeyStore
  /** One of several processes that serve together: its part of the limits, and how health is shared. */
  readonly share?: Share
  readonly health?: HealthLink
}

/**
 * The live form of the current snapshot. There is one a process: `apply` swaps what the snapshot says and
 * carries on what has a stable id (clusters with their pools and health, key sets and caches; invariant 8).
 */
export class Runtime {
  readonly clock: Clock
  readonly dice: Dice
  readonly wheel: Wheel
  readonly log: Log
  readonly metrics: ProxyMetrics
  readonly region: string
  readonly zone: string
  readonly allowLoopback: boolean
  readonly share: Share
  readonly #health: HealthLink | undefined
  readonly #names: NameServer
  readonly #observer: ClusterObserver
  /** Set by whoever watches memory: with any pressure no new request is taken. */
  pressure: 'none' | 'refuse' | 'shed' = 'none'
  /** Who may see which rule served them (settings.debugHeadersFor). */
  debugCallers: CidrSet = parseCidrs([])
  /** Where the listener with TLS is, when there is one. */
  httpsPort: number | undefined
  /** Grows with each snapshot. */
  generation = 0
  snapshot: Snapshot
  /** Those of the snapshot's settings, as far as they are this process's. */
  limits: Limits
  router: Router
  clusters: ReadonlyMap<string, LiveCluster> = new Map()
  authorizers: ReadonlyMap<string, LiveAuthorizer> = new Map()
  readonly access: Authorizers
  /** What picks the backends of a rule, from its first request on. */
  readonly selectors = new WeakMap<Rule, Selector>()

  constructor(options: RuntimeOptions, empty: Snapshot) {
    this.clock = options.clock
    this.dice = options.dice
    this.wheel = options.wheel
    this.log = options.log
    this.metrics = options.metrics
    this.region = options.region
    this.zone = options.zone ?? ''
    this.#names = systemNameServer({ isAbsolute: options.absoluteNames === true })
    this.allowLoopback = options.allowLoopback
    this.share = options.share ?? whole
    this.#health = options.health
    this.#observer = logged(options.metrics.clusters, options.log, options.clock)
    this.snapshot = empty
    this.limits = limitsOf(empty.settings.limits, this.share)
    this.router = new Router([])
    this.access = new Authorizers({
      ...options,
      fetch: (url, connectTo) =>
        fetchJson(url, { ...options, isForbidden: isForbiddenAddress, connectTo }),
      endpointOf: (cluster) => this.#endpointOf(cluster),
      limits: () => this.limits,
      observer: options.metrics.authorizers,
      store: options.keyStore,
    })
  }

  /** Whole or not at all: throws before anything has changed when the snapshot cannot be made live. */
  apply(snapshot: Snapshot): void {
    const clusters = new Map(
      snapshot.clusters.map((cluster) => [
        cluster.id,
        this.clusters.get(cluster.id) ?? this.#open(cluster, snapshot.secrets),
      ]),
    )
    const takeAuthorizers = this.access.prepare(snapshot.authorizers)
    // The last that can throw: from here on the router before is of no use.
    const router = new Router(snapshot.hosts, this.router)
    for (const cluster of snapshot.clusters) clusters.get(cluster.id)?.update(cluster)
    this.#keepIdle(clusters, snapshot.settings.clocks.upstreamIdleMs)
    const dropped = this.clusters
    this.generation++
    this.debugCallers = parseCidrs(snapshot.settings.debugHeadersFor)
    this.snapshot = snapshot
    this.limits = limitsOf(snapshot.settings.limits, this.share)
    this.router = router
    this.clusters = clusters
    takeAuthorizers()
    this.authorizers = this.access.byId
    for (const [id, cluster] of dropped) if (clusters.get(id) !== cluster) cluster.close()
  }

  /** @param serverName as in a ClientHello, lower case; '' without one */
  tlsPolicy(serverName: string): TlsPolicy | undefined {
    return tlsPolicyFor(serverName, this.router, this.snapshot)
  }

  /** Connections that exist count by it when they are idle next. */
  #keepIdle(clusters: ReadonlyMap<string, LiveCluster>, idleMs: number): void {
    if (idleMs === this.snapshot.settings.clocks.upstreamIdleMs) return
    for (const { endpoints } of clusters.values())
      for (const { pool } of endpoints) pool.idleMs = idleMs
  }

  #open(cluster: Cluster, secrets: Snapshot['secrets']): LiveCluster {
    const { clock, dice, allowLoopback } = this
    // Part of the cluster's identity: another certificate makes another cluster.
    const tls = liveTls(cluster, secrets, this.log)
    const openPool = (current: Cluster, address: string, port: number) =>
      this.#pool(current, { address, port, tls })
    return new LiveCluster(cluster, {
      clock,
      dice,
      allowLoopback,
      tls,
      names: this.#names,
      observer: this.#observer,
      openPool,
      ...(this.#health !== undefined && { link: this.#health }),
    })
  }

  #pool({ maxConnections, maxPending, protocol }: Cluster, target: PoolTarget): UpstreamPool {
    const { wheel, allowLoopback } = this
    const idleMs = this.snapshot.settings.clocks.upstreamIdleMs
    return new (protocol === undefined ? Pool : StreamPool)(target, {
      wheel,
      maxConnections: partOf(maxConnections, this.share),
      maxPending: partOf(maxPending, this.share),
      idleMs,
      allowLoopback,
      onUnsolicited: this.metrics.unsolicited,
    })
  }

  /** An endpoint of a cluster that serves a key set. */
  #endpointOf(cluster: string) {
    const endpoints = this.clusters.get(cluster)?.endpoints ?? []
    return endpoints.find((endpoint) => endpoint.healthy) ?? endpoints[0]
  }

  /** Gives back what only saves time: idle connections to backends. */
  shed(): void {
    for (const { endpoints } of this.clusters.values())
      for (const { pool } of endpoints) pool.shed()
  }

  close(): void {
    for (const cluster of this.clusters.values()) cluster.close()
    this.access.close()
  }
}
