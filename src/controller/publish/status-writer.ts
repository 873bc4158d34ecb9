import type { Clock, Timer } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { ObjectStatus } from '../../model/problem.ts'
import type { Moment } from '../../model/push-message.ts'
import { CertificateWatch } from './certificate-watch.ts'
import { eventsOf, type Happened } from './events.ts'
import type { LiveCondition } from './fleet-reports.ts'
import {
  type ExpectedProxy,
  type Fleet,
  fleetOf,
  type Programmed,
  programmedOf,
} from './programmed.ts'
import type { ConnectedProxy, Withheld } from './publication.ts'
import { conditionsOf, isSame, type StatusCondition } from './status-conditions.ts'

export interface StatusWriterOptions {
  readonly clock: Clock
  readonly log: Log
  /** What is written on an object now, as far as it is known. */
  readonly written: (status: ObjectStatus) => readonly StatusCondition[]
  readonly write: (status: ObjectStatus, conditions: readonly StatusCondition[]) => Promise<void>
  /** A condition was written that is worth an Event. */
  readonly happened: Happened
  readonly proxies: () => readonly ConnectedProxy[]
  readonly expected: () => readonly ExpectedProxy[]
  /** What proxies are not sent at all. */
  readonly withheld: () => Withheld | undefined
  /** What only proxies can tell of an object. */
  readonly live?: (status: ObjectStatus, since: Moment) => LiveCondition
}

interface Entry {
  status: ObjectStatus
  /** When its generation was first published. */
  since: Moment
  /** Not written before: a first write waits so that it can carry Programmed. */
  notBeforeMs: number
  /** A write failed: not tried again before. */
  againMs?: number
  /** What we wrote last; the watch shows it only later. */
  wrote?: readonly StatusCondition[]
}

const atOnce = 16
/** The first write of a generation waits this long for the proxies. */
const firstWaitMs = 1000
/** A new leader knows of no acknowledgement yet: before that it does not write that something is waiting. */
const newLeaderMs = 30_000
const lookMs = 250
const retryMs = 5000
/** What we wrote is what the watch shows after so long, or somebody else has written since. */
const doubtMs = 5000

