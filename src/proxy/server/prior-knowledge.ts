import { preface } from '../http2/frame.ts'
import type { SocketOwner } from './accept.ts'

/** Who opens what a client turns out to speak. */
export interface Choice {
  /** What a client speaks until it has said its first word: its clock runs. */
  readonly first: SocketOwner
  /** Something else takes the socket. */
  readonly other: () => SocketOwner
}

/**
 * The owner of a socket on which a client may speak HTTP/2 by prior knowledge (RFC 9113 §3.3): all of its preface must
 * come, byte for byte, and what differs anywhere is HTTP/1.1 from its first byte on.
 */
export class PriorKnowledge implements SocketOwner {
  #owner: SocketOwner
  readonly #other: () => SocketOwner
  /** Bytes of the preface that have come. */
  #seen = 0
  #isChosen = false

  constructor({ first, other }: Choice) {
    this.#owner = first
    this.#other = other
  }

  read(buffer: Buffer, end: number): boolean {
    return this.#isChosen ? this.#owner.read(buffer, end) : this.#choose(buffer, end)
  }

  #choose(buffer: Buffer, end: number): boolean {
    const before = this.#seen
    let at = 0
    while (
      at < end &&
      this.#seen < preface.length &&
      buffer[at] === preface.charCodeAt(this.#seen)
    ) {
      at++
      this.#seen++
    }
    const isWhole = this.#seen === preface.length
    if (at === end && !isWhole) return true
    this.#isChosen = true
    if (isWhole) this.#owner = this.#other()
    const bytes = before === 0 ? buffer : withBeginning(before, buffer, end)
    return this.#owner.read(bytes, before + end)
  }

  ended(): void {
    this.#owner.ended()
  }

  drained(): void {
    this.#owner.drained()
  }

  closed(): void {
    this.#owner.closed()
  }
}

/** With what came before; a copy. */
const withBeginning = (seen: number, buffer: Buffer, end: number): Buffer =>
  Buffer.concat([Buffer.from(preface.slice(0, seen), 'latin1'), buffer.subarray(0, end)])
