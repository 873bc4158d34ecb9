import type { FailureCode, FailureDetail } from '../../model/failure.ts'
import type { ConnectFault } from '../runtime/connect-fault.ts'
import type { Picked } from '../runtime/selector.ts'
import type { UpstreamClock } from '../runtime/upstream.ts'
import type { Attempt, Exchange } from './exchange.ts'
import type { Lane } from './forward.ts'

/** One try at one backend: what came of it, told once to metrics, log and the health of the endpoint. */
export class LiveAttempt implements Attempt {
  readonly backend: string
  readonly region: string
  outcome = ''
  reason: ConnectFault | undefined
  ms = 0
  readonly #exchange: Exchange
  readonly #lane: Lane
  readonly #picked: Picked
  readonly #startedMs: number
  #hasEnded = false

  constructor(exchange: Exchange, lane: Lane, picked: Picked) {
    this.#exchange = exchange
    this.#lane = lane
    this.#picked = picked
    this.#startedMs = lane.runtime.clock.nowMs()
    this.backend = picked.backend.name
    this.region = picked.backend.region
  }

  /** @returns milliseconds from the request on, of what is left of `limitMs` at the attempt's start */
  leftOf(limitMs: number): number {
    return limitMs - (this.#startedMs - this.#exchange.request.startedMs)
  }

  /** @returns milliseconds until then; 0 when its outcome was known before, and is only put right now */
  end(outcome: string, reason?: ConnectFault): number {
    if (this.#hasEnded) {
      if (outcome !== 'cancelled') this.outcome = outcome
      return 0
    }
    this.#hasEnded = true
    this.outcome = outcome
    this.reason = reason
    this.ms = this.#spentMs()
    const { backend, cluster } = this.#picked
    this.#lane.meters.attempt(backend, cluster.name, outcomeLabel(outcome), this.ms / 1000)
    this.#exchange.attempts ??= []
    this.#exchange.attempts.push(this)
    return this.ms
  }

  /** What the endpoint's health has to know of it. */
  record(
    status: number,
    firstByteMs: number,
    failure: FailureCode | undefined,
    reason?: ConnectFault,
  ): void {
    const { cluster, endpoint } = this.#picked
    const ok = failure === undefined && !cluster.countsAsFailure(status)
    cluster.record(endpoint, { ok, status, firstByteMs, failure, reason })
    if (ok && this.isTrial) cluster.trialSucceeded(endpoint)
  }

  /** Nothing is healthy, and it is one request that looks whether that is still so. */
  get isTrial(): boolean {
    return this.#picked.panic && this.#lane.action.failover.panic === 'Fail'
  }

  /** A clock of the attempt that ran out, its limit and the time spent. */
  expiry(clock: UpstreamClock | undefined): FailureDetail | undefined {
    if (clock === undefined) return undefined
    const limitMs = this.#lane.rule.timeouts[`${clock}Ms`]
    return { clock, limitMs, spentMs: Math.round(this.#spentMs()) }
  }

  #spentMs(): number {
    return this.#lane.runtime.clock.nowMs() - this.#startedMs
  }
}

/** Status codes are one label a class (data-plane.md, Metrics); codes of failures are a closed list already. */
export const outcomeLabel = (outcome: string): string => labels[outcome] ?? outcome

const labels: Record<string, string> = {}
for (let status = 100; status < 600; status++) labels[status] = `${Math.trunc(status / 100)}xx`
