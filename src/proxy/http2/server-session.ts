import type { HeaderList } from '../http1/header-list.ts'
import type { ParseFault, RequestHead } from '../http1/message.ts'
import type { Block } from './block-reader.ts'
import { Budget } from './budget.ts'
import { type ErrorName, errorCodes, largestWindow, settingIds } from './frame.ts'
import { encodeHead } from './hpack-encoder.ts'
import { streamWindow } from './receiving.ts'
import { malformed, RequestFields, type StreamLimits } from './request-fields.ts'
import { Session } from './session.ts'
import { newStream, type Stream, type StreamOwner } from './stream.ts'
import type { SessionOwner } from './stream-table.ts'

export interface ServerSessionOwner extends SessionOwner {
  /**
   * A request begins. With a fault its head says nothing but perhaps a method, and the answer is a refusal. Sets the
   * stream's owner.
   */
  request(stream: Stream, head: RequestHead, fault: ParseFault | undefined): void
  /** The last stream is over. */
  rested(): void
  /** Turned away, without an answer that could say so. */
  rejected(fault: ParseFault): void
}

/** At once (data-plane.md). */
const mostStreams = 100
/** Of all requests of a client together (data-plane.md). */
const connectionWindow = 1024 * 1024

const faults = Object.fromEntries(
  Object.keys(errorCodes).map((name) => [
    name,
    Object.freeze({ code: 'bad_request', reason: `h2_${name}` }),
  ]),
) as Readonly<Record<ErrorName, ParseFault>>

/** H3: what is longer than all limits together before it is decoded is no honest block. */
const mostBlock = ({ headerBytes, target }: StreamLimits): number => headerBytes + target

/** The server's side of an HTTP/2 connection: requests in, answers out. */
export class ServerSession extends Session<StreamOwner> {
  readonly #owner: ServerSessionOwner
  readonly #fields: RequestFields
  readonly #resets: Budget
  #limits: StreamLimits
  /** Requests with a higher id are not taken any more. */
  #mostId = largestWindow
  #isAnnounced = false

  constructor(owner: ServerSessionOwner, limits: StreamLimits, scheme: 'http' | 'https') {
    super(owner, mostBlock(limits), connectionWindow, [
      [settingIds.maxConcurrentStreams, mostStreams],
      [settingIds.initialWindowSize, streamWindow],
      [settingIds.maxHeaderListSize, limits.headerBytes],
      [settingIds.enableConnectProtocol, 1],
    ])
    this.#owner = owner
    this.#limits = limits
    this.#fields = new RequestFields(limits, scheme)
    this.#resets = new Budget(1000, 33, this.readMs)
  }

  /** A frame, or a header block, has begun and is not complete: somebody should have an eye on the time. */
  get isInHead(): boolean {
    return this.blocks.isOpen || this.reader.isWaiting
  }

  /** New limits hold from the next head on. */
  set limits(limits: StreamLimits) {
    this.#limits = limits
    this.blocks.most = mostBlock(limits)
  }

  // Requests in:

