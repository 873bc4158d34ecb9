import type { PassiveHealth } from '../../model/cluster.ts'
import type { LiveEndpoint } from './endpoint.ts'

const memoryMs = 5 * 60_000
const longestMs = 5 * 60_000

/** Counts one outcome. True when the endpoint has earned an ejection. */
export function countOutcome(
  endpoint: LiveEndpoint,
  ok: boolean,
  rules: PassiveHealth,
  nowMs: number,
): boolean {
  if (nowMs - endpoint.windowStartMs > rules.windowMs) {
    endpoint.windowStartMs = nowMs
    endpoint.requests = 0
    endpoint.failures = 0
  }
  endpoint.requests++
  if (ok) {
    endpoint.consecutiveFailures = 0
    return false
  }
  endpoint.failures++
  endpoint.consecutiveFailures++
  const isRow = endpoint.consecutiveFailures >= rules.consecutiveFailures
  const isShare =
    endpoint.requests >= rules.minRequests &&
    endpoint.failures * 100 >= rules.failurePercent * endpoint.requests
  return isRow || isShare
}

/** Ejects, longer each time within five minutes: ejectFor·3ⁿ without probes; with them ejectFor·2ⁿ of health is asked for. */
export function eject(endpoint: LiveEndpoint, rules: PassiveHealth, nowMs: number): void {
  endpoint.ejections = endpoint.ejections.filter((at) => nowMs - at < memoryMs)
  endpoint.ejections.push(nowMs)
  const lasts = rules.ejectForMs * 3 ** (endpoint.ejections.length - 1)
  endpoint.ejectedUntilMs =
    nowMs + (endpoint.probe === undefined ? Math.min(lasts, longestMs) : rules.ejectForMs)
  if (endpoint.probe !== undefined) endpoint.probe.confirmed = false
  forget(endpoint, nowMs)
  endpoint.pool.shed()
}

/** Whether an ejected endpoint may be used again. */
export function mayReturn(endpoint: LiveEndpoint, rules: PassiveHealth, nowMs: number): boolean {
  if (nowMs < endpoint.ejectedUntilMs) return false
  const { probe } = endpoint
  if (probe === undefined) return true
  const wanted = Math.min(rules.ejectForMs * 2 ** endpoint.ejections.length, longestMs)
  return probe.okSinceMs > 0 && nowMs - probe.okSinceMs >= wanted
}

export function restore(endpoint: LiveEndpoint, nowMs: number): void {
  endpoint.ejectedUntilMs = 0
  endpoint.slowStartMs = nowMs
  forget(endpoint, nowMs)
}

function forget(endpoint: LiveEndpoint, nowMs: number): void {
  endpoint.consecutiveFailures = 0
  endpoint.requests = 0
  endpoint.failures = 0
  endpoint.windowStartMs = nowMs
  endpoint.forgetSamples()
}
