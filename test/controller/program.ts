import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../dist/fairlead.js', import.meta.url))

/** `kubectl config` for a server at this address. */
export const kubeconfig = (server: string, cluster: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, ...cluster } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })

/** The built program, running `controller`. */
export class ControllerProgram {
  readonly #child: ChildProcess
  readonly over: Promise<{ readonly code: number | null; readonly signal: string | null }>
  stderr = ''
  #woken: () => void = () => {}

  constructor(...flags: readonly string[]) {
    const names = ['--namespace', 'gateway', '--name', 'one']
    const ports = ['--push', '127.0.0.1:0', '--admin', '127.0.0.1:0']
    this.#child = spawn(process.execPath, [program, 'controller', ...names, ...ports, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      this.stderr += part
      this.#woken()
    })
    this.over = new Promise((resolve) =>
      this.#child.on('close', (code, signal) => {
        resolve({ code, signal })
        this.#woken()
      }),
    )
  }

  /** Resolves when it has said so. */
  async said(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stderr)) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`it has ended: ${this.stderr}`)
      await new Promise<void>((resolve) => {
        this.#woken = resolve
      })
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}
