import type { Backend } from '../../model/snapshot.ts'
import type { LiveCluster } from './cluster.ts'
import type { LiveEndpoint } from './endpoint.ts'
import type { Candidate } from './shares.ts'
import { rampOf } from './slow-start.ts'

/** A rule's backend as its selector sees it. */
export interface Slot {
  readonly backend: Backend
  readonly cluster: LiveCluster
  readonly level: number
  usable: readonly LiveEndpoint[]
  /** Those of them that first tries go to. */
  near: readonly LiveEndpoint[]
  share: number
  /** Smooth weighted round robin: what the backend is owed. */
  owed: number
  trialAtMs: number
}

/** Endpoints that are healthy; terminating ones only when nothing else is. */
export function usableOf(cluster: LiveCluster): readonly LiveEndpoint[] {
  const healthy = cluster.endpoints.filter((endpoint) => endpoint.healthy)
  const staying = healthy.filter((endpoint) => !endpoint.terminating)
  return staying.length > 0 ? staying : healthy
}

/**
 * Of what is usable, what the hints of its EndpointSlices want proxies of our zone to use. Everything, unless every endpoint has
 * a hint and a usable one has it for us (Kubernetes, topology aware routing).
 */
export function nearOf(
  cluster: LiveCluster,
  usable: readonly LiveEndpoint[],
  zone: string,
): readonly LiveEndpoint[] {
  if (zone === '' || cluster.endpoints.some(({ zones }) => zones === undefined)) return usable
  const near = usable.filter(({ zones }) => zones?.includes(zone))
  return near.length > 0 ? near : usable
}

/** Endpoints that probes call healthy, and have done so since they were ejected. */
export const probedOf = (cluster: LiveCluster): readonly LiveEndpoint[] =>
  cluster.endpoints.filter(({ probe }) => probe?.healthy === true && probe.confirmed)

/** How healthy a backend is, what comes back told apart. */
export function candidateOf({ backend, cluster, usable }: Slot, nowMs: number): Candidate {
  const ramps = usable
    .map((endpoint) => rampOf(endpoint, cluster.slowStartMs, nowMs))
    .filter((ramp) => ramp < 1)
  const total = Math.max(cluster.endpoints.length, 1)
  return {
    backend,
    health: usable.length / total,
    returning: ramps.length / total,
    ramp: ramps.length === 0 ? 1 : ramps.reduce((sum, ramp) => sum + ramp, 0) / ramps.length,
  }
}

/** Whether a slot is in a region in which nothing was tried: what failed there may be more than one endpoint. */
export function elsewhere(slots: readonly Slot[], tried: readonly LiveEndpoint[]) {
  const places = new Set(
    slots
      .filter(({ cluster }) => cluster.endpoints.some((endpoint) => tried.includes(endpoint)))
      .map(({ backend }) => placeOf(backend)),
  )
  return ({ slot }: { readonly slot: Slot }): boolean => !places.has(placeOf(slot.backend))
}

/** Backends of no region are places of their own. */
const placeOf = ({ region, name }: Backend): string => (region === '' ? ` ${name}` : region)
