import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Scrape } from './scrape.ts'

export interface GatewayOptions {
  /** Files of the manifest folder by name. */
  readonly files: Readonly<Record<string, string>>
  /** A module that is loaded before the program. */
  readonly preload?: string
  readonly flags?: readonly string[]
}

export interface EndpointState {
  readonly cluster: string
  readonly address: string
  readonly healthy: boolean
  readonly ejected: boolean
}

const program = join(process.cwd(), 'dist', 'fairlead.js')

/** The built program, as a user would start it: `fairlead standalone` with a folder of manifests. */
export class Gateway {
  readonly folder: string
  /** Errors that it logged: in no drill there may be any. */
  readonly errors: string[] = []
  readonly #child: ChildProcess
  readonly #startedMs: number
  port = 0
  admin = ''
  /** From the start of the process to the line that says so. */
  readyMs = 0

  constructor({ files, preload, flags = [] }: GatewayOptions) {
    this.folder = mkdtempSync(join(tmpdir(), 'fairlead-drill-'))
    for (const [name, text] of Object.entries(files)) this.write(name, text)
    const args = ['standalone', '--config', this.folder, '--allow-loopback']
    const addresses = ['--http', '127.0.0.1:0', '--admin', '127.0.0.1:0']
    const before = preload === undefined ? [] : ['--import', preload]
    this.#startedMs = performance.now()
    this.#child = spawn(process.execPath, [...before, program, ...args, ...addresses, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** In place, as an editor that is not careful does. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text)
  }

  /** By a new file that takes its place. */
  replace(name: string, text: string): void {
    this.write(`.${name}.new`, text)
    renameSync(join(this.folder, `.${name}.new`), join(this.folder, name))
  }

  remove(name: string): void {
    rmSync(join(this.folder, name), { force: true })
  }

  /** Resolves when it says that it is ready; rejects with what it said when it ends instead. */
  async ready(): Promise<void> {
    const lines = createInterface({ input: this.#child.stderr as NodeJS.ReadableStream })
    const last: string[] = []
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        if (line.includes('"level":"error"')) this.errors.push(line)
        if (this.port === 0 && this.#isReady(line)) resolve()
        else if (this.port === 0) last.push(line)
      })
      this.#child.once('exit', () => reject(new Error(`no gateway: ${last.slice(-3).join(' ')}`)))
    })
  }

  #isReady(line: string): boolean {
    if (!line.includes('"message":"ready"')) return false
    const { http, admin } = JSON.parse(line) as { http: string; admin: string }
    this.readyMs = performance.now() - this.#startedMs
    this.port = Number(http.split(':').at(-1))
    this.admin = `http://${admin}`
    return true
  }

  /** To the preloaded module. */
  tell(message: object): void {
    this.#child.send(message)
  }

  async metrics(): Promise<Scrape> {
    return new Scrape(await (await fetch(`${this.admin}/metrics`)).text())
  }

  /** Attempts at a region so far, as its metrics count them. */
  async attemptsAt(region: string): Promise<number> {
    return (await this.metrics()).sum('fairlead_backend_requests_total', { region })
  }

  async debug<T>(page: string): Promise<T> {
    return (await (await fetch(`${this.admin}/debug/${page}`)).json()) as T
  }

  async endpoints(): Promise<EndpointState[]> {
    const clusters = await this.debug<{ cluster: string; endpoints: EndpointState[] }[]>('backends')
    return clusters.flatMap(({ cluster, endpoints }) =>
      endpoints.map((endpoint) => ({ ...endpoint, cluster })),
    )
  }

  /** Resident memory in KiB. */
  residentKiB(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1])
  }

  /** Processor time so far, of all its threads, in ms. The kernel counts in hundredths of a second. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  kill(): void {
    this.#child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** SIGTERM. Resolves with the exit code; after `patienceMs` it is killed and that is -1. */
  async stop(patienceMs = 40_000): Promise<number> {
    if (!this.isAlive) return this.#child.exitCode ?? -1
    const exit = once(this.#child, 'exit') as Promise<[number | null]>
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs)
    const [code] = await exit
    clearTimeout(timer)
    rmSync(this.folder, { recursive: true, force: true })
    return code ?? -1
  }
}