/**
 * Writes what became of each object, only when it changed, at most so many at once, and never on the configuration's path.
 * Once `Programmed` is True for a generation it stays.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #entries = new Map<string, Entry>()
  /** Uids whose written status may differ from what should stand there. */
  #due = new Set<string>()
  /** Uids that are to be written now, in order. */
  readonly #queue = new Set<string>()
  readonly #writing = new Set<string>()
  /** When it is looked again at what is not ours, by uid. */
  readonly #doubts = new Map<string, number>()
  #timer: Timer | undefined
  #leadsSinceMs: number | undefined
  readonly #certificates: CertificateWatch

  constructor(options: StatusWriterOptions) {
    this.#options = options
    this.#certificates = new CertificateWatch(options.clock, () => this.#certificatesChanged())
  }

  /** We lead from now on: everything is looked at. */
  lead(): void {
    this.#leadsSinceMs = this.#options.clock.nowMs()
    for (const entry of this.#entries.values()) delete entry.wrote
    this.#due = new Set(this.#entries.keys())
    this.#plan(0)
  }

  follow(): void {
    this.#leadsSinceMs = undefined
    this.#queue.clear()
  }

  close(): void {
    this.follow()
    this.#timer?.cancel()
    this.#certificates.close()
  }

  /** What compile said, and when that was published. Objects whose status is the same object are not looked at again. */
  update(statuses: readonly ObjectStatus[], moment: Moment): void {
    const nowMs = this.#options.clock.nowMs()
    const present = new Set<string>()
    for (const status of statuses) {
      present.add(status.uid)
      const known = this.#entries.get(status.uid)
      if (known?.status === status) continue
      const fresh = { since: moment, notBeforeMs: nowMs + firstWaitMs }
      const kept = known?.status.generation === status.generation ? known : fresh
      const wrote = known?.wrote !== undefined && { wrote: known.wrote }
      const { since, notBeforeMs } = kept
      this.#entries.set(status.uid, { status, since, notBeforeMs, ...wrote })
      this.#due.add(status.uid)
    }
    for (const uid of this.#entries.keys()) if (!present.has(uid)) this.#entries.delete(uid)
    this.#certificates.update(statuses.flatMap(({ certificate = [] }) => certificate))
    this.#plan(lookMs)
  }

  /** The watch shows conditions of an object: those that are not ours are written over (hostile-inputs C13). */
  seen(uid: string): void {
    const entry = this.#entries.get(uid)
    if (entry === undefined || !this.#isForeign(entry) || this.#doubts.has(uid)) return
    this.#doubts.set(uid, this.#options.clock.nowMs() + doubtMs)
    this.#plan(doubtMs)
  }

  #isForeign({ status, wrote }: Entry): boolean {
    return wrote !== undefined && !isSame(wrote, this.#options.written(status))
  }

  #settleDoubts(): void {
    const nowMs = this.#options.clock.nowMs()
    for (const [uid, atMs] of this.#doubts) {
      if (atMs > nowMs) continue
      this.#doubts.delete(uid)
      const entry = this.#entries.get(uid)
      if (entry !== undefined && this.#isForeign(entry)) this.#queue.add(uid)
    }
  }

  /** A proxy has acknowledged, refused, come or gone. */
  proxiesChanged(): void {
    this.#plan(lookMs)
  }

  /** Which of the expected proxies there are has changed: what was Unknown may be known now. */
  expectedChanged(): void {
    this.#due = new Set(this.#entries.keys())
    this.#plan(lookMs)
  }

  /** What only proxies can tell of authorizers has changed. */
  authorizersChanged(): void {
    for (const [uid, { status }] of this.#entries)
      if (status.kind === 'ApiAuthorizer') this.#due.add(uid)
    this.#plan(lookMs)
  }

  /** One ends soon, or has ended. */
  #certificatesChanged(): void {
    for (const [uid, { status }] of this.#entries) if (status.certificate) this.#due.add(uid)
    this.#plan(lookMs)
  }

  #plan(inMs: number): void {
    if (this.#leadsSinceMs === undefined) return
    this.#timer ??= this.#options.clock.after(inMs, () => {
      this.#timer = undefined
      this.#look()
    })
  }

  /** Finds what has to be written. */
  #look(): void {
    if (this.#leadsSinceMs === undefined) return
    const fleet = this.#fleet()
    this.#settleDoubts()
    for (const uid of this.#due) {
      const entry = this.#entries.get(uid)
      if (entry === undefined) this.#due.delete(uid)
      else if (!this.#queue.has(uid) && !this.#writing.has(uid)) this.#consider(uid, entry, fleet)
    }
    this.#pump()
    if (this.#due.size > 0) this.#plan(lookMs)
    else if (this.#doubts.size > 0) this.#plan(doubtMs)
  }

  #fleet(): Fleet {
    const { expected, proxies, withheld } = this.#options
    return fleetOf(expected(), proxies(), withheld())
  }

  #consider(uid: string, entry: Entry, fleet: Fleet): void {
    const { clock } = this.#options
    if (clock.nowMs() < (entry.againMs ?? 0)) return
    const programmed = programmedOf(entry.status, entry.since, fleet)
    const known = this.#known(entry)
    if (isPending(programmed) && clock.nowMs() < this.#notBeforeMs(entry, known)) return
    if (!isSame(this.#conditions(entry, known, programmed), known)) this.#queue.add(uid)
    else if (!isPending(programmed)) this.#due.delete(uid)
  }

  #known({ status, wrote }: Entry): readonly StatusCondition[] {
    return wrote ?? this.#options.written(status)
  }

  /** A new leader knows of no acknowledgement yet. */
  #notBeforeMs({ notBeforeMs }: Entry, known: readonly StatusCondition[]): number {
    const leaderMs = known.length === 0 ? 0 : (this.#leadsSinceMs ?? 0) + newLeaderMs
    return Math.max(notBeforeMs, leaderMs)
  }

  #conditions(
    { status, since }: Entry,
    known: readonly StatusCondition[],
    programmed: Programmed,
  ): readonly StatusCondition[] {
    const live = this.#options.live?.(status, since) ?? 'none'
    return conditionsOf(status, { programmed, live, known }, this.#options.clock.wallMs())
  }

  #pump(): void {
    const fleet = this.#queue.size > 0 ? this.#fleet() : undefined
    for (const uid of this.#queue) {
      if (this.#writing.size >= atOnce || fleet === undefined) return
      this.#queue.delete(uid)
      const entry = this.#entries.get(uid)
      if (entry !== undefined) this.#write(uid, entry, fleet)
    }
  }

  /** What is written is what is known now, not when it came into the queue. */
  #write(uid: string, entry: Entry, fleet: Fleet): void {
    const { write, happened, log, clock } = this.#options
    const { status } = entry
    const known = this.#known(entry)
    const programmed = programmedOf(status, entry.since, fleet)
    const conditions = this.#conditions(entry, known, programmed)
    if (!isPending(programmed)) this.#due.delete(uid)
    const events = eventsOf(known, conditions)
    this.#writing.add(uid)
    write(status, conditions)
      .then(() => {
        const current = this.#entries.get(uid)
        if (current !== undefined) current.wrote = conditions
        if (events.length > 0) happened(status, events)
      })
      .catch((error: unknown) => {
        log.debug('a status cannot be written', {
          object: `${status.kind} ${status.namespace}/${status.name}`,
          error,
        })
        const current = this.#entries.get(uid)
        if (current === undefined) return
        current.againMs = clock.nowMs() + retryMs
        this.#due.add(uid)
        this.#plan(lookMs)
      })
      .finally(() => {
        this.#writing.delete(uid)
        this.#pump()
      })
  }
}

/** What may become True without anything being written by anybody. */
const isPending = ({ status, reason }: Programmed): boolean =>
  status !== 'True' && reason !== 'NotAccepted'
