import type { HeaderList } from '../http1/header-list.ts'
import { flags as bits, frameBytes, initialWindow, largestWindow } from './frame.ts'
import type { FramePrinter } from './frame-printer.ts'
import { encodeFields } from './hpack-encoder.ts'
import type { Stream } from './stream.ts'

export interface SendingOwner {
  nowMs(): number
  /** A DATA frame was sent. */
  dataSent(): void
  /** Our message on the stream is complete. */
  localEnded(stream: Stream): void
}

/** A client that takes less in the time of a stall takes nothing: it holds what it is sent (R16). */
const leastProgress = 4096

/** What a connection sends on its streams, as far and as fast as the windows of the peer and the kernel let it out. */
export class Sending {
  readonly #owner: SendingOwner
  readonly #print: FramePrinter
  #window = initialWindow
  /** Streams with bytes that wait for a window. */
  readonly #waiting = new Set<Stream>()
  /** Streams whose last frame has not been handed to the kernel. */
  #leaving: Stream[] = []
  #blockedSinceMs: number | undefined

  constructor(owner: SendingOwner, print: FramePrinter) {
    this.#owner = owner
    this.#print = print
  }

  /** The peer takes more of the whole connection. False when that overflows. */
  grow(bytes: number): boolean {
    this.#window += bytes
    return this.#window <= largestWindow
  }

  /** The chunk is borrowed. False: wait for `writable`. */
  send(stream: Stream, chunk: Buffer): boolean {
    if (stream.ending) return true
    const sent = stream.queued > 0 ? 0 : this.#sendPart(stream, chunk)
    if (sent === chunk.length) return !this.isBlocked
    stream.queue ??= []
    stream.queue.push(Buffer.from(chunk.subarray(sent)))
    stream.queued += chunk.length - sent
    if (!this.#waiting.has(stream)) this.#progress(stream, leastProgress)
    this.#waiting.add(stream)
    return false
  }

  /** As much as the windows let out. @returns how much */
  #sendPart(stream: Stream, chunk: Buffer): number {
    let at = 0
    while (at < chunk.length) {
      const room = Math.min(stream.sendWindow, this.#window, frameBytes)
      if (room <= 0) break
      const end = Math.min(chunk.length, at + room)
      this.#print.data(stream.id, chunk, at, end)
      stream.sendWindow -= end - at
      this.#window -= end - at
      this.#owner.dataSent()
      at = end
    }
    return at
  }

  /** Our message is complete, once what waits has left. */
  finish(stream: Stream, trailers: HeaderList | undefined): void {
    if (stream.ending) return
    stream.ending = true
    stream.trailers = trailers
    if (stream.queued === 0) this.#end(stream)
  }

  #end(stream: Stream): void {
    const { id, trailers } = stream
    if (trailers !== undefined && trailers.size > 0)
      this.#print.block(id, encodeFields(trailers), bits.endStream)
    else this.#print.endStream(id)
    stream.isLocalOver = true
    this.#leaving.push(stream)
    this.#owner.localEnded(stream)
  }

  /** The stream is over: what waits is not needed. */
  forget(stream: Stream): void {
    this.#waiting.delete(stream)
    stream.queue = undefined
    stream.queued = 0
  }

  /** A frame of each stream in turn, as long as a window lets one out. */
  pump(): void {
    for (let hasMoved = true; hasMoved && this.#window > 0; ) {
      hasMoved = false
      for (const stream of [...this.#waiting]) if (this.#sendQueued(stream)) hasMoved = true
    }
  }

  #sendQueued(stream: Stream): boolean {
    const chunk = stream.queue?.[0]
    if (chunk === undefined || !this.#waiting.has(stream)) return false
    const sent = this.#sendPart(stream, chunk.subarray(0, frameBytes))
    if (sent === 0) return false
    stream.queued -= sent
    this.#progress(stream, sent)
    if (sent === chunk.length) stream.queue?.shift()
    else (stream.queue as Buffer[])[0] = chunk.subarray(sent)
    if (stream.queued > 0) return true
    this.#waiting.delete(stream)
    if (stream.ending) this.#end(stream)
    else if (!this.isBlocked) stream.owner?.writable()
    return true
  }

  #progress(stream: Stream, bytes: number): void {
    stream.dripped += bytes
    if (stream.dripped < leastProgress) return
    stream.dripped = 0
    stream.stalledSinceMs = this.#owner.nowMs()
  }

  /** Since when something waits for the peer, a window or the kernel; undefined when nothing does. */
  get stalledSinceMs(): number | undefined {
    let sinceMs = this.#blockedSinceMs
    for (const { stalledSinceMs } of this.#waiting)
      sinceMs = Math.min(sinceMs ?? stalledSinceMs, stalledSinceMs)
    return sinceMs
  }

  /** Streams that have waited for a window since before that time. */
  stalled(beforeMs: number): readonly Stream[] {
    return [...this.#waiting].filter(({ stalledSinceMs }) => stalledSinceMs <= beforeMs)
  }

  /** The window of the whole connection is what they wait for. */
  get isShut(): boolean {
    return this.#window <= 0
  }

  get isBlocked(): boolean {
    return this.#blockedSinceMs !== undefined
  }

  /** The kernel does not take what it is given: told by who knows. */
  set isBlocked(isBlocked: boolean) {
    if (!isBlocked) this.#blockedSinceMs = undefined
    else this.#blockedSinceMs ??= this.#owner.nowMs()
  }

  /** Everything that was said is handed on. */
  flush(): void {
    this.#print.flush()
    if (!this.isBlocked) this.left()
  }

  /** The kernel has all there was. */
  left(): void {
    if (this.#leaving.length === 0) return
    const leaving = this.#leaving
    this.#leaving = []
    for (const stream of leaving) stream.owner?.left()
  }

  /** Those whose whole message waits for the kernel. */
  get leaving(): readonly Stream[] {
    return this.#leaving
  }

  /** The connection is gone with what had not left. */
  lost(): void {
    this.#print.drop()
    for (const stream of this.#leaving.splice(0)) stream.owner?.reset()
  }
}
