import { flags as bits, type ErrorName, frameBytes, frameHeadBytes, frameTypes } from './frame.ts'

/** What frames say, in order. Bytes are borrowed: nothing of them may be kept. */
export interface FrameSink {
  /** A frame of any type but DATA, with all of its payload. */
  frame(head: FrameHead, bytes: Buffer, start: number, end: number): void
  /** A DATA frame begins: so many bytes of its length are content, the rest is padding. */
  data(head: FrameHead, content: number): void
  /** A part of what the frame holds. */
  part(stream: number, bytes: Buffer, start: number, end: number): void
  /** The frame is complete. */
  dataEnd(head: FrameHead): void
  /** The connection cannot go on. Nothing else is said after it. */
  broken(error: ErrorName): void
}

/** Nine bytes (RFC 9113 §4.1). One object a reader: valid until the next frame. */
export interface FrameHead {
  readonly length: number
  readonly type: number
  readonly flags: number
  readonly stream: number
}

const none = Buffer.alloc(0)

/** Cuts bytes into frames, wherever reads happen to cut them. Keeps at most one frame; DATA and unknown ones not at all. */
export class FrameReader {
  readonly #sink: FrameSink
  readonly #head = { length: 0, type: 0, flags: 0, stream: 0 }
  /** The beginning of a frame whose rest has not come. */
  #kept = none
  #keptEnd = 0
  /** Bytes of the frame at hand that go by as they come. */
  #passing = 0
  #padding = 0
  #isBroken = false

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Nothing that comes is looked at any more. */
  stop(): void {
    this.#isBroken = true
    this.#kept = none
  }

  /** A frame has begun whose rest must be waited for. */
  get isWaiting(): boolean {
    return this.#keptEnd > 0
  }

  read(bytes: Buffer, from: number, end: number): void {
    let at = from
    while (at < end && !this.#isBroken) {
      if (this.#passing > 0) at = this.#pass(bytes, at, end)
      else if (this.#keptEnd > 0) at = this.#complete(bytes, at, end)
      else {
        const next = this.#frame(bytes, at, end)
        if (next === at) return this.#keep(bytes, at, end)
        at = next
      }
    }
  }

  /** Takes the frame that begins at `at`; answers `at` when more of it is needed. */
  #frame(bytes: Buffer, at: number, end: number): number {
    if (end - at < frameHeadBytes) return at
    const head = this.#readHead(bytes, at)
    const start = at + frameHeadBytes
    if (head.length > frameBytes) return this.#fail('frame_size_error', end)
    if (head.type === frameTypes.data) return this.#beginData(bytes, start, end)
    if (head.type > frameTypes.continuation) {
      this.#sink.frame(head, none, 0, 0)
      this.#passing = head.length
      return start
    }
    if (end - start < head.length) return at
    this.#sink.frame(head, bytes, start, start + head.length)
    return start + head.length
  }

  #readHead(bytes: Buffer, at: number): FrameHead {
    const head = this.#head
    head.length =
      ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    head.type = bytes[at + 3] as number
    head.flags = bytes[at + 4] as number
    // The reserved bit says nothing (RFC 9113 §4.1).
    head.stream =
      (((bytes[at + 5] as number) & 0x7f) << 24) |
      ((bytes[at + 6] as number) << 16) |
      ((bytes[at + 7] as number) << 8) |
      (bytes[at + 8] as number)
    return head
  }

  #beginData(bytes: Buffer, start: number, end: number): number {
    const head = this.#head
    let at = start
    this.#padding = 0
    let length = head.length
    if ((head.flags & bits.padded) !== 0) {
      if (length === 0) return this.#fail('frame_size_error', end)
      if (at === end) return start - frameHeadBytes
      this.#padding = bytes[at++] as number
      if (this.#padding >= length) return this.#fail('protocol_error', end)
      length--
    }
    this.#passing = length
    this.#sink.data(head, length - this.#padding)
    if (length === 0 && !this.#isBroken) this.#sink.dataEnd(head)
    return at
  }

  #pass(bytes: Buffer, at: number, end: number): number {
    const until = Math.min(end, at + this.#passing)
    const head = this.#head
    this.#passing -= until - at
    if (head.type !== frameTypes.data) return until
    // What is left to pass at the end of the part, less than the padding: some of the part was padding.
    const past = Math.max(this.#padding - this.#passing, 0)
    if (until - past > at) this.#sink.part(head.stream, bytes, at, until - past)
    if (this.#passing === 0 && !this.#isBroken) this.#sink.dataEnd(head)
    return until
  }

  #keep(bytes: Buffer, at: number, end: number): void {
    const isHeadKnown = end - at >= frameHeadBytes
    const size = frameHeadBytes + (isHeadKnown ? Math.max(this.#head.length, 1) : 1)
    if (this.#kept.length < size) this.#kept = Buffer.allocUnsafeSlow(size)
    this.#keptEnd = bytes.copy(this.#kept, 0, at, end)
  }

  /** Adds to what was kept until the frame, or at least its head, is there. */
  #complete(bytes: Buffer, at: number, end: number): number {
    const size =
      this.#keptEnd < frameHeadBytes ? frameHeadBytes : frameHeadBytes + Math.max(this.#need(), 1)
    if (size > this.#kept.length) {
      const larger = Buffer.allocUnsafeSlow(size)
      this.#kept.copy(larger, 0, 0, this.#keptEnd)
      this.#kept = larger
    }
    const until = Math.min(end, at + size - this.#keptEnd)
    this.#keptEnd += bytes.copy(this.#kept, this.#keptEnd, at, until)
    if (this.#keptEnd < size) return until
    const kept = this.#kept
    const keptEnd = this.#keptEnd
    this.#keptEnd = 0
    if (this.#frame(kept, 0, keptEnd) === 0 && !this.#isBroken) this.#keptEnd = keptEnd
    // A connection that rests keeps nothing.
    if (this.#keptEnd === 0) this.#kept = none
    return until
  }

  /** Bytes of payload that must be there before the kept frame can be taken. */
  #need(): number {
    const { type, length } = this.#readHead(this.#kept, 0)
    return type === frameTypes.data ? 1 : length
  }

  #fail(error: ErrorName, end: number): number {
    this.#isBroken = true
    this.#sink.broken(error)
    return end
  }
}
