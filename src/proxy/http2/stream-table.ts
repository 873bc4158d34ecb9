import type { HeaderList } from '../http1/header-list.ts'
import { ClosedStreams } from './closed-streams.ts'
import { flags as bits, type ErrorName, initialWindow, largestWindow } from './frame.ts'
import { FramePrinter } from './frame-printer.ts'
import type { FrameHead } from './frame-reader.ts'
import { Receiving } from './receiving.ts'
import { Sending, type SendingOwner } from './sending.ts'
import type { Stream, StreamOwner } from './stream.ts'

/** Who has the socket and the clock of a session. */
export interface SessionOwner {
  /** There is something to send: `flush` wants to be called, soon. */
  changed(): void
  /** Bytes for the socket. True when they are not needed any more as it returns. */
  send(bytes: Buffer): boolean
  /** The last word was said; nothing that comes is looked at. */
  over(): void
  nowMs(): number
}

/** The streams of one connection: what comes and goes on them, as far as the windows of both sides let it. */
export abstract class StreamTable<Owner extends StreamOwner> implements SendingOwner {
  protected readonly print: FramePrinter
  protected readonly sending: Sending
  protected readonly receiving: Receiving
  protected readonly byId = new Map<number, Stream<Owner>>()
  protected readonly closed = new ClosedStreams()
  /** The highest stream that was opened. */
  protected lastId = 0
  protected isOver = false
  /** What a new stream may send. */
  protected peerWindow = initialWindow
  readonly #owner: SessionOwner

  /** @param window bytes that the peer may have sent on all streams before somebody consumes them */
  constructor(owner: SessionOwner, window: number) {
    this.#owner = owner
    this.print = new FramePrinter(
      (bytes) => owner.send(bytes),
      () => owner.changed(),
    )
    this.sending = new Sending(this, this.print)
    this.receiving = new Receiving(this.print, window)
  }

  /** A fault of the connection: nothing that comes is understood any more. */
  abstract fail(error: ErrorName): void
  abstract dataSent(): void
  abstract localEnded(stream: Stream): void
  /** A frame for a stream that is not open. */
  protected abstract late(id: number, what: 'headers' | 'data'): void
  /** Whether this DATA may come on the stream. When not, that was dealt with. */
  protected abstract takes(stream: Stream<Owner>, content: number): boolean
  /** The peer's message is complete. */
  protected abstract remoteEnds(stream: Stream<Owner>, trailers: HeaderList | undefined): void
  /** The peer broke the rules on one stream. */
  protected abstract broke(stream: Stream<Owner>, error: ErrorName): void

  /** Streams that are open. */
  get streams(): number {
    return this.byId.size
  }

  nowMs(): number {
    return this.#owner.nowMs()
  }

  // Messages in:

  protected received(head: FrameHead, content: number): void {
    const fault = this.receiving.take(head, content)
    if (fault !== undefined) return this.fail(fault)
    const padding = head.length - content
    const stream = this.byId.get(head.stream)
    if (stream === undefined) {
      this.#credit(padding)
      return this.late(head.stream, 'data')
    }
    stream.receiveWindow -= head.length
    if (!this.takes(stream, content)) return this.#credit(padding)
    stream.unconsumed += padding
    if (padding > 0) this.consumed(stream, padding)
  }

  part(id: number, bytes: Buffer, start: number, end: number): void {
    const size = end - start
    const stream = this.byId.get(id)
    if (stream === undefined) return this.#credit(size)
    stream.unconsumed += size
    if (stream.expected > 0) stream.expected -= size
    stream.owner?.data(bytes, start, end)
  }

  dataEnd({ stream: id, flags }: FrameHead): void {
    const stream = this.byId.get(id)
    if (stream !== undefined && (flags & bits.endStream) !== 0) this.remoteEnds(stream, undefined)
  }

  /** The owner of a stream has done with so many bytes of it. */
  consumed(stream: Stream<Owner>, bytes: number): void {
    if (this.byId.has(stream.id)) this.receiving.consumed(stream, bytes)
  }

  #credit(bytes: number): void {
    if (!this.isOver) this.receiving.credit(bytes)
  }

  // Messages out:

  /** The chunk is borrowed. False: wait for `writable`. */
  send(stream: Stream<Owner>, chunk: Buffer): boolean {
    return this.isShut(stream) || this.sending.send(stream, chunk)
  }

  /** Our message is complete, once what waits has left. */
  finish(stream: Stream<Owner>, trailers?: HeaderList): void {
    if (!this.isShut(stream)) this.sending.finish(stream, trailers)
  }

  protected isShut(stream: Stream<Owner>): boolean {
    return stream.isLocalOver || this.isOver || !this.byId.has(stream.id)
  }

  /** WINDOW_UPDATE: the connection, or a stream, takes so many bytes more. */
  protected grow(id: number, bytes: number): void {
    if (id === 0) {
      if (bytes === 0) return this.fail('protocol_error')
      return this.sending.grow(bytes) ? this.sending.pump() : this.fail('flow_control_error')
    }
    const stream = this.byId.get(id)
    if (stream === undefined) return
    if (bytes === 0) return this.broke(stream, 'protocol_error')
    stream.sendWindow += bytes
    if (stream.sendWindow > largestWindow) return this.broke(stream, 'flow_control_error')
    this.sending.pump()
  }

  /** The setting counts for streams that are open, too (RFC 9113 §6.9.2). */
  protected resize(window: number): void {
    if (window > largestWindow) return this.fail('flow_control_error')
    const change = window - this.peerWindow
    this.peerWindow = window
    for (const stream of this.byId.values()) {
      stream.sendWindow += change
      if (stream.sendWindow > largestWindow) return this.fail('flow_control_error')
    }
  }

  get isBlocked(): boolean {
    return this.sending.isBlocked
  }

  /** The kernel does not take what it is given: told by who knows. */
  set isBlocked(isBlocked: boolean) {
    this.sending.isBlocked = isBlocked
  }

  /** The kernel takes more. */
  drained(): void {
    this.sending.isBlocked = false
    this.sending.left()
    for (const stream of this.byId.values())
      if (stream.queued === 0 && !stream.isLocalOver) stream.owner?.writable()
  }

  /** Everything that was said is handed on. */
  flush(): void {
    this.sending.flush()
  }

  // The end:

  /** @returns false when it was not open any more */
  protected remove(stream: Stream<Owner>, wasReset: boolean): boolean {
    if (!this.byId.delete(stream.id)) return false
    this.sending.forget(stream)
    this.closed.add(stream.id, wasReset)
    this.#credit(stream.unconsumed)
    return true
  }

  /** No stream is open any more. @returns those that were */
  protected removeAll(): readonly Stream<Owner>[] {
    this.isOver = true
    const streams = [...this.byId.values()]
    this.byId.clear()
    for (const stream of streams) this.sending.forget(stream)
    return streams
  }
}
