import type { Snapshot } from '../../model/snapshot.ts'
import type { Hand } from './crew.ts'
import { Edition } from './edition.ts'

interface Reader {
  readonly hand: Hand
  /** Sent and not answered yet. One at a time: what comes meanwhile is sent in its newest form. */
  awaited: Edition | undefined
  /** What was sent is the way from what the worker has. */
  isDelta: boolean
  applied: Edition | undefined
  refused: Edition | undefined
  problem: string
  isListening: boolean
}

/** How far one worker is, for `/debug/status`. */
export interface WorkerStatus {
  readonly worker: number
  readonly pid: number
  readonly listening: boolean
  /** Digest of the snapshot that it serves; '' before the first. */
  readonly digest: string
  /** Why it refused the newest. */
  readonly problem?: string
}

/** Carries snapshots to the workers and knows who has applied which. */
export class SnapshotFeed {
  #current: Edition | undefined
  /** The newest that a worker has applied: what a new one falls back to when it refuses the current one. */
  #good: Edition | undefined
  readonly #readers = new Map<number, Reader>()

  publish(snapshot: Snapshot): void {
    if (snapshot.digest === this.#current?.digest) return
    this.#current = new Edition(snapshot)
    for (const reader of this.#readers.values())
      if (reader.awaited === undefined) this.#send(reader, this.#current)
  }

  /** Answers what a new worker starts with; whether it could apply that is awaited from now on. */
  join(hand: Hand): string {
    const awaited = this.#current
    const none = { isDelta: false, applied: undefined, refused: undefined }
    this.#readers.set(hand.number, { hand, awaited, ...none, problem: '', isListening: false })
    return awaited?.whole() ?? ''
  }

  leave(hand: Hand): void {
    this.#readers.delete(hand.number)
  }

  listens(hand: Hand): void {
    const reader = this.#readers.get(hand.number)
    if (reader !== undefined) reader.isListening = true
  }

  applied(hand: Hand): void {
    const reader = this.#readers.get(hand.number)
    if (reader?.awaited === undefined) return
    reader.applied = reader.awaited
    if (this.#good?.digest !== reader.applied.digest) this.#good = reader.applied
    this.#next(reader)
  }

  refused(hand: Hand, problem: string): void {
    const reader = this.#readers.get(hand.number)
    if (reader?.awaited === undefined) return
    // It may be that only the way there was wrong.
    if (reader.isDelta) return this.#sendWhole(reader, reader.awaited)
    reader.refused = reader.awaited
    reader.problem = problem
    this.#next(reader)
  }

  #next(reader: Reader): void {
    reader.awaited = undefined
    const wanted = this.#wantedBy(reader)
    if (wanted !== undefined) this.#send(reader, wanted)
  }

  #wantedBy({ applied, refused }: Reader): Edition | undefined {
    const digest = this.#current?.digest
    if (digest !== applied?.digest && digest !== refused?.digest) return this.#current
    const isGood = this.#good?.digest !== refused?.digest
    return applied === undefined && isGood ? this.#good : undefined
  }

  #send(reader: Reader, edition: Edition): void {
    if (reader.applied === undefined) return this.#sendWhole(reader, edition)
    reader.awaited = edition
    reader.isDelta = true
    const text = edition.since(reader.applied.snapshot)
    reader.hand.send({ kind: 'snapshot', text })
  }

  #sendWhole(reader: Reader, edition: Edition): void {
    reader.awaited = edition
    reader.isDelta = false
    reader.hand.send({ kind: 'snapshot', text: edition.whole() })
  }

  /** How many workers listen. */
  get serving(): number {
    return this.#listening().length
  }

  /** Every worker that listens has the newest snapshot in force: from now on no request sees an older one. */
  get settled(): boolean {
    const listening = this.#listening()
    return (
      listening.length > 0 &&
      listening.every(({ applied }) => applied?.digest === this.#current?.digest)
    )
  }

  #listening(): Reader[] {
    return [...this.#readers.values()].filter(({ isListening }) => isListening)
  }

  statuses(): WorkerStatus[] {
    return [...this.#readers.values()]
      .sort((a, b) => a.hand.number - b.hand.number)
      .map(({ hand, isListening, applied, refused, problem }) => ({
        worker: hand.number,
        pid: hand.pid,
        listening: isListening,
        digest: applied?.digest ?? '',
        ...(refused !== undefined && refused.digest === this.#current?.digest && { problem }),
      }))
  }
}
