import { flags as bits, type ErrorName, initialWindow } from './frame.ts'
import type { FramePrinter } from './frame-printer.ts'
import type { FrameHead } from './frame-reader.ts'
import type { Stream } from './stream.ts'

/** We take 64 KiB for each stream before somebody consumes it (data-plane.md). */
export const streamWindow = 65_536
/** Frames without content, one after the other (H6). */
const mostEmpty = 1

/** What the peer may send on a connection and its streams. Windows open again as what came is consumed. */
export class Receiving {
  readonly #print: FramePrinter
  /** What the peer may send on all streams together. */
  readonly #most: number
  #window: number
  /** Consumed, and the peer was not told. */
  #owed = 0
  #empty = 0

  /** @param most bytes that all streams together may have sent before somebody consumes them */
  constructor(print: FramePrinter, most: number) {
    this.#print = print
    this.#most = most
    this.#window = most
  }

  /** Behind the first SETTINGS, which cannot say the window of the connection (RFC 9113 §6.9.2). */
  open(): void {
    this.#print.windowUpdate(0, this.#most - initialWindow)
  }

  /** A DATA frame has come. @returns why the connection cannot go on */
  take({ length, flags }: FrameHead, content: number): ErrorName | undefined {
    this.#window -= length
    if (this.#window < 0) return 'flow_control_error'
    this.#empty = content === 0 && (flags & bits.endStream) === 0 ? this.#empty + 1 : 0
    return this.#empty > mostEmpty ? 'enhance_your_calm' : undefined
  }

  /** The owner of a stream has done with so many bytes of it. */
  consumed(stream: Stream, bytes: number): void {
    stream.unconsumed -= bytes
    this.credit(bytes)
    if (stream.isRemoteOver) return
    stream.owed += bytes
    if (stream.owed < streamWindow / 2) return
    this.#print.windowUpdate(stream.id, stream.owed)
    stream.receiveWindow += stream.owed
    stream.owed = 0
  }

  /** So many bytes are gone, whatever became of their stream. Told early: the rest of the window may be held by streams that stand. */
  credit(bytes: number): void {
    this.#owed += bytes
    if (this.#owed < streamWindow / 2) return
    this.#print.windowUpdate(0, this.#owed)
    this.#window += this.#owed
    this.#owed = 0
  }
}
