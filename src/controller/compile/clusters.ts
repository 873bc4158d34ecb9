import { isForbiddenAddress } from '../../model/address.ts'
import type { Cluster } from '../../model/cluster.ts'
import { digestOf } from '../../model/digest.ts'
import { type Delta, groupIn } from './delta.ts'
import type { ClusterDraft } from './draft-cluster.ts'
import { type EndpointsFound, endpointsOf } from './endpoints.ts'
import { compareTexts } from './order.ts'
import type { ClusterUse } from './resolve-backend.ts'
import { SortedList } from './sorted-list.ts'
import type { WorldTables } from './tables.ts'

/** A cluster with its endpoints, and what was left out of it. */
export interface BuiltCluster {
  readonly cluster: Cluster
  readonly digest: string
  /** Messages for every rule that uses the cluster. */
  readonly faults: readonly string[]
}

interface Entry {
  readonly draft: ClusterDraft
  users: number
  built: BuiltCluster | undefined
}

/** The clusters that are in use, kept up to date: one whose endpoints did not change stays the same object. */
export class Clustering {
  readonly #allowLoopback: boolean
  readonly #entries = new Map<string, Entry>()
  /** Entries of a Service, by its key. */
  readonly #ofService = new Map<string, Entry[]>()
  readonly #built = new SortedList<BuiltCluster>((a, b) => compareTexts(a.cluster.id, b.cluster.id))

  constructor(allowLoopback: boolean) {
    this.#allowLoopback = allowLoopback
  }

  /** Every cluster in use, sorted by id. */
  get clusters(): readonly BuiltCluster[] {
    return this.#built.values
  }

  update(uses: Delta<ClusterUse>, tables: WorldTables): Delta<BuiltCluster> {
    const touched = new Set<Entry>()
    for (const { cluster } of uses.come) touched.add(this.#enter(cluster))
    for (const { cluster } of uses.gone) touched.add(this.#leave(cluster))
    for (const service of tables.changedServices) {
      for (const entry of this.#ofService.get(service) ?? []) touched.add(entry)
    }
    const gone: BuiltCluster[] = []
    const come: BuiltCluster[] = []
    for (const entry of touched) {
      const before = entry.built
      entry.built = entry.users === 0 ? this.#forget(entry) : this.#build(entry, tables)
      if (entry.built === before) continue
      if (before !== undefined) gone.push(before)
      if (entry.built !== undefined) come.push(entry.built)
    }
    this.#built.apply({ gone, come })
    return { gone, come }
  }

  #enter(draft: ClusterDraft): Entry {
    const known = this.#entries.get(draft.id)
    const entry = known ?? { draft, users: 0, built: undefined }
    entry.users++
    if (known !== undefined) return entry
    this.#entries.set(draft.id, entry)
    if (draft.target.kind === 'service')
      groupIn(this.#ofService, serviceOf(draft.target)).push(entry)
    return entry
  }

  #leave({ id }: ClusterDraft): Entry {
    const entry = this.#entries.get(id) as Entry
    entry.users--
    return entry
  }

  #forget({ draft }: Entry): undefined {
    this.#entries.delete(draft.id)
    if (draft.target.kind === 'url') return
    const key = serviceOf(draft.target)
    const others = groupIn(this.#ofService, key).filter((entry) => entry.draft.id !== draft.id)
    if (others.length === 0) this.#ofService.delete(key)
    else this.#ofService.set(key, others)
  }

  #build({ draft, built }: Entry, tables: WorldTables): BuiltCluster {
    const { target } = draft
    if (target.kind === 'url') return built ?? withDigest({ ...draft, target }, none)
    const service = tables.services.get(serviceOf(target))
    const slices = tables.slices.get(serviceOf(target))
    const isRefused = (address: string): boolean => isForbiddenAddress(address, this.#allowLoopback)
    const found: EndpointsFound =
      service === undefined
        ? { endpoints: none, faults: none }
        : endpointsOf(service, target.port, slices, isRefused)
    const fresh = withDigest(
      { ...draft, target: Object.freeze({ ...target, endpoints: found.endpoints }) },
      found.faults,
    )
    return built !== undefined && isSame(built, fresh) ? built : fresh
  }
}

const none: readonly never[] = Object.freeze([])

const serviceOf = (target: { readonly namespace: string; readonly service: string }): string =>
  `${target.namespace}/${target.service}`

const withDigest = (cluster: Cluster, faults: readonly string[]): BuiltCluster => ({
  cluster: Object.freeze(cluster),
  digest: digestOf(cluster),
  faults,
})

const isSame = (a: BuiltCluster, b: BuiltCluster): boolean =>
  a.digest === b.digest && a.faults.join() === b.faults.join()
