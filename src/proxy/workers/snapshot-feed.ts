import type { Snapshot } from '../../model/snapshot.ts'
import { encodeSnapshot } from '../../model/wire.ts'
import type { Hand } from './crew.ts'

interface Edition {
  readonly digest: string
  readonly text: string
}

interface Reader {
  readonly hand: Hand
  /** Sent and not answered yet. One at a time: what comes meanwhile is sent in its newest form. */
  awaited: Edition | undefined
  /** Digests; '' for none. */
  applied: string
  refused: string
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
    this.#current = { digest: snapshot.digest, text: encodeSnapshot(snapshot) }
    for (const reader of this.#readers.values())
      if (reader.awaited === undefined) this.#send(reader, this.#current)
  }

  /** Answers what a new worker starts with; whether it could apply that is awaited from now on. */
  join(hand: Hand): string {
    const awaited = this.#current
    const none = { applied: '', refused: '', problem: '', isListening: false }
    this.#readers.set(hand.number, { hand, awaited, ...none })
    return awaited?.text ?? ''
  }

  leave(hand: Hand): void {
    this.#readers.delete(hand.number)
  }

  listens(hand: Hand): void {
    const reader = this.#readers.get(hand.number)
    if (reader !== undefined) reader.isListening = true
  }

  applied(hand: Hand): void {
    this.#answered(hand, (reader, { digest }) => {
      if (this.#good?.digest !== digest) this.#good = reader.awaited
      reader.applied = digest
    })
  }

  refused(hand: Hand, problem: string): void {
    this.#answered(hand, (reader, { digest }) => {
      reader.refused = digest
      reader.problem = problem
    })
  }

  #answered(hand: Hand, settle: (reader: Reader, edition: Edition) => void): void {
    const reader = this.#readers.get(hand.number)
    if (reader?.awaited === undefined) return
    settle(reader, reader.awaited)
    reader.awaited = undefined
    const next = this.#wantedBy(reader)
    if (next !== undefined) this.#send(reader, next)
  }

  #wantedBy({ applied, refused }: Reader): Edition | undefined {
    const current = this.#current
    if (current?.digest !== applied && current?.digest !== refused) return current
    return applied === '' && this.#good?.digest !== refused ? this.#good : undefined
  }

  #send(reader: Reader, edition: Edition): void {
    reader.awaited = edition
    reader.hand.send({ kind: 'snapshot', text: edition.text })
  }

  /** How many workers listen. */
  get serving(): number {
    return this.#listening().length
  }

  /** Every worker that listens has the newest snapshot in force: from now on no request sees an older one. */
  get settled(): boolean {
    const listening = this.#listening()
    return (
      listening.length > 0 && listening.every(({ applied }) => applied === this.#current?.digest)
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
        digest: applied,
        ...(refused === this.#current?.digest && { problem }),
      }))
  }
}
