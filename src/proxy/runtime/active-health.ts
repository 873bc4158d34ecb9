import type { Clock, Timer } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import { isForbiddenAddress } from '../../model/address.ts'
import type { ActiveHealth, Cluster } from '../../model/cluster.ts'
import { connectFaultOf } from './connect-fault.ts'
import type { LiveEndpoint } from './endpoint.ts'
import { askProbe } from './probe-request.ts'
import type { LiveTls } from './upstream-tls.ts'

export interface ProbeOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly allowLoopback: boolean
  /** Host of the probe's request. */
  readonly authority: string
  readonly tls?: LiveTls | undefined
  /** What is spoken to it; absent: HTTP/1.1. */
  readonly protocol?: Cluster['protocol']
  /** The endpoint became healthy or unhealthy. */
  readonly changed: (endpoint: LiveEndpoint) => void
  /** Something that counts is known now and was not before: health, or since when probes succeed. */
  readonly learnt: (endpoint: LiveEndpoint) => void
}

const timedOut = 'timeout'

/** One stream of HTTP probes to one endpoint. It starts at once; intervals are jittered by a tenth. */
export class Probe {
  readonly #endpoint: LiveEndpoint
  readonly #rules: ActiveHealth
  readonly #options: ProbeOptions
  #timer: Timer | undefined
  #request: ReturnType<typeof askProbe> | undefined
  #stopped = false
  #asking = false

  constructor(endpoint: LiveEndpoint, rules: ActiveHealth, options: ProbeOptions) {
    this.#endpoint = endpoint
    this.#rules = rules
    this.#options = options
    endpoint.probe ??= {
      healthy: true,
      successes: 0,
      failures: 0,
      okSinceMs: options.clock.nowMs(),
      confirmed: true,
    }
    this.#timer = options.clock.after(0, () => this.#send())
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#request?.destroy()
  }

  /** Asks now, not when the interval is over: requests say that something is wrong. */
  hurry(): void {
    if (this.#asking || this.#stopped) return
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(0, () => this.#send())
  }

  #send(): void {
    this.#asking = true
    const { address, port } = this.#endpoint
    if (isForbiddenAddress(address, this.#options.allowLoopback))
      return this.#answer('address_refused')
    const { tls, authority, protocol } = this.#options
    if (tls !== undefined && tls.context === undefined) return this.#answer('other')
    const timeout = this.#options.clock.after(this.#rules.timeoutMs, () =>
      this.#request?.destroy(Object.assign(new Error(), { code: timedOut })),
    )
    let isOver = false
    const over = (fault: string) => {
      if (isOver) return
      isOver = true
      timeout.cancel()
      this.#answer(fault)
    }
    this.#request = askProbe(
      { address, port, authority, tls, protocol, path: this.#rules.path, grpc: this.#rules.grpc },
      {
        answered: (status) => over(this.#isGood(status) ? '' : String(status)),
        checked: over,
        failed: (error) => over(error.code === timedOut ? timedOut : connectFaultOf(error)),
      },
    )
  }

  #isGood(status: number): boolean {
    return this.#rules.statuses.some(([from, to]) => status >= from && status <= to)
  }

  /** @param fault '' when it went well */
  #answer(fault: string): void {
    if (this.#stopped) return
    const { clock } = this.#options
    if (fault !== '')
      this.#endpoint.lastFailure = { outcome: 'probe', reason: fault, wallMs: clock.wallMs() }
    this.#count(fault === '')
    this.#asking = false
    const { probe } = this.#endpoint
    const isQuiet = probe?.healthy === true && probe.failures === 0 && !this.#endpoint.ejected
    const intervalMs = isQuiet ? this.#rules.intervalMs : this.#rules.unhealthyIntervalMs
    const jitter = 0.9 + 0.2 * this.#options.dice()
    this.#timer = this.#options.clock.after(intervalMs * jitter, () => this.#send())
  }

  #count(ok: boolean): void {
    const { probe } = this.#endpoint
    if (probe === undefined) return
    const wasOk = probe.okSinceMs > 0
    if (ok) {
      probe.successes++
      probe.failures = 0
      if (probe.okSinceMs === 0) probe.okSinceMs = this.#options.clock.nowMs()
    } else {
      probe.failures++
      probe.successes = 0
      probe.okSinceMs = 0
    }
    const becomes = probe.healthy
      ? probe.failures < this.#rules.unhealthy
      : probe.successes >= this.#rules.healthy
    const changes = becomes !== probe.healthy || (ok && !probe.confirmed)
    probe.healthy = becomes
    probe.confirmed ||= ok
    if (changes) this.#options.changed(this.#endpoint)
    if (changes || ok !== wasOk) this.#options.learnt(this.#endpoint)
  }
}
