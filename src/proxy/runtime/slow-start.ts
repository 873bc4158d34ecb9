import type { LiveEndpoint } from './endpoint.ts'

/** Share of its weight that an endpoint carries: from a tenth to all of it over the time after a recovery. */
export function rampOf(endpoint: LiveEndpoint, slowStartMs: number, nowMs: number): number {
  if (endpoint.slowStartMs === 0) return 1
  const share = slowStartMs === 0 ? 1 : (nowMs - endpoint.slowStartMs) / slowStartMs
  if (share < 1) return Math.max(share, 0.1)
  endpoint.slowStartMs = 0
  return 1
}
