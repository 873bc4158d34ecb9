import type { Clock, Timer } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Cluster } from '../../model/cluster.ts'
import { Probe } from './active-health.ts'
import { type Address, resolvedAddresses, serviceAddresses } from './addresses.ts'
import { failureOf, LiveEndpoint, type Outcome } from './endpoint.ts'
import {
  type Ejection,
  type EndpointName,
  type HealthLink,
  type ProbeReport,
  probeStateOf,
  reportOf,
} from './health-link.ts'
import { countOutcome, eject, mayReturn, restore } from './passive-health.ts'
import { type NameServer, Resolution, type ResolutionFault } from './resolver.ts'
import type { UpstreamPool } from './upstream.ts'
import type { LiveTls } from './upstream-tls.ts'

/** What happens to health, for metrics and the log. */
export interface ClusterObserver {
  ejected(cluster: LiveCluster, endpoint: LiveEndpoint, reason: string): void
  recovered(cluster: LiveCluster, endpoint: LiveEndpoint): void
  /** Told again with each look-up that fails. */
  unresolved(cluster: LiveCluster, fault: ResolutionFault): void
  resolved(cluster: LiveCluster): void
}

export interface ClusterOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly names: NameServer
  readonly allowLoopback: boolean
  /** For probes; pools have their own. */
  readonly tls?: LiveTls | undefined
  readonly openPool: (cluster: Cluster, address: string, port: number) => UpstreamPool
  readonly observer: ClusterObserver
  /** Health is shared with other processes, and one of them probes. */
  readonly link?: HealthLink
  /** Told whenever probes learn something that counts. */
  readonly probed?: (report: ProbeReport) => void
}

/** How often ejected endpoints are looked at. */
const checkMs = 250

/** One target with its endpoints, their connections and their health; shared by all rules that name it alike. */
export class LiveCluster {
  readonly id: string
  readonly name: string
  endpoints: readonly LiveEndpoint[] = []
  /** Changes whenever the set of usable endpoints does. */
  version = 0
  readonly #options: ClusterOptions
  readonly #probes = new Map<LiveEndpoint, Probe>()
  #cluster: Cluster
  #updated: Cluster | undefined
  #resolution: Resolution | undefined
  #timer: Timer | undefined
  #ejected = 0

  constructor(cluster: Cluster, options: ClusterOptions) {
    this.id = cluster.id
    this.name = cluster.name
    this.#cluster = cluster
    this.#options = options
  }

  /** How its name is found; undefined when its endpoints are known without one. */
  get resolution(): Resolution | undefined {
    return this.#resolution
  }

  get slowStartMs(): number {
    return this.#cluster.health.slowStartMs
  }

  get slowFactor(): number {
    return this.#cluster.health.passive.slowFactor
  }

