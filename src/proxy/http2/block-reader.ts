import { flags as bits, type ErrorName, frameTypes } from './frame.ts'
import type { FrameHead } from './frame-reader.ts'

/** A complete header block; its bytes are borrowed. */
export interface Block {
  readonly stream: number
  readonly isLast: boolean
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

const mostContinuations = 8

/** Puts the header blocks of one connection together, however many frames each comes in (H3). */
export class BlockReader {
  /** Of the block that is not complete; 0 without one. */
  stream = 0
  /** Bytes of one block. */
  most: number
  #isLast = false
  #parts: Buffer[] = []
  #bytes = 0

  constructor(most: number) {
    this.most = most
  }

  get isOpen(): boolean {
    return this.stream !== 0
  }

  /** HEADERS or CONTINUATION. @returns the block once it is complete, or why the connection cannot go on */
  take(head: FrameHead, bytes: Buffer, start: number, end: number): Block | ErrorName | undefined {
    return head.type === frameTypes.continuation
      ? this.#continue(head, bytes, start, end)
      : this.#begin(head, bytes, start, end)
  }

  #begin(
    { stream, flags }: FrameHead,
    bytes: Buffer,
    start: number,
    end: number,
  ): Block | ErrorName | undefined {
    let from = start
    let until = end
    if ((flags & bits.padded) !== 0) {
      if (from === until) return 'frame_size_error'
      until -= bytes[from++] as number
    }
    const hasPriority = (flags & bits.priority) !== 0
    if (hasPriority) from += 5
    if (from > until) return until === end ? 'frame_size_error' : 'protocol_error'
    const dependsOn = hasPriority ? bytes.readUInt32BE(from - 5) & 0x7fffffff : 0
    if (stream === 0 || dependsOn === stream) return 'protocol_error'
    const isLast = (flags & bits.endStream) !== 0
    if ((flags & bits.endHeaders) !== 0) return { stream, isLast, bytes, start: from, end: until }
    this.stream = stream
    this.#isLast = isLast
    this.#parts = [Buffer.from(bytes.subarray(from, until))]
    this.#bytes = until - from
    return undefined
  }

  #continue(
    { stream, flags }: FrameHead,
    bytes: Buffer,
    start: number,
    end: number,
  ): Block | ErrorName | undefined {
    if (!this.isOpen || stream !== this.stream) return 'protocol_error'
    this.#parts.push(Buffer.from(bytes.subarray(start, end)))
    this.#bytes += end - start
    const isFlood = start === end || this.#parts.length - 1 > mostContinuations
    if (isFlood || this.#bytes > this.most) return 'enhance_your_calm'
    if ((flags & bits.endHeaders) === 0) return undefined
    const block = Buffer.concat(this.#parts, this.#bytes)
    this.#parts = []
    this.stream = 0
    return { stream, isLast: this.#isLast, bytes: block, start: 0, end: block.length }
  }
}
