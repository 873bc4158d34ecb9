import type { HeaderList } from '../http1/header-list.ts'
import type { ResponseHead } from '../http1/message.ts'
import type { Block } from './block-reader.ts'
import { flags as bits, type ErrorName, errorCodes, settingIds } from './frame.ts'
import { streamWindow } from './receiving.ts'
import { answerHeadBytes, ResponseFields } from './response-fields.ts'
import { Session } from './session.ts'
import { newStream, type Stream, type StreamOwner } from './stream.ts'
import type { SessionOwner } from './stream-table.ts'

/** Why a stream was over before its answer was. */
export type Loss =
  /** The server has not looked at the request. */
  | 'untouched'
  | 'reset'
  /** What it sent is no answer. */
  | 'malformed'
  /** So is the connection. */
  | 'lost'

/** Who has asked on a stream. Of `StreamOwner` the end is `lose`; `reset` is never called first. */
export interface Asker extends StreamOwner {
  readonly method: string
  informed(head: ResponseHead): void
  responded(head: ResponseHead): void
  lose(how: Loss): void
}

export interface ClientSessionOwner extends SessionOwner {
  /** A stream is over, or the server takes more or fewer of them: `room` has changed. */
  moved(): void
  /** The server has said how many streams it takes. */
  greeted(): void
  /** The server said something that answers nothing (D3). */
  unsolicited(): void
}

/**
 * At once, also where the server takes more, and before it has said how many it takes (RFC 9113 §6.5.2 wants at least so many). There
 * is room for the window of each: clients that take nothing must not hold up the answers to others.
 */
const mostStreams = 100
/** Before it has said so no more than these are opened: what a server refuses has to be sent again. */
const earlyStreams = 4
/** A new connection before identifiers run out. */
const mostId = 2 ** 30
const mostInformational = 16

/** The client's side of an HTTP/2 connection. It trusts the server no more than a client is trusted (D1 to D3). */
export class ClientSession extends Session<Asker> {
  readonly #owner: ClientSessionOwner
  readonly #fields = new ResponseFields()
  /** Neither side wants another stream. */
  #isEnding = false
  #mostStreams = mostStreams
  /** Interim answers of streams that have no other yet. */
  readonly #informed = new WeakMap<Stream<Asker>, number>()
  /** Streams whose head has come. */
  readonly #answered = new WeakSet<Stream<Asker>>()

  constructor(owner: ClientSessionOwner) {
    super(owner, 2 * answerHeadBytes, mostStreams * streamWindow, [
      [settingIds.enablePush, 0],
      [settingIds.initialWindowSize, streamWindow],
      [settingIds.maxHeaderListSize, answerHeadBytes],
    ])
    this.#owner = owner
  }

