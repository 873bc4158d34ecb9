import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import { Wheel } from '../../base/wheel.ts'
import type { Cluster } from '../../model/cluster.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { type ClusterObserver, LiveCluster } from '../runtime/cluster.ts'
import type { Ejection, ProbeReport } from '../runtime/health-link.ts'
import { Pool } from '../runtime/pool.ts'
import { systemNameServer } from '../runtime/resolver.ts'
import { liveTls } from '../runtime/upstream-tls.ts'

export interface ProberOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  readonly allowLoopback: boolean
  readonly observer: ClusterObserver
  /** Told whenever probes learn something that counts. */
  readonly learnt: (report: ProbeReport) => void
}

/**
 * Probes endpoints for processes that serve them: one stream of probes per endpoint, however many workers there are.
 * Its clusters are those of the data plane, without traffic.
 */
export class Prober {
  readonly #options: ProberOptions
  readonly #names = systemNameServer()
  readonly #wheel: Wheel
  #clusters: ReadonlyMap<string, LiveCluster> = new Map()

  constructor(options: ProberOptions) {
    this.#options = options
    this.#wheel = new Wheel(options.clock)
  }

  update(snapshot: Snapshot): void {
    const before = this.#clusters
    const wanted = snapshot.clusters.filter(({ health }) => health.active !== undefined)
    this.#clusters = new Map(
      wanted.map((cluster) => [
        cluster.id,
        before.get(cluster.id) ?? this.#open(cluster, snapshot.secrets),
      ]),
    )
    for (const cluster of wanted) this.#clusters.get(cluster.id)?.update(cluster)
    for (const [id, cluster] of before) if (!this.#clusters.has(id)) cluster.close()
  }

  #open(cluster: Cluster, secrets: Snapshot['secrets']): LiveCluster {
    const { clock, dice, log, allowLoopback, observer, learnt } = this.#options
    return new LiveCluster(cluster, {
      clock,
      dice,
      allowLoopback,
      observer,
      tls: liveTls(cluster, secrets, log),
      names: this.#names,
      openPool: (_, address, port) => this.#unused(address, port),
      probed: learnt,
    })
  }

  #unused(address: string, port: number): Pool {
    const none = { maxConnections: 1, maxPending: 0, idleMs: 1, onUnsolicited: () => {} }
    const { allowLoopback } = this.#options
    return new Pool({ address, port }, { wheel: this.#wheel, allowLoopback, ...none })
  }

  /** What a new worker has to know. */
  reports(): ProbeReport[] {
    return [...this.#clusters.values()].flatMap((cluster) => cluster.reports())
  }

  /** Ejected endpoints are probed more often. */
  ejected(ejection: Ejection): void {
    this.#clusters.get(ejection.cluster)?.ejectedElsewhere(ejection)
  }

  close(): void {
    for (const cluster of this.#clusters.values()) cluster.close()
    this.#wheel.close()
  }
}