  /** Takes over a cluster of the same id: only the endpoints can differ. Called once after it was made, too. */
  update(cluster: Cluster): void {
    if (cluster === this.#updated) return
    this.#updated = cluster
    this.#cluster = cluster
    const { target } = cluster
    if (target.kind === 'service') return this.#replace(serviceAddresses(target))
    this.#resolution ??= new Resolution(target.hostname, {
      ...this.#options,
      changed: (addresses) => this.#replace(resolvedAddresses(addresses, target.port)),
      failed: (fault) => this.#options.observer.unresolved(this, fault),
      recovered: () => this.#options.observer.resolved(this),
    })
  }

  #replace(addresses: readonly Address[]): void {
    const known = new Map(
      this.endpoints.map((endpoint) => [`${endpoint.address} ${endpoint.port}`, endpoint]),
    )
    this.endpoints = addresses.map((wanted) => {
      const key = `${wanted.address} ${wanted.port}`
      const endpoint = known.get(key) ?? this.#open(wanted)
      known.delete(key)
      endpoint.terminating = wanted.terminating
      endpoint.zones = wanted.zones
      return endpoint
    })
    for (const gone of known.values()) this.#drop(gone)
    this.version++
    for (const endpoint of this.endpoints)
      if (endpoint.probe?.healthy === false && !endpoint.ejected) this.#probed(endpoint)
  }

  #open({ address, port }: Address): LiveEndpoint {
    const endpoint = new LiveEndpoint(
      address,
      port,
      this.#options.openPool(this.#cluster, address, port),
    )
    const { active } = this.#cluster.health
    const { link, clock } = this.#options
    if (active === undefined) return endpoint
    if (link === undefined)
      this.#probes.set(endpoint, new Probe(endpoint, active, this.#probeOptions()))
    else endpoint.probe = probeStateOf(link.probed(this.#named(endpoint)), clock.nowMs())
    return endpoint
  }

  #probeOptions() {
    const { target, protocol } = this.#cluster
    const authority =
      target.kind === 'url'
        ? `${target.hostname}:${target.port}`
        : `${target.service}.${target.namespace}`
    return {
      ...this.#options,
      authority,
      protocol,
      changed: (endpoint: LiveEndpoint) => this.#probed(endpoint),
      learnt: (endpoint: LiveEndpoint) => this.#report(endpoint),
    }
  }

  #named({ address, port }: LiveEndpoint): EndpointName {
    return { cluster: this.id, address, port }
  }

  #report(endpoint: LiveEndpoint): void {
    const { probe } = endpoint
    if (probe === undefined) return
    this.#options.probed?.(reportOf(this.#named(endpoint), probe, this.#options.clock.nowMs()))
  }

  /** What is known of every endpoint that is probed here. */
  reports(): ProbeReport[] {
    const nowMs = this.#options.clock.nowMs()
    return this.endpoints.flatMap((endpoint) =>
      endpoint.probe === undefined ? [] : reportOf(this.#named(endpoint), endpoint.probe, nowMs),
    )
  }

  /** Another process has probed. */
  probeReported(report: ProbeReport): void {
    const endpoint = this.#find(report)
    if (endpoint?.probe === undefined) return
    const { healthy, confirmed } = endpoint.probe
    endpoint.probe = probeStateOf(report, this.#options.clock.nowMs())
    if (healthy !== report.healthy || confirmed !== report.confirmed) this.#probed(endpoint)
  }

  /** Another process has ejected an endpoint for what its requests met; it has counted and told that. */
  ejectedElsewhere(ejection: Ejection): void {
    const endpoint = this.#find(ejection)
    if (endpoint === undefined) return
    if (!endpoint.ejected && this.#mayEject()) return this.#takeOut(endpoint, ejection.reason)
    // That process waits for a probe after its own ejection.
    if (endpoint.probe !== undefined) endpoint.probe.confirmed = false
    this.#probes.get(endpoint)?.hurry()
  }

  #find({ address, port }: EndpointName): LiveEndpoint | undefined {
    return this.endpoints.find((each) => each.address === address && each.port === port)
  }

  #drop(endpoint: LiveEndpoint): void {
    this.#probes.get(endpoint)?.stop()
    this.#probes.delete(endpoint)
    endpoint.pool.close()
    if (endpoint.ejected) this.#ejected--
  }

  #probed(endpoint: LiveEndpoint): void {
    this.version++
    if (endpoint.probe?.healthy === false) {
      // What probes found is held to the same patience as what requests found: a flapping region must not flap traffic.
      if (endpoint.ejected) return
      if (this.#options.link === undefined) this.#eject(endpoint, 'probe')
      else this.#takeOut(endpoint, 'probe')
    } else this.#check()
  }

  countsAsFailure(status: number): boolean {
    return this.#cluster.health.passive.statuses.includes(status)
  }

  record(endpoint: LiveEndpoint, outcome: Outcome): void {
    const rules = this.#cluster.health.passive
    const nowMs = this.#options.clock.nowMs()
    if (outcome.ok) endpoint.sample(outcome.firstByteMs)
    else endpoint.lastFailure = failureOf(outcome, this.#options.clock.wallMs())
    if (!countOutcome(endpoint, outcome.ok, rules, nowMs) || endpoint.ejected) return
    if (this.#mayEject()) this.#eject(endpoint, outcome.failure ?? 'status')
  }

  #mayEject(): boolean {
    const { maxEjected } = this.#cluster.health.passive
    return (this.#ejected + 1) * 100 <= maxEjected * this.endpoints.length
  }

  /** With nothing healthy a trial has found out that an endpoint is back. Probes, where there are any, know better. */
  trialSucceeded(endpoint: LiveEndpoint): void {
    if (!endpoint.ejected || endpoint.probe !== undefined) return
    this.#restore(endpoint, this.#options.clock.nowMs())
  }

  /** Ejects endpoints whose median time to first byte is beyond this. */
  ejectSlow(limitMs: number): void {
    for (const endpoint of this.endpoints) {
      if (endpoint.ejected || (endpoint.medianMs() ?? 0) <= limitMs) continue
      if (this.#mayEject()) this.#eject(endpoint, 'slow')
    }
  }

  /** Median over the endpoints, undefined while little is known. */
  medianMs(): number | undefined {
    const medians = this.endpoints
      .filter((endpoint) => endpoint.healthy)
      .flatMap((endpoint) => endpoint.medianMs() ?? [])
    return medians.length === 0 ? undefined : medians.sort((a, b) => a - b)[medians.length >> 1]
  }

  #eject(endpoint: LiveEndpoint, reason: string): void {
    this.#takeOut(endpoint, reason)
    this.#options.observer.ejected(this, endpoint, reason)
    this.#options.link?.ejected({ ...this.#named(endpoint), reason })
  }

  #takeOut(endpoint: LiveEndpoint, reason: string): void {
    endpoint.ejectedFor = reason
    eject(endpoint, this.#cluster.health.passive, this.#options.clock.nowMs())
    this.#ejected++
    this.version++
    this.#probes.get(endpoint)?.hurry()
    this.#watch()
  }

  #watch(): void {
    this.#timer ??= this.#options.clock.after(checkMs, () => {
      this.#timer = undefined
      this.#check()
    })
  }

  #check(): void {
    const nowMs = this.#options.clock.nowMs()
    for (const endpoint of this.endpoints) {
      if (!endpoint.ejected || !mayReturn(endpoint, this.#cluster.health.passive, nowMs)) continue
      this.#restore(endpoint, nowMs)
    }
    if (this.#ejected > 0) this.#watch()
  }

  #restore(endpoint: LiveEndpoint, nowMs: number): void {
    restore(endpoint, nowMs)
    this.#ejected--
    this.version++
    this.#options.observer.recovered(this, endpoint)
  }

  close(): void {
    this.#resolution?.stop()
    this.#timer?.cancel()
    for (const probe of this.#probes.values()) probe.stop()
    for (const endpoint of this.endpoints) endpoint.pool.close()
  }
}
