import type { Backend, Forward } from '../../model/snapshot.ts'

/** A backend as its level sees it. */
export interface Candidate {
  readonly backend: Backend
  /** Healthy share of its endpoints, slow start included, from 0 to 1. */
  readonly health: number
}

/**
 * The levels of a rule, first to last: its priorities, in each first the backends of our own region if the rule prefers
 * them; drained ones (weight 0) come last with equal weights, if the rule uses them at all.
 */
export function levelsOf({ backends, balance, failover }: Forward, region: string): Backend[][] {
  const isLocal = (backend: Backend) =>
    balance.locality === 'PreferLocal' && backend.region === region
  const rank = (backend: Backend) =>
    backend.weight === 0
      ? Number.POSITIVE_INFINITY
      : backend.priority * 2 + (isLocal(backend) ? 0 : 1)
  const used = backends.filter((backend) => backend.weight > 0 || failover.useDrained)
  const ranks = [...new Set(used.map(rank))].sort((a, b) => a - b)
  return ranks.map((level) =>
    used
      .filter((backend) => rank(backend) === level)
      .map((backend) => (backend.weight === 0 ? { ...backend, weight: 1 } : backend)),
  )
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
    return level.map((candidate) =>
      sum === 0 || carried === 0
        ? 0
        : ((loads[i] as number) / carried) * (effective(candidate) / sum),
    )
  })
}

const effective = ({ backend, health }: Candidate): number => backend.weight * covered(health)

function levelHealth(level: readonly Candidate[]): number {
  const weights = level.reduce((total, { backend }) => total + backend.weight, 0)
  const healthy = level.reduce((total, { backend, health }) => total + backend.weight * health, 0)
  return weights === 0 ? 0 : covered(healthy / weights)
}
