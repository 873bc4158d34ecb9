import type { Clock, Timer } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { ObjectStatus } from '../../model/problem.ts'
import type { Moment } from '../../model/push-message.ts'
import { type ExpectedProxy, type Programmed, programmedOf } from './programmed.ts'
import type { ConnectedProxy } from './publication.ts'

/** A condition as it stands in `status.conditions` (meta/v1). */
export interface StatusCondition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
  readonly lastTransitionTime: string
}

export interface StatusWriterOptions {
  readonly clock: Clock
  readonly log: Log
  /** What is written on an object now, as far as it is known. */
  readonly written: (status: ObjectStatus) => readonly StatusCondition[]
  readonly write: (status: ObjectStatus, conditions: readonly StatusCondition[]) => Promise<void>
  readonly proxies: () => readonly ConnectedProxy[]
  readonly expected: () => readonly ExpectedProxy[]
}

interface Entry {
  status: ObjectStatus
  /** When its generation was first published. */
  since: Moment
  /** Not written before: a first write waits so that it can carry Programmed. */
  notBeforeMs: number
}

const atOnce = 16
/** The first write of a generation waits this long for the proxies. */
const firstWaitMs = 1000
/** A new leader knows of no acknowledgement yet: before that it does not write that something is waiting. */
const newLeaderMs = 30_000
const lookMs = 250
const retryMs = 5000

/**
 * Writes what became of each object, only when it changed, at most so many at once, and never on the configuration's path.
 * Once `Programmed` is True for a generation it stays.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #entries = new Map<string, Entry>()
  /** Uids whose written status may differ from what should stand there. */
  #due = new Set<string>()
  #writing = 0
  #timer: Timer | undefined
  #leadsSinceMs: number | undefined

  constructor(options: StatusWriterOptions) {
    this.#options = options
  }

  /** We lead from now on: everything is looked at. */
  lead(): void {
    this.#leadsSinceMs = this.#options.clock.nowMs()
    this.#due = new Set(this.#entries.keys())
    this.#plan(0)
  }

  follow(): void {
    this.#leadsSinceMs = undefined
  }

  close(): void {
    this.follow()
    this.#timer?.cancel()
  }

  /** What compile said, and when that was published. Objects whose status is the same object are not looked at again. */
  update(statuses: readonly ObjectStatus[], moment: Moment): void {
    const nowMs = this.#options.clock.nowMs()
    const present = new Set<string>()
    for (const status of statuses) {
      present.add(status.uid)
      const known = this.#entries.get(status.uid)
      if (known?.status === status) continue
      const isSameGeneration = known?.status.generation === status.generation
      const since = isSameGeneration ? (known as Entry).since : moment
      const notBeforeMs = isSameGeneration ? (known as Entry).notBeforeMs : nowMs + firstWaitMs
      this.#entries.set(status.uid, { status, since, notBeforeMs })
      this.#due.add(status.uid)
    }
    for (const uid of this.#entries.keys()) if (!present.has(uid)) this.#entries.delete(uid)
    this.#plan(lookMs)
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

  #plan(inMs: number): void {
    if (this.#leadsSinceMs === undefined) return
    this.#timer ??= this.#options.clock.after(inMs, () => {
      this.#timer = undefined
      this.#work()
    })
  }

  #work(): void {
    if (this.#leadsSinceMs === undefined) return
    const proxies = this.#options.proxies()
    const expected = this.#options.expected()
    for (const uid of this.#due) {
      if (this.#writing >= atOnce) return
      const entry = this.#entries.get(uid)
      if (entry === undefined) this.#due.delete(uid)
      else this.#consider(uid, entry, programmedOf(entry.status, entry.since, proxies, expected))
    }
    if (this.#due.size > 0) this.#plan(lookMs)
  }

  #consider(uid: string, { status, notBeforeMs }: Entry, programmed: Programmed): void {
    const { clock, written } = this.#options
    const nowMs = clock.nowMs()
    const known = written(status)
    const leaderMs = known.length === 0 ? 0 : (this.#leadsSinceMs ?? nowMs) + newLeaderMs
    if (isPending(programmed) && nowMs < Math.max(notBeforeMs, leaderMs)) return
    const conditions = conditionsOf(status, programmed, known, new Date(clock.wallMs()))
    if (!isPending(programmed)) this.#due.delete(uid)
    if (isSame(conditions, known)) return
    this.#due.delete(uid)
    this.#write(uid, status, conditions, isPending(programmed))
  }

  #write(
    uid: string,
    status: ObjectStatus,
    conditions: readonly StatusCondition[],
    isPending: boolean,
  ): void {
    const { write, log, clock } = this.#options
    this.#writing++
    write(status, conditions)
      .then(() => {
        if (isPending) this.#due.add(uid)
      })
      .catch((error: unknown) => {
        log.debug('a status cannot be written', {
          object: `${status.kind} ${status.namespace}/${status.name}`,
          error,
        })
        clock.after(retryMs, () => {
          this.#due.add(uid)
          this.#plan(0)
        })
      })
      .finally(() => {
        this.#writing--
        this.#plan(0)
      })
  }
}

/** What may become True without anything being written by anybody. */
const isPending = ({ status, reason }: Programmed): boolean =>
  status !== 'True' && reason !== 'NotAccepted'

function conditionsOf(
  status: ObjectStatus,
  programmed: Programmed,
  known: readonly StatusCondition[],
  now: Date,
): readonly StatusCondition[] {
  const { generation } = status
  const before = known.find(({ type }) => type === 'Programmed')
  // Once served, a generation stays Programmed: scaling out does not unset it.
  const stays =
    before?.status === 'True' &&
    before.observedGeneration === generation &&
    programmed.reason !== 'NotAccepted'
  const last = stays
    ? before
    : { type: 'Programmed', observedGeneration: generation, ...programmed }
  return [...status.conditions, last].map(
    ({ type, status: value, reason, message, observedGeneration }) => ({
      type,
      status: value,
      reason,
      message,
      observedGeneration,
      lastTransitionTime: timeOf(known, type, value) ?? now.toISOString().replace(/\.\d+Z$/, 'Z'),
    }),
  )
}

/** The time of the last transition stays while the status does (API conventions, `lastTransitionTime`). */
const timeOf = (
  known: readonly StatusCondition[],
  type: string,
  status: string,
): string | undefined =>
  known.find((condition) => condition.type === type && condition.status === status)
    ?.lastTransitionTime

const isSame = (a: readonly StatusCondition[], b: readonly StatusCondition[]): boolean =>
  JSON.stringify(a.map(fieldsOf).sort()) === JSON.stringify(b.map(fieldsOf).sort())

const fieldsOf = ({ type, status, reason, message, observedGeneration }: StatusCondition): string =>
  JSON.stringify([type, status, reason, message, observedGeneration])
