import type { Backend } from '../../model/snapshot.ts'
import type { LiveEndpoint } from './endpoint.ts'

/** A backend as its level sees it. */
export interface Candidate {
  readonly backend: Backend
  readonly total: number
  readonly usable: readonly LiveEndpoint[]
  /** Healthy share of its endpoints, slow start included, from 0 to 1. */
  readonly health: number
}

/** 72 % of the endpoints still carry the whole load (Envoy's over-provisioning factor). */
const overProvision = 1.4

const covered = (health: number): number => Math.min(1, health * overProvision)

/**
 * The share of traffic of each candidate, summing to 1, or all 0 when nothing is healthy. Levels are tried in
 * order: what one cannot carry spills to the next, and only that. Inside a level weights are shared out again over what
 * is healthy: 8:1:1 with the first down is 50:50.
 */
export function sharesOf(levels: readonly (readonly Candidate[])[]): number[][] {
  let left = 1
  const loads = levels.map((level) => {
    const load = Math.min(left, levelHealth(level))
    left -= load
    return load
  })
  const carried = 1 - left
  return levels.map((level, i) => {
    const sum = level.reduce((total, candidate) => total + effective(candidate), 0)
    return level.map((candidate) => (sum === 0 || carried === 0 ? 0 : ((loads[i] as number) / carried) * (effective(candidate) / sum)))
  })
}

const effective = ({ backend, health }: Candidate): number => backend.weight * covered(health)

function levelHealth(level: readonly Candidate[]): number {
  const weights = level.reduce((total, { backend }) => total + backend.weight, 0)
  const healthy = level.reduce((total, { backend, health }) => total + backend.weight * health, 0)
  return weights === 0 ? 0 : covered(healthy / weights)
}
