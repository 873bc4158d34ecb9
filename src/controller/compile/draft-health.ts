import type { ActiveHealth, Health, PassiveHealth } from '../../model/cluster.ts'
import type { HealthSpec } from '../api/specs.ts'
import type { Checks } from './checks.ts'
import { checkRequestTarget } from './draft-names.ts'

/** Health of the backends of a rule, with the defaults of api.md: passive on, active off. */
export function draftHealth(
  spec: HealthSpec,
  failing: readonly number[],
  where: string,
  checks: Checks,
): Health {
  return {
    ...(spec.active !== undefined && {
      active: draftActive(spec.active, `${where}.active`, checks),
    }),
    passive: draftPassive(spec.passive ?? {}, failing),
    slowStartMs: spec.slowStart ?? 10_000,
  }
}

function draftActive(
  spec: NonNullable<HealthSpec['active']>,
  where: string,
  checks: Checks,
): ActiveHealth {
  const { path = '/', grpc, statuses = ['200-299'] } = spec
  checkRequestTarget(path, `${where}.path`, checks)
  return {
    path,
    ...(grpc !== undefined && { grpc: { service: grpc.service ?? '' } }),
    intervalMs: spec.interval ?? 5000,
    unhealthyIntervalMs: spec.unhealthyInterval ?? 1000,
    timeoutMs: spec.timeout ?? 1000,
    healthy: spec.healthy ?? 2,
    unhealthy: spec.unhealthy ?? 2,
    statuses: statuses.map((text, at) => statusRange(text, `${where}.statuses[${at}]`, checks)),
  }
}

/** `200` or `200-299`. */
function statusRange(text: string, where: string, checks: Checks): readonly [number, number] {
  const [from = 0, to = from] = text.split('-').map(Number)
  if (from > to) checks.refuse(where, `"${text}" is empty; write ${to}-${from}`)
  return [from, to]
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
