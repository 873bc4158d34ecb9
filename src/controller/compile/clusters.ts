import { isForbiddenAddress } from '../../model/address.ts'
import type { Cluster } from '../../model/snapshot.ts'
import { endpointsOf } from './endpoints.ts'
import type { Tables } from './lookup.ts'
import { compareTexts, isSameList, sortAgain } from './order.ts'
import type { ClusterDraft, ClusterUse } from './resolve-backend.ts'
import type { EndpointSlice, Service } from './world.ts'

/** A cluster with its endpoints, and what was left out of it. */
export interface BuiltCluster {
  readonly cluster: Cluster
  /** Messages for every rule that uses the cluster. */
  readonly faults: readonly string[]
  readonly service: Service | undefined
  readonly slices: readonly EndpointSlice[]
}

/** Builds every cluster that is in use, again and again: one whose Service and slices are the same stays the same object. */
export function createClusterBuilding(
  allowLoopback: boolean,
): (uses: Iterable<ClusterUse>, tables: Tables) => readonly BuiltCluster[] {
  let built: readonly BuiltCluster[] = []
  const isRefused = (address: string): boolean => isForbiddenAddress(address, allowLoopback)
  return (uses, tables) => {
    const before = new Map(built.map((each) => [each.cluster.id, each]))
    const next = new Map<string, BuiltCluster>()
    for (const { cluster } of uses) {
      if (!next.has(cluster.id))
        next.set(cluster.id, buildCluster(cluster, tables, isRefused, before.get(cluster.id)))
    }
    built = sortAgain(built, [...next.values()], (a, b) => compareTexts(a.cluster.id, b.cluster.id))
    return built
  }
}

/** Fills a cluster with its endpoints, or takes over the one before if its Service and slices are the very same. */
function buildCluster(
  draft: ClusterDraft,
  tables: Tables,
  isRefused: (address: string) => boolean,
  before: BuiltCluster | undefined,
): BuiltCluster {
  const { target } = draft
  if (target.kind === 'url')
    return (
      before ?? { cluster: { ...draft, target }, faults: none, service: undefined, slices: none }
    )
  const key = `${target.namespace}/${target.service}`
  const service = tables.services.get(key)
  const slices = tables.slices.get(key) ?? none
  if (before !== undefined && before.service === service && isSameList(before.slices, slices))
    return before
  const found =
    service === undefined
      ? { endpoints: none, faults: none }
      : endpointsOf(service, target.port, slices, isRefused)
  const cluster = Object.freeze({
    ...draft,
    target: Object.freeze({ ...target, endpoints: found.endpoints }),
  })
  return { cluster, faults: found.faults, service, slices }
}

const none: readonly never[] = Object.freeze([])
