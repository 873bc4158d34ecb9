import type { ActiveHealth, Health, PassiveHealth } from '../../model/snapshot.ts'
import type { HealthSpec } from '../api/specs.ts'

/** Health of the backends of a rule, with the defaults of api.md: passive on, active off. */
export function draftHealth(spec: HealthSpec, failing: readonly number[]): Health {
  return {
    ...(spec.active !== undefined && { active: draftActive(spec.active) }),
    passive: draftPassive(spec.passive ?? {}, failing),
    slowStartMs: spec.slowStart ?? 10_000,
  }
}

const draftActive = (spec: NonNullable<HealthSpec['active']>): ActiveHealth => ({
  path: spec.path ?? '/',
  intervalMs: spec.interval ?? 5000,
  unhealthyIntervalMs: spec.unhealthyInterval ?? 1000,
  timeoutMs: spec.timeout ?? 1000,
  healthy: spec.healthy ?? 2,
  unhealthy: spec.unhealthy ?? 2,
  statuses: (spec.statuses ?? ['200-299']).map(statusRange),
})

/** `200` or `200-299`. */
function statusRange(text: string): readonly [number, number] {
  const [from, to] = text.split('-').map(Number)
  return [from ?? 0, to ?? from ?? 0]
}

const draftPassive = (
  spec: NonNullable<HealthSpec['passive']>,
  statuses: readonly number[],
): PassiveHealth => ({
  consecutiveFailures: spec.consecutiveFailures ?? 3,
  failurePercent: spec.failurePercent ?? 30,
  minRequests: spec.minRequests ?? 20,
  windowMs: spec.window ?? 10_000,
  slowFactor: spec.slowFactor ?? 5,
  ejectForMs: spec.ejectFor ?? 10_000,
  maxEjected: spec.maxEjected ?? 100,
  statuses,
})
