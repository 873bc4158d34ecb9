import type { Backend, Forward } from '../../model/snapshot.ts'

/** A backend as its level sees it. */
export interface Candidate {
  readonly backend: Backend
  /** Healthy share of its endpoints, from 0 to 1. */
  readonly health: number
  /** Share of its endpoints that are healthy again, but in their slow start. */
  readonly returning: number
  /** How far those are, from 0 to 1. */
  readonly ramp: number
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

const effective = ({ backend, health, returning, ramp }: Candidate): number =>
  backend.weight * capacity(health, returning, ramp)

/**
 * What can be carried by what is healthy. What comes back adds to what the others carry in step with its ramp, and
 * not sooner because of the over-provisioning.
 */
const capacity = (health: number, returning: number, ramp: number): number => {
  const settled = covered(health - returning)
  return settled + (covered(health) - settled) * ramp
}

function levelHealth(level: readonly Candidate[]): number {
  const sum = (value: (candidate: Candidate) => number): number =>
    level.reduce((total, candidate) => total + candidate.backend.weight * value(candidate), 0)
  const weights = sum(() => 1)
  if (weights === 0) return 0
  const returning = sum((candidate) => candidate.returning)
  const ramp =
    returning === 0 ? 1 : sum((candidate) => candidate.returning * candidate.ramp) / returning
  return capacity(sum(({ health }) => health) / weights, returning / weights, ramp)
}
