import { type ChildProcess, spawn } from 'node:child_process'

export interface LoadReport {
  readonly sent: number
  /** Why and how often. */
  readonly failures: ReadonlyMap<string, number>
  /** Milliseconds, sorted. */
  readonly latencies: readonly number[]
}

/**
 * An open-loop load on kept connections: request n is due at n/rate seconds whatever became of those before, and its
 * latency counts from then. Nothing is sent twice.
 */
export class Load {
  readonly #process: ChildProcess
  readonly #report: Promise<LoadReport>

  /** @param rate requests a second */
  constructor(ip: string, host: string, rate: number, port = 80) {
    const args = ['test/e2e/load.mjs', ip, String(port), host, String(rate)]
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#report = reportOf(this.#process)
  }

  stop(): Promise<LoadReport> {
    this.#process.stdin?.end()
    return this.#report
  }
}

async function reportOf({ stdout }: ChildProcess): Promise<LoadReport> {
  let text = ''
  for await (const part of stdout?.setEncoding('utf8') ?? []) text += part
  const { failures, ...rest } = JSON.parse(text) as LoadReport & { failures: [string, number][] }
  return { ...rest, failures: new Map(failures) }
}

export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