  /** How many more requests it takes now. */
  get room(): number {
    if (this.isOver || this.#isEnding || this.lastId >= mostId) return 0
    return this.#mostStreams - this.byId.size
  }

  /** Another stream can be opened at once; else it is better to wait until the server has said how many it takes. */
  get takesNow(): boolean {
    return this.isGreeted || this.byId.size < earlyStreams
  }

  // Requests out. They have no trailers: those of clients could hold what no header of theirs may say (F22, U6).

  /** @param block the encoded head; `isLast`: and nothing else */
  open(asker: Asker, block: string, isLast: boolean): Stream<Asker> {
    this.lastId = (this.lastId + 1) | 1
    const stream = newStream<Asker>(this.lastId, this.peerWindow, streamWindow)
    stream.owner = asker
    stream.isLocalOver = isLast
    stream.ending = isLast
    this.byId.set(stream.id, stream)
    this.earn()
    this.print.block(stream.id, block, isLast ? bits.endStream : 0)
    return stream
  }

  /** The answer is not wanted any more. Nobody is told. */
  cancel(stream: Stream<Asker>): void {
    if (this.isOver || !this.byId.has(stream.id)) return
    stream.owner = undefined
    this.broke(stream, 'cancel')
  }

  localEnded(): void {}

  // Answers in:

  protected block({ stream: id, isLast, bytes, start, end }: Block): void {
    const stream = this.byId.get(id)
    this.#fields.begin(stream !== undefined && this.#answered.has(stream))
    if (!this.hpack.decode(bytes, start, end, this.#fields)) return this.fail('compression_error')
    if (stream === undefined) return this.late(id)
    const read = this.#fields.finish(isLast, stream.owner?.method ?? '')
    if (read === undefined) return this.broke(stream, 'protocol_error')
    if (this.#answered.has(stream)) return this.remoteEnds(stream, read.headers)
    if (read.status < 200) this.#inform(stream, read)
    else this.#respond(stream, read, isLast)
  }

  #inform(stream: Stream<Asker>, head: ResponseHead): void {
    const count = (this.#informed.get(stream) ?? 0) + 1
    this.#informed.set(stream, count)
    if (count > mostInformational) return this.broke(stream, 'protocol_error')
    if (head.status !== 100) stream.owner?.informed(head)
  }

  #respond(stream: Stream<Asker>, head: ResponseHead, isLast: boolean): void {
    this.#answered.add(stream)
    // No DATA may follow what has no body.
    stream.expected = head.framing === 'none' ? 0 : head.contentLength
    stream.owner?.responded(head)
    if (isLast && this.byId.has(stream.id)) this.remoteEnds(stream, undefined)
  }

  /** What we have reset may go on for a while; all else answers nothing (D3). */
  protected late(id: number): void {
    if (this.closed.how(id) === 'reset') return this.control()
    this.#owner.unsolicited()
    this.fail(id <= this.lastId ? 'stream_closed' : 'protocol_error')
  }

  protected takes(stream: Stream<Asker>, content: number): boolean {
    const isUnannounced = stream.expected >= 0 && content > stream.expected
    if (stream.receiveWindow < 0) this.fail('flow_control_error')
    else if (isUnannounced || !this.#answered.has(stream)) this.broke(stream, 'protocol_error')
    else return true
    return false
  }

  /** The answer is complete. What is left of the request is not for anybody (RFC 9113 §8.1). */
  protected remoteEnds(stream: Stream<Asker>, trailers: HeaderList | undefined): void {
    if (stream.expected > 0) return this.broke(stream, 'protocol_error')
    stream.isRemoteOver = true
    if (!stream.isLocalOver) this.print.reset(stream.id, 'no_error')
    this.remove(stream, !stream.isLocalOver)
    stream.owner?.ended(trailers)
    this.#owner.moved()
  }

  protected wasReset(id: number, code: number): void {
    this.control()
    const stream = this.byId.get(id)
    if (stream === undefined) return
    const isRefused = code === errorCodes.refused_stream
    this.#lose(stream, isRefused && !this.#answered.has(stream) ? 'untouched' : 'reset')
    this.#owner.moved()
  }

  protected broke(stream: Stream<Asker>, error: ErrorName): void {
    this.print.reset(stream.id, error)
    this.#lose(stream, 'malformed')
    this.#owner.moved()
  }

  #lose(stream: Stream<Asker>, how: Loss): void {
    this.remove(stream, true)
    stream.owner?.lose(how)
  }

  protected override told(id: number, value: number): void {
    if (id === settingIds.enablePush && value !== 0) return this.fail('protocol_error')
    if (id !== settingIds.maxConcurrentStreams) return
    this.#mostStreams = Math.min(value, mostStreams)
    this.#owner.moved()
  }

  protected override greeted(): void {
    this.#owner.greeted()
  }

  protected override pushed(): void {
    this.#owner.unsolicited()
    this.fail('protocol_error')
  }

  /** Streams that it names go on (RFC 9113 §6.8). */
  protected override goesAway(lastId: number): void {
    this.#isEnding = true
    for (const stream of [...this.byId.values()])
      if (stream.id > lastId) this.#lose(stream, 'untouched')
    this.#owner.moved()
  }

  // The end:

  /** Nothing more is asked; the connection ends with its last stream. */
  end(): void {
    if (this.isOver) return
    this.#isEnding = true
    if (this.byId.size > 0) return
    this.print.goAway(0, 'no_error')
    this.#end('lost')
  }

  /** Neither side wants more, and nothing is left. */
  get isSpent(): boolean {
    return this.#isEnding && this.byId.size === 0
  }

  fail(error: ErrorName): void {
    if (this.isOver) return
    this.print.goAway(0, error)
    this.#end('malformed')
  }

  /** The connection is gone. */
  lost(): void {
    if (!this.isOver) this.#end('lost')
    this.sending.lost()
  }

  #end(how: Loss): void {
    const streams = this.stop()
    this.#owner.over()
    for (const stream of streams) stream.owner?.lose(how)
  }
}
