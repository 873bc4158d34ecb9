import { frame } from '../../model/frame.ts'
import {
  encodeControllerMessage,
  isOlder,
  largestMessage,
  type Moment,
} from '../../model/push-message.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { deltaOf } from '../../model/snapshot-delta.ts'
import type { Publication, Served, Withheld } from './publication.ts'
import { SizeBound } from './size-bound.ts'

/**
 * Snapshots that a proxy may still have: a few seconds of a storm. They share nearly all of their parts. A proxy that falls behind them is sent
 * the whole, which of ten thousand routes takes the better part of a second to read, and requests wait for that.
 */
const remembered = 64

/** What is newest, as frames: each way to it is encoded once, however many proxies take it. */
export class Outbox {
  readonly #largest: number
  readonly #bound = new SizeBound()
  #newest: Publication | undefined
  #withheld: Withheld | undefined
  #history: Snapshot[] = []
  /** By the digest that a frame leads from; '' for the whole. */
  #frames = new Map<string, Buffer>()

  /** @param largest bytes that a message may have */
  constructor(largest: number = largestMessage) {
    this.#largest = largest
  }

  get newest(): Publication | undefined {
    return this.#newest
  }

  /** What was too large since the newest was put. */
  get withheld(): Withheld | undefined {
    return this.#withheld
  }

  /**
   * @returns a problem when its whole is too large: a proxy that starts could not be told. Then the one before stays
   * (hostile-inputs C10). A change that is too large by itself is no problem: the whole goes instead.
   */
  put(publication: Publication): string | undefined {
    const frames = new Map<string, Buffer>()
    const problem = this.#problemOf(publication, frames)
    if (problem !== undefined) {
      const { epoch, sequence } = publication
      this.#withheld = { since: this.#withheld?.since ?? { epoch, sequence }, problem }
      return problem
    }
    const before = this.#newest?.snapshot
    if (before !== undefined && before.digest !== publication.snapshot.digest)
      this.#history = [before, ...this.#history].slice(0, remembered)
    this.#frames = frames
    this.#newest = publication
    this.#withheld = undefined
    return undefined
  }

  /** Encodes it whole only where it may be too large. */
  #problemOf(publication: Publication, frames: Map<string, Buffer>): string | undefined {
    if (this.#bound.of(publication.snapshot) <= this.#largest) return undefined
    const text = wholeOf(publication)
    const bytes = Buffer.byteLength(text)
    if (bytes > this.#largest)
      return `the configuration has ${bytes} bytes, and at most ${this.#largest} can be sent: the one before stays`
    frames.set('', frame(text))
    return undefined
  }

  /**
   * What a proxy has to be sent: undefined when it has the newest, or nothing is published. The same snapshot as an earlier leader
   * published is sent again, as a change of nothing: the proxy learns whom it obeys now (K6).
   *
   * @param has undefined: nothing that can be relied on, so that the whole goes
   */
  next(has: Served | undefined): { readonly frame: Buffer; readonly moment: Moment } | undefined {
    const newest = this.#newest
    if (newest === undefined) return undefined
    if (has?.digest === newest.snapshot.digest && !isOlder(has, newest)) return undefined
    const { epoch, sequence } = newest
    const bytes = has === undefined ? undefined : this.#deltaFrom(has.digest, newest)
    return { frame: bytes ?? this.#whole(newest), moment: { epoch, sequence } }
  }

  #deltaFrom(digest: string, newest: Publication): Buffer | undefined {
    const known = this.#frames.get(digest)
    if (known !== undefined) return known
    const before = [newest.snapshot, ...this.#history].find((each) => each.digest === digest)
    if (before === undefined) return undefined
    const text = deltaFrom(before, newest)
    return Buffer.byteLength(text) > this.#largest ? undefined : this.#keep(digest, text)
  }

  #whole(newest: Publication): Buffer {
    return this.#frames.get('') ?? this.#keep('', wholeOf(newest))
  }

  #keep(from: string, text: string): Buffer {
    const bytes = frame(text)
    this.#frames.set(from, bytes)
    return bytes
  }
}

const wholeOf = ({ epoch, sequence, snapshot }: Publication): string =>
  encodeControllerMessage({ type: 'snapshot', epoch, sequence, snapshot })

const deltaFrom = (before: Snapshot, { epoch, sequence, snapshot }: Publication): string =>
  encodeControllerMessage({ type: 'delta', epoch, sequence, delta: deltaOf(before, snapshot) })
