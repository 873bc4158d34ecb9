import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../dist/fairlead.js', import.meta.url))

/** The built program, running `standalone` on a folder of its own. */
export interface Program {
  readonly pid: number
  readonly port: number
  readonly admin: number
  /** A folder for whatever a test keeps; the manifests are in one below it. */
  readonly folder: string
  /** What it said on standard error, and on standard output. */
  readonly stderr: () => string
  readonly stdout: () => string
  /** For `unread`: reads from now on, and resolves once there are so many lines. */
  read(lines: number): Promise<void>
  /** Writes a manifest; the program sees it by itself. */
  write(name: string, text: string): void
  /** One answer of the admin port. */
  ask(path: string): Promise<{ readonly status: number; readonly text: string }>
  /** Asks a page of JSON again and again until it is as wanted. */
  until<Page>(path: string, wanted: (page: Page) => boolean): Promise<Page>
  /** Resolves with what the program says once it has said it. */
  said(pattern: RegExp): Promise<string>
  kill(signal: NodeJS.Signals): void
  /** Nobody reads any more what it writes. */
  leave(): void
  /** Resolves when the process has ended, whether all that it said was read or not. */
  readonly exited: Promise<number | null>
  /** Resolves when the process is gone. */
  readonly over: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  close(): Promise<void>
}

export interface ProgramOptions {
  readonly manifests: Readonly<Record<string, string>>
  readonly flags?: (folder: string) => readonly string[]
  /** Not to wait until it is ready: for a start that fails. */
  readonly expectFailure?: boolean
  /** Besides the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>
  /** A process group of its own, as a terminal gives it. */
  readonly ownGroup?: boolean
  /** Standard input is a terminal (Linux only). */
  readonly terminal?: boolean
  /** Standard output is a pipe that nobody reads before `read`. */
  readonly unread?: boolean
}

/** Resolves when `/readyz` would answer 200: the program says so. Rejects with what it said when it ends before. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-program-'))
  const dir = join(folder, 'manifests')
  mkdirSync(dir)
  for (const [name, text] of Object.entries(options.manifests)) writeFileSync(join(dir, name), text)
  const stdin = options.terminal === true ? openSync('/dev/ptmx', 'r+') : undefined
  const child = spawn(
    process.execPath,
    [
      ...[program, 'standalone', '--config', dir, '--allow-loopback'],
      ...['--http', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
      ...(options.flags?.(folder) ?? []),
    ],
    {
      stdio: [stdin ?? 'ignore', 'pipe', 'pipe'],
      detached: options.ownGroup === true,
      env: { ...process.env, ...options.env },
    },
  )
  if (stdin !== undefined) closeSync(stdin)
  const output = new Output(child, options.unread === true)
  const over = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  )
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve))
  const ready = /"message":"ready"/
  if (options.expectFailure !== true) {
    await Promise.race([output.said(ready), over])
    if (!ready.test(output.stderr)) throw new Error(`not ready: ${output.stderr}`)
  }
  const ports = portsOf(output.stderr)
  const ask = (path: string) => get(ports.admin, path)
  return {
    pid: child.pid as number,
    ...ports,
    folder,
    stderr: () => output.stderr,
    stdout: () => output.stdout,
    read: (lines) => output.read(lines),
    write: (name, text) => writeFileSync(join(dir, name), text),
    ask,
    async until<Page>(path: string, wanted: (page: Page) => boolean) {
      for (;;) {
        const page = JSON.parse((await ask(path)).text) as Page
        if (wanted(page)) return page
      }
    },
    said: (pattern) => output.said(pattern),
    kill: (signal) => void child.kill(signal),
    leave() {
      child.stdout?.destroy()
      child.stderr?.destroy()
    },
    exited,
    over,
    async close() {
      child.kill('SIGKILL')
      child.stdout?.resume()
      await over
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function portsOf(text: string): { readonly port: number; readonly admin: number } {
  const line = text.split('\n').find((each) => each.includes('"message":"ready"'))
  const portOf = (at: unknown) => Number(/:(\d+)$/.exec(String(at))?.[1])
  const { http: traffic, admin } = JSON.parse(line ?? '{}') as Record<string, unknown>
  return { port: portOf(traffic), admin: portOf(admin) }
}

class Output {
  stdout = ''
  stderr = ''
  #waiting: (() => void)[] = []

  readonly #child: ChildProcess
  #lines = 0

  constructor(child: ChildProcess, unread: boolean) {
    this.#child = child
    if (!unread) this.#listen()
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString()
      this.#wake()
    })
    child.on('close', () => this.#wake())
  }

  async read(lines: number): Promise<void> {
    this.#listen()
    while (this.#lines < lines) await this.#more()
  }

  #listen(): void {
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString()
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) this.#lines++
      this.#wake()
    })
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async said(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.stderr)) await this.#more()
    return this.stderr
  }
}

/** One request on a connection of its own. */
function get(
  port: number,
  path: string,
  headers: http.OutgoingHttpHeaders = {},
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', path, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', reject)
    })
    request.on('error', reject)
  })
}
