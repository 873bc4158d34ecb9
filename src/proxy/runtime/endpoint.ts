import type { FailureCode } from '../../model/failure.ts'
import type { ConnectFault } from './connect-fault.ts'
import type { UpstreamPool } from './upstream.ts'

/** Times to first byte that a median is taken over. */
const samples = 32

/** One address of a cluster: its connections and what is known of its health. Times are monotonic milliseconds. */
export class LiveEndpoint {
  readonly address: string
  readonly port: number
  readonly pool: UpstreamPool
  /** Zones whose proxies should prefer it; undefined: no hint. */
  zones: readonly string[] | undefined
  terminating = false
  /** Requests of ours that it has not finished. */
  inFlight = 0
  consecutiveFailures = 0
  /** Outcomes since `windowStartMs`. */
  requests = 0
  failures = 0
  windowStartMs = 0
  /** Not used before; 0 when it is not ejected. With probes it must have been healthy since long enough, too. */
  ejectedUntilMs = 0
  /** Why it was ejected last: a code of failure, `status`, `slow` or `probe`. */
  ejectedFor = ''
  lastFailure: EndpointFailure | undefined = undefined
  /** When it was ejected, within the last five minutes. */
  ejections: number[] = []
  probe: ProbeState | undefined = undefined
  /** The ramp after a recovery began; 0 when it is over. */
  slowStartMs = 0
  readonly #firstBytes: number[] = []
  #nextSample = 0

  constructor(address: string, port: number, pool: UpstreamPool) {
    this.address = address
    this.port = port
    this.pool = pool
  }

  get ejected(): boolean {
    return this.ejectedUntilMs !== 0
  }

  get healthy(): boolean {
    return this.ejectedUntilMs === 0 && this.probe?.healthy !== false
  }

  sample(firstByteMs: number): void {
    this.#firstBytes[this.#nextSample] = firstByteMs
    this.#nextSample = (this.#nextSample + 1) % samples
  }

  forgetSamples(): void {
    this.#firstBytes.length = 0
    this.#nextSample = 0
  }

  /** Median time to first byte in milliseconds, undefined before there are enough samples. */
  medianMs(): number | undefined {
    if (this.#firstBytes.length < samples / 2) return undefined
    const sorted = this.#firstBytes.toSorted((a, b) => a - b)
    return sorted[sorted.length >> 1]
  }
}

/** How one attempt at an endpoint went. */
export interface Outcome {
  readonly ok: boolean
  /** 0 without an answer. */
  readonly status: number
  readonly firstByteMs: number
  readonly failure: FailureCode | undefined
  /** Why there was no connection. */
  readonly reason?: ConnectFault | undefined
}

/** What went wrong with one request or probe. */
export interface EndpointFailure {
  /** A status, a code of failure, or `probe`. */
  readonly outcome: string
  /** Why there was no connection; of a probe also its status or `timeout`. */
  readonly reason: string | undefined
  readonly wallMs: number
}

export const failureOf = (
  { status, failure, reason }: Outcome,
  wallMs: number,
): EndpointFailure => ({ outcome: failure ?? String(status), reason, wallMs })

/** What active probes know. */
export interface ProbeState {
  healthy: boolean
  successes: number
  failures: number
  /** Probes have succeeded without a break since; 0 while they fail. */
  okSinceMs: number
  /** A probe has succeeded since the last ejection: what was known before it counts for nothing. */
  confirmed: boolean
}
