import type { Clock } from '../../base/clock.ts'
import { decodeControllerMessage } from '../../model/push-message.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { applyDelta } from '../../model/snapshot-delta.ts'
import { checked, type Decoded } from '../../model/wire.ts'
import type { Ejection, EndpointName, HealthLink, ProbeReport } from '../runtime/health-link.ts'
import type { Share } from '../runtime/share.ts'
import {
  type Answer,
  type FromWorker,
  type Page,
  type Question,
  type ToWorker,
  turnMs,
} from './messages.ts'

/** The data plane of a worker, as far as its supervisor has to do with it. */
export interface Served {
  readonly pages: readonly Page[]
  /** Whole or not at all: throws and keeps what it had. */
  apply(snapshot: Snapshot): void
  /** Tried and refused by the wire format: counted like one that cannot be applied. */
  refused(): void
  listen(): Promise<number>
  /** Of the listener with TLS, if there is one, once it listens. */
  readonly httpsPort?: number | undefined
  probed(report: ProbeReport): void
  ejected(ejection: Ejection): void
  answer(question: Question): Promise<Answer>
  reopen(): void
  /** Drains; resolves when nothing is left to do. */
  stop(): Promise<void>
}

export interface WorkerOptions {
  readonly clock: Clock
  /** `sent` is called when the supervisor has it, or never will. */
  readonly send: (message: FromWorker, sent?: () => void) => void
  /** Opens the data plane; called once, with the worker's number, its part of the limits and the way to share health. */
  readonly open: (worker: number, share: Share, health: HealthLink) => Served
  /** Everything is over: the process ends with this code. */
  readonly exit: (code: number) => void
}

/** A worker's side of the talk with its supervisor. Listens once the first snapshot is applied. */
export class WorkerLink implements HealthLink {
  readonly #options: WorkerOptions
  readonly #reports = new Map<string, ProbeReport>()
  #served: Served | undefined
  #snapshot: Snapshot | undefined
  #asked = false

  constructor(options: WorkerOptions) {
    this.#options = options
    options.send({ kind: 'hello' })
    this.#turn()
  }

  #turn(): void {
    this.#options.clock.after(turnMs, () => {
      this.#options.send({ kind: 'turned' })
      this.#turn()
    })
  }

  receive(message: ToWorker): void {
    const served = this.#served
    switch (message.kind) {
      case 'start':
        return this.#start(message)
      case 'snapshot':
        return this.#apply(message.text)
      case 'probed':
        this.#reports.set(keyOf(message.report), message.report)
        return served?.probed(message.report)
      case 'ejected':
        return served?.ejected(message.ejection)
      case 'question':
        return void this.#answer(message.id, message.question)
      case 'reopen':
        return served?.reopen()
      case 'stop':
        return void this.#stop()
    }
  }

  #start({ worker, of, snapshot, reports }: Extract<ToWorker, { kind: 'start' }>): void {
    for (const report of reports) this.#reports.set(keyOf(report), report)
    try {
      this.#served = this.#options.open(worker, { index: worker - 1, of }, this)
    } catch (error) {
      return this.#fail(error)
    }
    this.#apply(snapshot)
  }

  #apply(text: string): void {
    const served = this.#served
    if (served === undefined) return
    try {
      const decoded = this.#decode(text)
      if ('problem' in decoded) throw new Error(decoded.problem)
      served.apply(decoded.snapshot)
      this.#snapshot = decoded.snapshot
      this.#forget(decoded.snapshot)
      this.#options.send({ kind: 'applied' })
    } catch (error) {
      served.refused()
      return this.#options.send({ kind: 'refused', problem: String(error) })
    }
    if (!this.#asked) void this.#listen(served)
  }

  /** Whole, or the way from what is in force. */
  #decode(text: string): Decoded {
    const decoded = decodeControllerMessage(text)
    if ('problem' in decoded) return decoded
    const { message } = decoded
    if (message.type === 'snapshot') return { snapshot: message.snapshot }
    if (message.type !== 'delta' || message.delta.from !== this.#snapshot?.digest)
      return { problem: 'it does not follow what is in force' }
    return checked(applyDelta(this.#snapshot, message.delta), this.#snapshot)
  }

  async #listen(served: Served): Promise<void> {
    this.#asked = true
    try {
      const port = await served.listen()
      const { httpsPort, pages } = served
      const https = httpsPort !== undefined && { httpsPort }
      this.#options.send({ kind: 'listening', port, ...https, pages })
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    const { code, port, path, message } = error as NodeJS.ErrnoException & { port?: number }
    const failed = { kind: 'failed', fault: { code, port, path, message } } as const
    this.#options.send(failed, () => this.#options.exit(1))
  }

  async #answer(id: number, question: Question): Promise<void> {
    const answer = await this.#served?.answer(question)
    if (answer !== undefined) this.#options.send({ kind: 'answer', id, answer })
  }

  async #stop(): Promise<void> {
    await this.#served?.stop()
    this.#options.exit(0)
  }

  /** Reports about clusters that are gone are not kept. */
  #forget({ clusters }: Snapshot): void {
    const known = new Set(clusters.map(({ id }) => id))
    for (const [key, { cluster }] of this.#reports)
      if (!known.has(cluster)) this.#reports.delete(key)
  }

  probed(name: EndpointName): ProbeReport | undefined {
    return this.#reports.get(keyOf(name))
  }

  ejected(ejection: Ejection): void {
    this.#options.send({ kind: 'ejected', ejection })
  }
}

const keyOf = ({ cluster, address, port }: EndpointName): string => `${cluster} ${address} ${port}`
