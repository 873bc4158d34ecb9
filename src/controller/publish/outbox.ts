import { frame } from '../../model/frame.ts'
import {
  type ControllerMessage,
  encodeControllerMessage,
  largestMessage,
  type Moment,
} from '../../model/push-message.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { deltaOf } from '../../model/snapshot-delta.ts'
import type { Publication } from './publication.ts'

/** Snapshots that a proxy may still have; they share nearly all of their parts. */
const remembered = 16

/** What is newest, as frames: each way to it is encoded once, however many proxies take it. */
export class Outbox {
  #newest: Publication | undefined
  #history: Snapshot[] = []
  /** By the digest that a frame leads from; '' for the whole. */
  #frames = new Map<string, Buffer>()

  get newest(): Publication | undefined {
    return this.#newest
  }

  /** @returns a problem when it is too large to be sent: then nothing has changed (hostile-inputs C10) */
  put(publication: Publication): string | undefined {
    const before = this.#newest
    const frames = new Map<string, Buffer>()
    if (before !== undefined && before.snapshot.digest !== publication.snapshot.digest) {
      const delta = frameOf(publication, before.snapshot)
      if (delta === undefined) return tooLarge
      frames.set(before.snapshot.digest, delta)
      this.#history = [before.snapshot, ...this.#history].slice(0, remembered)
    }
    this.#frames = frames
    this.#newest = publication
    return undefined
  }

  /** A frame for a proxy that has the snapshot with this digest; undefined when it has the newest, or nothing is published. */
  next(
    has: string,
    whole: boolean,
  ): { readonly frame: Buffer; readonly moment: Moment } | undefined {
    const newest = this.#newest
    if (newest === undefined || (!whole && has === newest.snapshot.digest)) return undefined
    const { epoch, sequence } = newest
    const bytes = (whole ? undefined : this.#deltaFrom(has, newest)) ?? this.#whole(newest)
    return bytes === undefined ? undefined : { frame: bytes, moment: { epoch, sequence } }
  }

  #deltaFrom(digest: string, newest: Publication): Buffer | undefined {
    const known = this.#frames.get(digest)
    if (known !== undefined) return known
    const before = this.#history.find((snapshot) => snapshot.digest === digest)
    if (before === undefined) return undefined
    const bytes = frameOf(newest, before)
    if (bytes !== undefined) this.#frames.set(digest, bytes)
    return bytes
  }

  #whole(newest: Publication): Buffer | undefined {
    const known = this.#frames.get('')
    if (known !== undefined) return known
    const bytes = frameOf(newest, undefined)
    if (bytes !== undefined) this.#frames.set('', bytes)
    return bytes
  }
}

const tooLarge = `a change is over ${largestMessage} bytes and is not sent`

function frameOf(
  { epoch, sequence, snapshot }: Publication,
  before: Snapshot | undefined,
): Buffer | undefined {
  const message: ControllerMessage =
    before === undefined
      ? { type: 'snapshot', epoch, sequence, snapshot }
      : { type: 'delta', epoch, sequence, delta: deltaOf(before, snapshot) }
  const text = encodeControllerMessage(message)
  return text.length > largestMessage ? undefined : frame(text)
}
