import type { FailureCode, FailureDetail } from '../../model/failure.ts'
import { BodyDecoder } from '../http1/body-decoder.ts'
import type { BodySink, BodySource, Framing, Peer, Request, RequestHead } from '../http1/message.ts'
import type { Connection, ConnectionHost } from './connection.ts'

const none = Buffer.alloc(0)

/** A request of an HTTP/1.x connection and the source of its body. */
export class ClientRequest implements Request, BodySource {
  readonly head: RequestHead
  readonly peer: Peer
  readonly protocol: '1.0' | '1.1'
  readonly startedMs: number
  readonly framing: Framing
  readonly length: number
  received = 0
  /** The whole body has arrived and was taken or thrown away. */
  complete: boolean
  readonly #connection: Connection
  #decoder: BodyDecoder | undefined
  #sink: BodySink | undefined
  #fault: FailureCode | undefined
  #faultDetail: FailureDetail | undefined
  /** Made once there is a body: most requests have none. */
  #take: ((part: Buffer, from: number, until: number) => void) | undefined
  #limit = Number.POSITIVE_INFINITY
  #pausing = false
  /** The answer was 101. */
  #isTunnel = false
  /** FIN came before the 101. */
  #endedEarly = false
  /** What is left of the read buffer that held the head; valid only while the handler runs. */
  #window: Buffer
  #at: number
  #end: number

  constructor(
    connection: Connection,
    head: RequestHead,
    startedMs: number,
    window: Buffer,
    at: number,
    end: number,
  ) {
    this.#connection = connection
    this.head = head
    this.peer = connection.peer
    this.protocol = head.minorVersion === 1 ? '1.1' : '1.0'
    this.startedMs = startedMs
    this.length = head.contentLength
    this.framing = head.chunked ? 'chunked' : head.contentLength > 0 ? 'length' : 'none'
    this.complete = this.framing === 'none'
    this.#window = window
    this.#at = at
    this.#end = end
  }

  get body(): BodySource {
    return this
  }

  /** Somebody wants the body: it may be read from the connection. */
  get taken(): boolean {
    return this.#sink !== undefined
  }

  get followed(): boolean {
    return this.#at < this.#end || this.#connection.hasPending
  }

  get awaited(): boolean {
    return !this.complete && this.#sink !== undefined && !this.#pausing
  }

  pipe(sink: BodySink): void {
    if (this.#sink !== undefined) throw new Error('the body was taken before')
    this.#sink = sink
    if (this.#fault !== undefined) return sink.abort(this.#fault, this.#faultDetail)
    if (this.complete) return sink.end()
    if (this.#isTunnel) return this.#endedEarly ? this.endTunnel() : undefined
    this.#continue()
    if (this.#at < this.#end) this.#at = this.take(this.#window, this.#at, this.#end)
    if (!this.complete) this.#connection.resumeBody()
  }

  /** `100 Continue` is the gateway's to send, and only once the body is wanted (R18). */
  #continue(): void {
    if (!this.head.expectContinue || this.head.minorVersion === 0 || this.#at < this.#end) return
    this.#connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
  }

  /** From now on the body is whatever the client sends, until its FIN. */
  becomeTunnel(endedEarly: boolean): void {
    this.#isTunnel = true
    this.#endedEarly = endedEarly
    this.complete = false
  }

  /** What came through the tunnel; borrowed. False asks for a pause. */
  receive(bytes: Buffer): boolean {
    this.received += bytes.length
    return this.#sink?.data(bytes) !== false
  }

  /** FIN of the client. */
  endTunnel(): void {
    if (this.complete) return
    this.complete = true
    this.#sink?.end()
  }

  resume(): void {
    this.#pausing = false
    this.#connection.resumeBody()
  }

  limit(bytes: number): void {
    this.#limit = bytes
    if (this.received > bytes) this.#fail('body_too_large')
  }

  /** Decodes what arrived; answers how far it got. */
  take(bytes: Buffer, at: number, end: number): number {
    const decoder = (this.#decoder ??= this.#start())
    this.#take ??= (part, from, until) => this.#deliver(part, from, until)
    const consumed = decoder.decode(bytes, at, end, this.#take)
    if (consumed < 0) {
      const { code, reason } = decoder.fault
      this.#fail(code, { reason, detail: 'The chunks of the body are malformed.' })
      return end
    }
    if (decoder.done && !this.complete && this.#fault === undefined) {
      this.complete = true
      this.#sink?.end()
    }
    return at + consumed
  }

  #start(): BodyDecoder {
    const decoder = new BodyDecoder()
    decoder.reset(this.framing, this.length, this.#connection.host.limits)
    return decoder
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    if (this.#fault !== undefined) return
    this.received += end - start
    if (this.received > this.#limit) return this.#fail('body_too_large')
    if (this.#sink?.data(bytes.subarray(start, end)) !== false) return
    this.#pausing = true
    this.#connection.pauseBody()
  }

  #fail(code: FailureCode, detail?: FailureDetail): void {
    if (this.#fault !== undefined || this.complete) return
    this.#fault = code
    this.#faultDetail = detail
    this.#sink?.abort(code, detail)
  }

  /** Nothing of the body came for too long. */
  timedOut({ clock, clocks }: ConnectionHost): void {
    const spentMs = Math.round(clock.nowMs() - this.startedMs)
    this.#fail('request_timeout', { clock: 'bodyIdle', limitMs: clocks.bodyIdleMs, spentMs })
  }

  /**
   * The handler has returned: the rest of the window belongs to the connection again.
   * Answers where that rest begins.
   */
  releaseWindow(): number {
    this.#window = none
    const at = this.#at
    this.#end = at
    return at
  }

  /** Nobody wants the body: what is there already is thrown away, so that a small one costs no connection. */
  discard(): void {
    if (this.complete || this.#sink !== undefined || this.head.expectContinue) return
    this.#sink = nowhere
    if (this.#at < this.#end) this.#at = this.take(this.#window, this.#at, this.#end)
  }
}

const nowhere: BodySink = { data: () => true, end: () => {}, abort: () => {} }
