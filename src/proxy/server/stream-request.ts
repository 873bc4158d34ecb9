import { Deadline } from '../../base/wheel.ts'
import type { FailureCode, FailureDetail } from '../../model/failure.ts'
import { HeaderList } from '../http1/header-list.ts'
import type { BodySink, BodySource, Framing, Peer, Request, RequestHead } from '../http1/message.ts'
import type { ServerSession } from '../http2/server-session.ts'
import type { Stream } from '../http2/stream.ts'
import { lingerBytes, lingerMs } from './client-connection.ts'
import type { ConnectionHost } from './connection.ts'

/** What the streams of a connection share. */
export interface StreamHome {
  readonly host: ConnectionHost
  readonly session: ServerSession
  readonly peer: Peer
}

/** A request of an HTTP/2 connection and the source of its body. */
export class StreamRequest implements Request, BodySource {
  readonly head: RequestHead
  readonly peer: Peer
  readonly protocol = '2'
  readonly startedMs: number
  readonly framing: Framing
  readonly length: number
  received = 0
  /** The whole body has arrived and was delivered. */
  complete: boolean
  readonly #home: StreamHome
  readonly #stream: Stream
  #sink: BodySink | undefined
  #fault: FailureCode | undefined
  #faultDetail: FailureDetail | undefined
  #limit = Number.POSITIVE_INFINITY
  #pausing = false
  /** What came before somebody wanted it. Never more than the window. */
  #pending: Buffer[] | undefined
  /** Bytes that were delivered with a pause as the answer. */
  #owed = 0
  #hasEnded: boolean
  #trailers: HeaderList | undefined
  #deadline: Deadline | undefined
  #isTimed = true

  constructor(home: StreamHome, stream: Stream, head: RequestHead) {
    this.#home = home
    this.#stream = stream
    this.head = head
    this.peer = home.peer
    this.startedMs = home.host.clock.nowMs()
    this.length = head.contentLength
    this.#hasEnded = stream.isRemoteOver
    this.complete = stream.isRemoteOver
    this.framing = framingOf(head, stream)
  }

  get body(): BodySource {
    return this
  }

  /** Every byte is of some stream, and explained, but for what comes on a tunnel that nobody has opened yet. */
  get followed(): boolean {
    return this.#stream.isTunnel && this.#pending !== undefined
  }

  get awaited(): boolean {
    return !this.#hasEnded && this.#sink !== undefined && !this.#pausing
  }

  pipe(sink: BodySink): void {
    if (this.#sink !== undefined) throw new Error('the body was taken before')
    this.#sink = sink
    if (this.#fault !== undefined) return sink.abort(this.#fault, this.#faultDetail)
    if (this.complete) return sink.end(this.#trailers)
    // `100 Continue` is the gateway's to send, and only once the body is wanted (R18).
    const { expectContinue } = this.head
    if (expectContinue && this.#pending === undefined && !this.#hasEnded && !this.#stream.isTunnel)
      this.#home.session.sendHead(this.#stream, 100, new HeaderList(), -1)
    this.#goOn()
  }

  resume(): void {
    if (!this.#pausing) return
    this.#pausing = false
    const owed = this.#owed
    this.#owed = 0
    if (owed > 0) this.#home.session.consumed(this.#stream, owed)
    this.#goOn()
  }

  limit(bytes: number): void {
    this.#limit = bytes
    if (this.received > bytes) this.#fail('body_too_large')
  }

  /** A part arrived. */
  take(bytes: Buffer, start: number, end: number): void {
    if (this.#discarding >= 0) return this.#throwAway(end - start)
    if (this.#fault !== undefined) return this.#home.session.consumed(this.#stream, end - start)
    if (this.#sink === undefined || this.#pausing) {
      this.#pending ??= []
      this.#pending.push(Buffer.from(bytes.subarray(start, end)))
      return
    }
    this.#deliver(bytes.subarray(start, end))
    this.#watch()
  }

  end(trailers: HeaderList | undefined): void {
    this.#hasEnded = true
    this.#trailers = trailers
    if (this.#pending === undefined && !this.#pausing && this.#sink !== undefined) this.#finish()
    else if (this.#pending === undefined && this.#sink === undefined) this.complete = true
    this.#watch()
  }

  /** What waits is delivered, until somebody asks for a pause. */
  #goOn(): void {
    const pending = this.#pending ?? []
    while (pending.length > 0 && !this.#pausing && this.#fault === undefined)
      this.#deliver(pending.shift() as Buffer)
    if (pending.length === 0) this.#pending = undefined
    if (this.#hasEnded && pending.length === 0 && !this.#pausing) this.#finish()
    this.#watch()
  }

  #deliver(chunk: Buffer): void {
    this.received += chunk.length
    if (this.received > this.#limit) {
      this.#home.session.consumed(this.#stream, chunk.length)
      return this.#fail('body_too_large')
    }
    if (this.#sink?.data(chunk) !== false)
      return this.#home.session.consumed(this.#stream, chunk.length)
    this.#pausing = true
    this.#owed += chunk.length
  }

  #finish(): void {
    if (this.complete || this.#fault !== undefined) return
    this.complete = true
    this.#sink?.end(this.#trailers)
  }

  #fail(code: FailureCode, detail?: FailureDetail): void {
    if (this.#fault !== undefined || this.complete) return
    this.#fault = code
    this.#faultDetail = detail
    this.#sink?.abort(code, detail)
  }

  untimed(): void {
    this.#isTimed = false
    this.#watch()
  }

  /** A clock runs only while the client is waited for. A tunnel has its own. */
  #watch(): void {
    if (this.#stream.isTunnel) return
    if (!this.#isTimed) return this.#deadline?.clear()
    if (!this.awaited || this.#fault !== undefined) return this.#deadline?.clear()
    const { host } = this.#home
    this.#deadline ??= new Deadline(host.wheel, () => this.#expired())
    this.#deadline.set(host.clock.nowMs(), host.clocks.bodyIdleMs)
  }

  #expired(): void {
    const { clock, clocks } = this.#home.host
    const spentMs = Math.round(clock.nowMs() - this.startedMs)
    this.#fail('request_timeout', { clock: 'bodyIdle', limitMs: clocks.bodyIdleMs, spentMs })
  }

  /** The exchange is over: nothing is waited for any more. */
  close(): void {
    this.#deadline?.close()
    this.#pending = undefined
  }

  /** Bytes that were thrown away behind the answer; -1 before. */
  #discarding = -1

  /**
   * The answer has left, and the body is not complete: many clients look at an answer only once they could send all that
   * they have, and take a reset for a failure.
   */
  discard(): void {
    this.#discarding = 0
    this.#home.host.wheel.after(lingerMs, () => this.#home.session.refuseRest(this.#stream))
    this.#throwAway(this.#stream.unconsumed)
  }

  #throwAway(bytes: number): void {
    const { session } = this.#home
    session.consumed(this.#stream, bytes)
    this.#discarding += bytes
    if (this.#discarding > lingerBytes) session.refuseRest(this.#stream)
  }
}

/** How the end of the body would be known over HTTP/1.1. */
function framingOf({ contentLength }: RequestHead, { isRemoteOver, isTunnel }: Stream): Framing {
  if (isRemoteOver || isTunnel || contentLength === 0) return 'none'
  return contentLength > 0 ? 'length' : 'chunked'
}
