import type { RegionPlan } from './backend.ts'
import { Findings } from './drill.ts'
import { Gateway, type GatewayOptions } from './gateway.ts'
import { Load, type LoadOptions } from './load.ts'
import { freePort } from './ports.ts'
import { Region } from './region.ts'
import type { Samples } from './samples.ts'

/** A load whose generator was later than this for one request in a hundred does not count as carried. */
const mostLateMs = 50

/** What a drill works with. It ends everything it started, whatever happens. */
export class Stage {
  /** Requests a second, where the drill has no rate of its own. */
  readonly rate: number
  readonly #name: string
  readonly #startMs = performance.now()
  readonly #gateways: Gateway[] = []
  readonly #regions: Region[] = []
  readonly #loads: Load[] = []
  #made = 0

  constructor(name: string, rate: number) {
    this.#name = name
    this.rate = rate
  }

  /** Progress, for whoever watches. */
  say(text: string): void {
    const seconds = Math.round((performance.now() - this.#startMs) / 1000)
    process.stderr.write(`  ${this.#name} ${seconds} s: ${text}\n`)
  }

  /** A region with two endpoints, running. */
  async region(region: string, more: Partial<RegionPlan> = {}): Promise<Region> {
    const at = ++this.#made
    const addresses = [`127.0.${at}.1`, `127.0.${at}.2`]
    const port = await freePort(addresses)
    const made = new Region({ region, addresses, port, workMs: 5, seed: at, ...more })
    this.#regions.push(made)
    await made.start()
    return made
  }

  /** A gateway, ready. */
  async gateway(options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(options)
    this.#gateways.push(gateway)
    await gateway.ready()
    return gateway
  }

  load(options: Omit<LoadOptions, 'rate'> & { readonly rate?: number }): Load {
    const load = new Load({ rate: this.rate, ...options })
    this.#loads.push(load)
    return load
  }

  /** Resolves when the load has run so long. */
  async at(load: Load, seconds: number): Promise<void> {
    const leftMs = seconds * 1000 - load.nowMs
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs))
  }

  /** Looks until something holds, at most until the load has run so long. Answers the time of the load then. */
  async until(load: Load, holds: () => Promise<boolean>, seconds: number): Promise<number> {
    while (!(await holds()) && load.nowMs < seconds * 1000)
      await this.at(load, load.nowMs / 1000 + 0.05)
    return load.nowMs
  }

  /** What every drill under load must show: nothing failed, the load was real, the gateway had no fault of its own. */
  findings(samples: Samples): Findings {
    return this.carried(samples).expect(samples.printFailed(), samples.failed.length === 0)
  }

  /** That the load was real and the gateway had no fault of its own. */
  carried(samples: Samples): Findings {
    const lateMs = samples.latenessMs(0.99)
    if (lateMs <= mostLateMs) return this.quiet()
    const text = `the load was ${Math.round(lateMs)} ms late (p99): this machine does not carry it now`
    return this.quiet().expect(text, false)
  }

  /** That no gateway had a fault of its own. */
  quiet(): Findings {
    const findings = new Findings()
    for (const gateway of this.#gateways)
      if (gateway.errors.length > 0)
        findings.expect(`the gateway logged ${gateway.errors[0]}`, false)
    return findings
  }

  /** Ends all processes at once. */
  kill(): void {
    for (const gateway of this.#gateways) gateway.kill()
    for (const region of this.#regions) void region.kill()
  }

  /** Ends everything. Adds what must hold of an end: every gateway drained and exited with 0. */
  async end(findings: Findings): Promise<void> {
    for (const load of this.#loads) await load.stop()
    for (const gateway of this.#gateways) {
      if (!gateway.isAlive) continue
      const code = await gateway.stop()
      if (code !== 0) findings.expect(`the gateway ended with ${code}`, false)
    }
    for (const region of this.#regions) await region.kill()
  }
}
