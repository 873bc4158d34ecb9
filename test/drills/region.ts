import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Behaviour, Counted, Order, RegionPlan } from './backend.ts'

/** The running bundle: a region's process runs the same file, with other arguments. */
const program = fileURLToPath(import.meta.url)

/** A region of the drill: a process with its endpoints, which can be killed, stopped and started again at the same port. */
export class Region {
  readonly plan: RegionPlan
  #child: ChildProcess | undefined

  constructor(plan: RegionPlan) {
    this.plan = plan
  }

  get name(): string {
    return this.plan.region
  }

  /** Resolves once it accepts connections. */
  async start(): Promise<void> {
    const child = fork(program, ['region', JSON.stringify(this.plan)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
      unknown,
    ]
    if (message !== 'listening') throw new Error(`region ${this.name} did not start`)
  }

  /** SIGKILL: open connections are reset, new ones refused. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  /** SIGSTOP: the kernel goes on accepting connections, nobody answers, and nothing is reset. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  behave(behave: Behaviour): void {
    this.#child?.send({ behave } satisfies Order)
  }

  /** Requests that reached it. */
  async requests(): Promise<number> {
    const child = this.#child
    if (child === undefined) return 0
    const counted = once(child, 'message') as Promise<[Counted]>
    child.send({ count: true } satisfies Order)
    return (await counted)[0].requests
  }
}
