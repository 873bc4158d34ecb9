import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Counter } from '../../base/series.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { ClusterObserver } from '../runtime/cluster.ts'
import { logged } from '../runtime/cluster-log.ts'
import { countEjections } from '../runtime/proxy-metrics.ts'
import { Crew, type CrewOwner, type Hand } from './crew.ts'
import type { FromWorker, Page, Question, StartFault, ToWorker } from './messages.ts'
import { MetricCollector } from './metric-collector.ts'
import { Prober } from './prober.ts'
import { Questions } from './questions.ts'
import { SnapshotFeed, type WorkerStatus } from './snapshot-feed.ts'

export interface SupervisorOptions {
  readonly workers: number
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  readonly metrics: Metrics
  readonly allowLoopback: boolean
  /** Command-line options of Node for the workers. */
  readonly execArgv: readonly string[]
  /** No worker runs any more, and none can be started. */
  readonly broken: () => void
}

/** What one worker says to a question. */
export interface WorkerPage {
  readonly worker: number
  readonly pid: number
  readonly status: number
  readonly body: unknown
}

/** What a worker may need beyond its drain before it is ended. */
const afterDrainMs = 5000

/** A start that failed for a reason that another try would not change. */
export class StartError extends Error {
  readonly code: string | undefined
  readonly port: number | undefined
  readonly path: string | undefined

  constructor({ code, port, path, message }: StartFault) {
    super(message)
    this.code = code
    this.port = port
    this.path = path
  }
}

/**
 * Runs the workers of one gateway: gives them snapshots and health, and speaks for them. It serves no traffic, and no
 * request ever waits for it.
 */
export class Supervisor implements CrewOwner {
  readonly #options: SupervisorOptions
  readonly #crew: Crew
  readonly #feed = new SnapshotFeed()
  readonly #prober: Prober
  readonly #questions: Questions
  readonly #collector: MetricCollector
  readonly #ends: Counter
  #snapshot: Snapshot | undefined
  #pages: readonly Page[] = []
  #httpsPort: number | undefined
  #started: ((port: number) => void) | undefined
  #failed: ((error: StartError) => void) | undefined
  #hasStarted = false
  #stopping = false

