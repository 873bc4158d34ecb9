import type { ProbeState } from './endpoint.ts'

/** One endpoint, as processes that serve the same snapshot name it to each other. */
export interface EndpointName {
  readonly cluster: string
  readonly address: string
  readonly port: number
}

/** What probes found. Times are ages: the monotonic clocks of two processes have nothing in common. */
export interface ProbeReport extends EndpointName {
  readonly healthy: boolean
  /** How long probes have succeeded without a break; undefined while they fail. */
  readonly okForMs: number | undefined
  /** A probe has succeeded since the last ejection. */
  readonly confirmed: boolean
}

/** An endpoint was taken out of rotation for what requests met. */
export interface Ejection extends EndpointName {
  readonly reason: string
}

/**
 * How one of several processes shares what is known of health: probes run once, elsewhere, and what requests of one
 * process find out counts for all.
 */
export interface HealthLink {
  /** The last that probes found; undefined before they found anything. */
  probed(name: EndpointName): ProbeReport | undefined
  ejected(ejection: Ejection): void
}

/** A new endpoint is healthy until probes say otherwise. */
export const probeStateOf = (report: ProbeReport | undefined, nowMs: number): ProbeState => ({
  healthy: report?.healthy ?? true,
  successes: 0,
  failures: 0,
  okSinceMs:
    report === undefined ? nowMs : report.okForMs === undefined ? 0 : nowMs - report.okForMs,
  confirmed: report?.confirmed ?? true,
})

export const reportOf = (name: EndpointName, probe: ProbeState, nowMs: number): ProbeReport => ({
  cluster: name.cluster,
  address: name.address,
  port: name.port,
  healthy: probe.healthy,
  okForMs: probe.okSinceMs === 0 ? undefined : nowMs - probe.okSinceMs,
  confirmed: probe.confirmed,
})
