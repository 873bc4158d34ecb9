import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Undefined when it is taken. */
export const listens = (port: number): Promise<net.Server | undefined> =>
  new Promise((resolve) => {
    const server = net.createServer()
    server.on('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })

/** The first of three ports in a row that are free now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 30_000)
    const servers = await Promise.all([0, 1, 2].map((i) => listens(first + i)))
    const close = (server: net.Server | undefined) =>
      server === undefined ? undefined : once(server.close(), 'close')
    await Promise.all(servers.map(close))
    if (servers.every((server) => server !== undefined)) return first
  }
}

/** `npm start`, with a folder of its own for temporary files. */
export class Quickstart {
  readonly process: ChildProcess
  /** Everything in it was left by the quickstart. */
  readonly temporary = fs.mkdtempSync(join(tmpdir(), 'fairlead-start-'))
  readonly port: number
  output = ''
  #wake = () => {}

  constructor(command: readonly string[], port: number, env: NodeJS.ProcessEnv = process.env) {
    this.port = port
    const [program = '', ...args] = command
    this.process = spawn(program, [...args, '--port', String(port)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      // Newer npm would leave what it has compiled there.
      env: { ...env, TMPDIR: this.temporary, NODE_DISABLE_COMPILE_CACHE: '1' },
    })
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
        this.#wake()
      })
    this.process.on('close', () => this.#wake())
  }

  get over(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) {
      if (this.over) throw new Error(`it ended before it said ${pattern}:\n${this.output}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Commands of the welcome, in order. */
  get commands(): readonly string[] {
    return [...this.output.matchAll(/^ {2}([^ #].*)$/gm)].map(([, command = '']) => command)
  }

  /** Every process that it has started, itself first. */
  get family(): readonly number[] {
    const found = [this.process.pid as number]
    const all = processes()
    for (const pid of found)
      found.push(...all.filter(({ parent }) => parent === pid).map((each) => each.pid))
    return found
  }

  /** Resolves when it is over, and none of these processes is left. */
  async gone(family: readonly number[]): Promise<void> {
    if (!this.over) await once(this.process, 'exit')
    while (family.some(isAlive)) await new Promise((resolve) => setImmediate(resolve))
  }

  close(): void {
    for (const pid of this.over ? [] : this.family) tryKill(pid)
    fs.rmSync(this.temporary, { recursive: true, force: true })
  }
}

function processes(): { readonly pid: number; readonly parent: number }[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = fs.readFileSync(`/proc/${name}/stat`, 'utf8')
        const fields = status.slice(status.lastIndexOf(')') + 2).split(' ')
        return fields[0] === 'Z' ? [] : [{ pid: Number(name), parent: Number(fields[1]) }]
      } catch {
        return []
      }
    })
}

const isAlive = (pid: number): boolean => processes().some((each) => each.pid === pid)

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