  protected block({ stream: id, isLast, bytes, start, end }: Block): void {
    // Even ones are the server's.
    if ((id & 1) === 0) return this.fail('protocol_error')
    const stream = this.byId.get(id)
    const fields = this.#fields
    fields.begin(this.#limits, id <= this.lastId)
    if (!this.hpack.decode(bytes, start, end, fields)) return this.fail('compression_error')
    const head = fields.finish(isLast)
    if (stream !== undefined) return this.#trailers(stream, isLast, head.headers)
    if (id <= this.lastId) return this.late(id, 'headers')
    this.lastId = id
    if (id > this.#mostId) return
    this.earn()
    if (this.byId.size >= mostStreams) return this.#refuse(id, 'refused_stream')
    if (fields.fault === malformed) {
      this.#owner.rejected(malformed)
      return this.#refuse(id, 'protocol_error')
    }
    this.#open(id, head, isLast)
  }

  #open(id: number, head: RequestHead, isLast: boolean): void {
    const stream = newStream(id, this.peerWindow, streamWindow)
    stream.isRemoteOver = isLast
    stream.expected = head.contentLength
    stream.isTunnel = head.upgrade !== ''
    this.byId.set(id, stream)
    this.#owner.request(stream, head, this.#fields.fault)
  }

  #trailers(stream: Stream, isLast: boolean, trailers: HeaderList): void {
    if (stream.isRemoteOver) return this.broke(stream, 'stream_closed')
    if (!isLast || stream.isTunnel || this.#fields.fault !== undefined) return this.#spoilt(stream)
    this.remoteEnds(stream, trailers)
  }

  /** What we have reset may go on for a while. */
  protected late(id: number, what: 'headers' | 'data'): void {
    if (id > this.lastId) return this.fail('protocol_error')
    const how = this.closed.how(id)
    if (how === 'reset' || id > this.#mostId) return this.control()
    if (how === 'ended' || what === 'data') return this.fail('stream_closed')
    this.fail('protocol_error')
  }

  protected takes(stream: Stream, content: number): boolean {
    if (stream.isRemoteOver) this.broke(stream, 'stream_closed')
    else if (stream.receiveWindow < 0) this.broke(stream, 'flow_control_error')
    // H12: refused by its head, so that what was announced is never complete.
    else if (stream.expected >= 0 && content > stream.expected) this.#spoilt(stream)
    else return true
    return false
  }

  protected remoteEnds(stream: Stream, trailers: HeaderList | undefined): void {
    if (stream.expected > 0) return this.#spoilt(stream)
    stream.isRemoteOver = true
    stream.owner?.ended(trailers)
    if (stream.isLocalOver) this.#close(stream, false)
  }

  /** The message is not what was announced, or none (H12). */
  #spoilt(stream: Stream): void {
    this.#owner.rejected(malformed)
    this.broke(stream, 'protocol_error')
  }

  protected wasReset(id: number): void {
    if (!this.#resets.take(this.readMs)) return this.fail('enhance_your_calm')
    const stream = this.byId.get(id)
    if (stream !== undefined) this.#close(stream, false)
  }

  /** The peer made us reset a stream: it may do so as often as reset one itself (H2). */
  protected broke(stream: Stream, error: ErrorName): void {
    this.#close(stream, true)
    this.#refuse(stream.id, error)
  }

  #refuse(id: number, error: ErrorName): void {
    if (this.isOver) return
    if (!this.#resets.take(this.readMs)) return this.fail('enhance_your_calm')
    this.closed.add(id, true)
    this.print.reset(id, error)
  }

  // Answers out:

  /** @param length -1 for none; `content-length` is written here */
  sendHead(stream: Stream, status: number, headers: HeaderList, length: number): void {
    if (!this.isShut(stream)) this.print.block(stream.id, encodeHead(status, headers, length), 0)
  }

  localEnded(stream: Stream): void {
    if (stream.isRemoteOver) this.#close(stream, false)
  }

  /** Our message has left, and the rest of the peer's is not wanted (RFC 9113 §8.1). */
  refuseRest(stream: Stream): void {
    if (stream.isLocalOver && this.byId.has(stream.id)) this.broke(stream, 'no_error')
  }

  /** Our message will not be complete. */
  cancel(stream: Stream, error: ErrorName): void {
    if (this.isShut(stream)) return
    this.print.reset(stream.id, error)
    this.#close(stream, true)
  }

  #close(stream: Stream, wasReset: boolean): void {
    if (!this.remove(stream, wasReset)) return
    if (isWanted(stream)) stream.owner?.reset()
    if (this.byId.size === 0) this.#rest()
  }

  #rest(): void {
    if (this.isOver) return
    if (this.#mostId < largestWindow) return this.#end()
    this.#owner.rested()
  }

  // Waiting:

  /** Since when something waits for the client, a window or the kernel; undefined when nothing does. */
  get stalledSinceMs(): number | undefined {
    return this.sending.stalledSinceMs
  }

  /** Resets streams that have waited for a window since before that time; ends all when the connection's is what they wait for. */
  cutStalled(beforeMs: number): void {
    const stalled = this.sending.stalled(beforeMs)
    if (stalled.length > 0 && this.sending.isShut) return this.fail('enhance_your_calm')
    for (const stream of stalled) this.cancel(stream, 'enhance_your_calm')
  }

  /** Requests that are not complete never will be (F14). */
  remoteEnded(): void {
    for (const stream of [...this.byId.values()])
      if (!stream.isRemoteOver) this.cancel(stream, 'cancel')
  }

  // The end:

  /** The peer should open no streams any more; those that it opens all the same are served (RFC 9113 §6.8). */
  announceEnd(): void {
    if (this.isOver || this.#isAnnounced) return
    this.#isAnnounced = true
    this.print.goAway(largestWindow, 'no_error')
  }

  /** What has no end of its own ends now. */
  stopTunnels(): void {
    for (const stream of [...this.byId.values()]) if (stream.isTunnel) stream.owner?.stopped()
  }

  /** Streams that are open are the last. */
  end(): void {
    if (this.isOver || this.#mostId < largestWindow) return
    this.#mostId = this.lastId
    this.#isAnnounced = true
    this.print.goAway(this.lastId, 'no_error')
    if (this.byId.size === 0) this.#end()
  }

  fail(error: ErrorName, fault = faults[error]): void {
    if (this.isOver) return
    this.#owner.rejected(fault)
    this.print.goAway(Math.min(this.lastId, this.#mostId), error)
    this.#end()
  }

  /** The connection is gone, or must go: nothing can be said any more. */
  lost(): void {
    this.#resetAll()
    this.sending.lost()
  }

  /** Like `lost`, at the end of a drain. @returns how many requests are lost */
  cut(): number {
    const lost = [...this.byId.values()].filter(isWanted).concat(this.sending.leaving)
    for (const stream of lost) stream.owner?.cut?.()
    this.lost()
    return lost.length
  }

  #end(): void {
    this.#resetAll()
    this.#owner.over()
  }

  #resetAll(): void {
    for (const stream of this.stop()) if (isWanted(stream)) stream.owner?.reset()
  }
}

/** Its owner has more to say on it, or to hear: an answer that is complete is all there is to a request, but not to a tunnel. */
const isWanted = (stream: Stream): boolean =>
  !stream.isLocalOver || (stream.isTunnel && !stream.isRemoteOver)
