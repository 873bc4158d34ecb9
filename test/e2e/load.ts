import http from 'node:http'
import { ask } from './ask.ts'

export interface LoadReport {
  readonly sent: number
  /** Why and how often. */
  readonly failures: ReadonlyMap<string, number>
  /** Milliseconds, sorted. */
  readonly latencies: readonly number[]
}

/**
 * An open-loop load on kept connections: request n is due at n/rate seconds whatever became of those before, and its
 * latency counts from then. As real clients do, a GET is sent once more when a kept connection was closed before an answer
 * began; that is counted.
 */
export class Load {
  readonly #ip: string
  readonly #host: string
  readonly #rate: number
  readonly #port: number
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 256 })
  readonly #failures = new Map<string, number>()
  readonly #latencies: number[] = []
  readonly #startMs = performance.now()
  #sent = 0
  #over = 0
  #stopped = false
  #timer: NodeJS.Timeout | undefined

  constructor(ip: string, host: string, rate: number, port = 80) {
    this.#ip = ip
    this.#host = host
    this.#rate = rate
    this.#port = port
    this.#turn()
  }

  get sent(): number {
    return this.#sent
  }

  async stop(): Promise<LoadReport> {
    this.#stopped = true
    clearTimeout(this.#timer)
    while (this.#over < this.#sent) await new Promise((resolve) => setTimeout(resolve, 20))
    this.#agent.destroy()
    const latencies = this.#latencies.sort((a, b) => a - b)
    return { sent: this.#sent, failures: this.#failures, latencies }
  }

  #turn(): void {
    if (this.#stopped) return
    const nowMs = performance.now() - this.#startMs
    while ((this.#sent * 1000) / this.#rate <= nowMs)
      void this.#send((this.#sent * 1000) / this.#rate)
    this.#timer = setTimeout(() => this.#turn(), 2)
  }

  async #send(dueMs: number): Promise<void> {
    const path = `/load/${this.#sent++}`
    try {
      const { status, body } = await ask(
        this.#ip,
        { host: this.#host, path, agent: this.#agent },
        this.#port,
      )
      if (status !== 200) this.#failed(`${status} ${body.slice(0, 200)}`)
      else if (!body.includes(`"path":"${path}"`)) this.#failed('the answer to another request')
    } catch (error) {
      this.#failed((error as Error).message)
    }
    this.#latencies.push(performance.now() - this.#startMs - dueMs)
    this.#over++
  }

  #failed(why: string): void {
    this.#failures.set(why, (this.#failures.get(why) ?? 0) + 1)
  }
}

export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