  constructor(options: SupervisorOptions) {
    const { workers, clock, dice, log, metrics, allowLoopback, execArgv } = options
    this.#options = options
    this.#crew = new Crew({ size: workers, clock, log, execArgv }, this)
    this.#prober = new Prober({
      clock,
      dice,
      log,
      allowLoopback,
      observer: proberObserver(options),
      learnt: (report) => this.#tell({ kind: 'probed', report }),
    })
    this.#questions = new Questions(clock)
    this.#collector = new MetricCollector(metrics, this.#questions)
    metrics.computed({ name: 'fairlead_workers', help: 'Workers that serve.', labels: [] }, () => [
      [[], this.#feed.serving],
    ])
    this.#ends = metrics
      .counter('fairlead_worker_ends_total', 'Workers that ended unasked.', [])
      .series()
  }

  /** Gives a snapshot to the workers, now and to those that come later. */
  publish(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    this.#prober.update(snapshot)
    this.#feed.publish(snapshot)
  }

  /** Wants a snapshot first. Resolves with the port when every worker listens; rejects when one cannot. */
  start(): Promise<number> {
    const started = new Promise<number>((resolve, reject) => {
      this.#started = resolve
      this.#failed = reject
    })
    this.#crew.start()
    return started
  }

  message(hand: Hand, message: FromWorker): void {
    switch (message.kind) {
      case 'hello':
        return this.#welcome(hand)
      case 'listening':
        return this.#listening(hand, message)
      case 'failed':
        return this.#hasStarted ? undefined : this.#failed?.(new StartError(message.fault))
      case 'applied':
        return this.#feed.applied(hand)
      case 'refused':
        return this.#refused(hand, message.problem)
      case 'ejected':
        this.#prober.ejected(message.ejection)
        return this.#tell({ kind: 'ejected', ejection: message.ejection }, hand)
      case 'answer':
        return this.#questions.answered(message.id, message.answer)
      case 'turned':
        return
    }
  }

  #welcome(hand: Hand): void {
    hand.send({
      kind: 'start',
      worker: hand.number,
      of: this.#options.workers,
      snapshot: this.#feed.join(hand),
      reports: this.#prober.reports(),
    })
  }

  #listening(hand: Hand, message: Extract<FromWorker, { kind: 'listening' }>): void {
    const { port, httpsPort, pages } = message
    this.#feed.listens(hand)
    this.#pages = pages
    this.#httpsPort = httpsPort
    if (this.#hasStarted || this.#feed.serving < this.#options.workers) return
    this.#hasStarted = true
    this.#started?.(port)
  }

  #refused(hand: Hand, problem: string): void {
    this.#options.log.error('a worker cannot apply the snapshot; the one before stays in force', {
      worker: hand.number,
      problem,
    })
    this.#feed.refused(hand, problem)
  }

  #tell(message: ToWorker, except?: Hand): void {
    for (const hand of this.#crew.hands) if (hand !== except) hand.send(message)
  }

  left(hand: Hand): void {
    this.#feed.leave(hand)
    if (!this.#stopping) this.#ends.inc()
    void this.#collector.left(hand)
  }

  broken(): void {
    this.#options.broken()
  }

  /** Every worker has listened once, one at least does now, and nobody has asked it to stop. */
  get ready(): boolean {
    return this.#hasStarted && !this.#stopping && this.#feed.serving > 0
  }

  /** Of the listener with TLS, if there is one, once the workers listen. */
  get httpsPort(): number | undefined {
    return this.#httpsPort
  }

  /** How many workers listen. */
  get serving(): number {
    return this.#feed.serving
  }

  /** Every worker that listens has applied the newest snapshot. */
  get settled(): boolean {
    return this.#feed.settled
  }

  get statuses(): readonly WorkerStatus[] {
    return this.#feed.statuses()
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  /** The pages that workers have. */
  get pages(): readonly Page[] {
    return this.#pages
  }

  /** One page of every worker, or of the first that answers; those that do not answer in time are left out. */
  async page(path: string, query: string, of: 'all' | 'first'): Promise<readonly WorkerPage[]> {
    const question: Question = { kind: 'page', path, query }
    const hands = of === 'all' ? this.#crew.hands : this.#crew.hands.slice(0, 1)
    const pages = await Promise.all(
      hands.map(async (hand) => {
        const answer = await this.#questions.ask(hand, question)
        if (answer?.kind !== 'page') return []
        return [{ worker: hand.number, pid: hand.pid, status: answer.status, body: answer.body }]
      }),
    )
    return pages.flat()
  }

  /** Prometheus text over all processes. */
  exposition(): Promise<string> {
    return this.#collector.exposition(this.#crew.hands)
  }

  /** Workers write to a file of the same name anew. */
  reopenLogs(): void {
    this.#tell({ kind: 'reopen' })
  }

  /** Not ready at once; every worker drains. Resolves when none is left. */
  async stop(): Promise<void> {
    this.#stopping = true
    const { minMs = 0, timeoutMs = 0 } = this.#snapshot?.settings.drain ?? {}
    await this.#crew.stop(minMs + timeoutMs + afterDrainMs)
    this.#prober.close()
  }

  /** Ends all workers at once; safe while the process exits. */
  kill(): void {
    this.#crew.kill()
  }
}

const nothing = { recovered: () => {}, unresolved: () => {}, resolved: () => {} }

/** Ejections by probes are decided here, and told here. Names, and what comes back, are told by the workers that use them. */
const proberObserver = ({ metrics, log, clock }: SupervisorOptions): ClusterObserver => {
  const { ejected } = logged({ ...nothing, ejected: countEjections(metrics) }, log, clock)
  return { ...nothing, ejected }
}
