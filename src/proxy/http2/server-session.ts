import type { HeaderList } from '../http1/header-list.ts'
import type { ParseFault, RequestHead } from '../http1/message.ts'
import type { HeadLimits } from '../http1/request-parser.ts'
import { Budget } from './budget.ts'
import { ClosedStreams } from './closed-streams.ts'
import {
  flags as bits,
  type ErrorName,
  errorCodes,
  frameBytes,
  frameTypes,
  initialWindow,
  largestWindow,
  settingIds,
} from './frame.ts'
import { FramePrinter } from './frame-printer.ts'
import { type FrameHead, FrameReader, type FrameSink } from './frame-reader.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { encodeHead } from './hpack-encoder.ts'
import { malformed, RequestFields } from './request-fields.ts'
import { Sending, type SendingOwner } from './sending.ts'
import { newStream, type Stream } from './stream.ts'

export interface SessionOwner {
  /**
   * A request begins. With a fault its head says nothing but perhaps a method, and the answer is a refusal. Sets the
   * stream's owner.
   */
  request(stream: Stream, head: RequestHead, fault: ParseFault | undefined): void
  /** There is something to send: `flush` wants to be called, soon. */
  changed(): void
  /** Bytes for the socket. True when they are not needed any more as it returns. */
  send(bytes: Buffer): boolean
  /** The last stream is over. */
  rested(): void
  /** The last word was said; nothing that comes is looked at. */
  over(): void
  /** Turned away, without an answer that could say so. */
  rejected(fault: ParseFault): void
  nowMs(): number
}

/** What we take: 100 streams at once, 64 KiB for each and 1 MiB for all before somebody consumes it (data-plane.md). */
const mostStreams = 100
const streamWindow = 65_536
const connectionWindow = 1024 * 1024
const mostContinuations = 8
const mostSettings = 32
/** Frames without content, one after the other. */
const mostEmpty = 1

const faults = Object.fromEntries(
  Object.keys(errorCodes).map((name) => [
    name,
    Object.freeze({ code: 'bad_request', reason: `h2_${name}` }),
  ]),
) as Readonly<Record<ErrorName, ParseFault>>

/**
 * The server's side of an HTTP/2 connection (RFC 9113), behind the client's preface: bytes in, requests and bytes out.
 * It has no socket and no clock: the time comes with the bytes.
 */
export class ServerSession implements FrameSink, SendingOwner {
  readonly #owner: SessionOwner
  readonly #print: FramePrinter
  readonly #sending: Sending
  readonly #reader = new FrameReader(this)
  readonly #hpack = new HpackDecoder()
  readonly #fields: RequestFields
  readonly #streams = new Map<number, Stream>()
  readonly #closed = new ClosedStreams()
  #limits: HeadLimits
  #nowMs: number
  #lastId = 0
  /** Requests with a higher id are not taken any more. */
  #mostId = largestWindow
  #isOver = false
  #isGreeted = false
  #isAnnounced = false
  // What the peer said:
  #peerWindow = initialWindow
  // What we said:
  #receiveWindow = connectionWindow
  #owed = 0
  // A header block that is not complete:
  #blockStream = 0
  #blockFlags = 0
  #block: Buffer[] = []
  #blockBytes = 0
  #empty = 0
  readonly #resets: Budget
  readonly #controls: Budget
  readonly #updates: Budget
  readonly #priorities: Budget

  constructor(owner: SessionOwner, limits: HeadLimits, scheme: 'http' | 'https') {
    const nowMs = owner.nowMs()
    this.#owner = owner
    this.#limits = limits
    this.#nowMs = nowMs
    this.#print = new FramePrinter(
      (bytes) => owner.send(bytes),
      () => owner.changed(),
    )
    this.#sending = new Sending(this, this.#print)
    this.#fields = new RequestFields(limits, scheme)
    this.#resets = new Budget(1000, 33, nowMs)
    this.#controls = new Budget(1000, 100, nowMs)
    this.#updates = new Budget(1000, 1000, nowMs)
    this.#priorities = new Budget(100, 10, nowMs)
    this.#greet()
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#streams.size
  }

  /** The peer has said its settings: it speaks HTTP/2. */
  get isGreeted(): boolean {
    return this.#isGreeted
  }

  /** A frame, or a header block, has begun and is not complete: somebody should have an eye on the time. */
  get isInHead(): boolean {
    return this.#blockStream !== 0 || this.#reader.isWaiting
  }

  read(bytes: Buffer, from: number, end: number): void {
    this.#nowMs = this.#owner.nowMs()
    this.#reader.read(bytes, from, end)
  }

  /** New limits hold from the next head on. */
  set limits(limits: HeadLimits) {
    this.#limits = limits
  }

  #greet(): void {
    this.#print.settings([
      [settingIds.maxConcurrentStreams, mostStreams],
      [settingIds.initialWindowSize, streamWindow],
      [settingIds.maxHeaderListSize, this.#limits.headerBytes],
      [settingIds.enableConnectProtocol, 1],
    ])
    this.#print.windowUpdate(0, connectionWindow - initialWindow)
  }

  // Frames in:

  frame(head: FrameHead, bytes: Buffer, start: number, end: number): void {
    const { type, stream } = head
    if (!this.#isGreeted && type !== frameTypes.settings) return this.fail('protocol_error')
    if (
      this.#blockStream !== 0 &&
      (type !== frameTypes.continuation || stream !== this.#blockStream)
    )
      return this.fail('protocol_error')
    switch (type) {
      case frameTypes.headers:
        return this.#headers(head, bytes, start, end)
      case frameTypes.priority:
        return this.#priority(head, bytes, start)
      case frameTypes.reset:
        return this.#reset(head)
      case frameTypes.settings:
        return this.#settings(head, bytes, start, end)
      case frameTypes.ping:
        return this.#ping(head, bytes, start)
      case frameTypes.goAway:
        if (stream !== 0) return this.fail('protocol_error')
        return head.length < 8 ? this.fail('frame_size_error') : this.#control()
      case frameTypes.windowUpdate:
        return this.#windowGrows(head, bytes, start)
      case frameTypes.continuation:
        return this.#continuation(head, bytes, start, end)
      case frameTypes.pushPromise:
        return this.fail('protocol_error')
      default:
        return this.#control()
    }
  }

  /** A frame that costs us something and may bring nothing (H6). */
  #control(): void {
    if (!this.#controls.take(this.#nowMs)) this.fail('enhance_your_calm')
  }

  #headers({ stream: id, flags }: FrameHead, bytes: Buffer, start: number, end: number): void {
    let from = start
    let until = end
    if ((flags & bits.padded) !== 0) {
      if (from === until) return this.fail('frame_size_error')
      until -= bytes[from++] as number
    }
    const hasPriority = (flags & bits.priority) !== 0
    if (hasPriority) from += 5
    if (from > until) return this.fail(until === end ? 'frame_size_error' : 'protocol_error')
    if (id === 0 || (id & 1) === 0) return this.fail('protocol_error')
    const dependsOn = hasPriority ? bytes.readUInt32BE(from - 5) & 0x7fffffff : 0
    if (dependsOn === id) return this.fail('protocol_error')
    if ((flags & bits.endHeaders) !== 0) return this.#blockDone(id, flags, bytes, from, until)
    this.#blockStream = id
    this.#blockFlags = flags
    this.#block = [Buffer.from(bytes.subarray(from, until))]
    this.#blockBytes = until - from
  }

  #continuation({ stream, flags }: FrameHead, bytes: Buffer, start: number, end: number): void {
    if (this.#blockStream === 0 || stream !== this.#blockStream) return this.fail('protocol_error')
    this.#block.push(Buffer.from(bytes.subarray(start, end)))
    this.#blockBytes += end - start
    const { headerBytes, target } = this.#limits
    // H3: what is longer than all limits together before it is decoded is no honest block.
    if (this.#block.length - 1 > mostContinuations || this.#blockBytes > headerBytes + target)
      return this.fail('enhance_your_calm')
    if (start === end && ++this.#empty > mostEmpty) return this.fail('enhance_your_calm')
    if ((flags & bits.endHeaders) === 0) return
    const block = Buffer.concat(this.#block, this.#blockBytes)
    this.#block = []
    this.#blockStream = 0
    this.#blockDone(stream, this.#blockFlags, block, 0, block.length)
  }

  #blockDone(id: number, flags: number, bytes: Buffer, start: number, end: number): void {
    const stream = this.#streams.get(id)
    const isLast = (flags & bits.endStream) !== 0
    const fields = this.#fields
    fields.begin(this.#limits, id <= this.#lastId)
    if (!this.#hpack.decode(bytes, start, end, fields)) return this.fail('compression_error')
    const head = fields.finish(isLast)
    if (stream !== undefined) return this.#trailers(stream, isLast, head.headers)
    if (id <= this.#lastId) return this.#late(id, 'headers')
    this.#lastId = id
    if (id > this.#mostId) return
    this.#priorities.earn(100)
    this.#updates.earn(10)
    if (this.#streams.size >= mostStreams) return this.#refuse(id, 'refused_stream')
    if (fields.fault === malformed) {
      this.#owner.rejected(malformed)
      return this.#refuse(id, 'protocol_error')
    }
    this.#open(id, head, isLast)
  }

  #open(id: number, head: RequestHead, isLast: boolean): void {
    const stream = newStream(id, this.#peerWindow, streamWindow)
    stream.isRemoteOver = isLast
    stream.expected = head.contentLength
    stream.isTunnel = head.upgrade !== ''
    this.#streams.set(id, stream)
    this.#owner.request(stream, head, this.#fields.fault)
  }

  #trailers(stream: Stream, isLast: boolean, trailers: HeaderList): void {
    if (stream.isRemoteOver) return this.#resetStream(stream, 'stream_closed')
    if (!isLast || stream.isTunnel || this.#fields.fault !== undefined) {
      this.#owner.rejected(malformed)
      return this.#resetStream(stream, 'protocol_error')
    }
    this.#remoteEnds(stream, trailers)
  }

  /** For a stream that is not open any more. What we have reset may go on for a while. */
  #late(id: number, what: 'headers' | 'data'): void {
    const how = this.#closed.how(id)
    if (how === 'reset' || id > this.#mostId) return this.#control()
    if (how === 'ended' || what === 'data') return this.fail('stream_closed')
    this.fail('protocol_error')
  }

  #priority({ stream, length }: FrameHead, bytes: Buffer, start: number): void {
    if (stream === 0) return this.fail('protocol_error')
    if (length !== 5) return this.fail('frame_size_error')
    if ((bytes.readUInt32BE(start) & 0x7fffffff) === stream) return this.fail('protocol_error')
    if (!this.#priorities.take(this.#nowMs)) this.fail('enhance_your_calm')
  }

  #reset({ stream: id, length }: FrameHead): void {
    if (length !== 4) return this.fail('frame_size_error')
    if (id === 0 || id > this.#lastId) return this.fail('protocol_error')
    if (!this.#resets.take(this.#nowMs)) return this.fail('enhance_your_calm')
    const stream = this.#streams.get(id)
    if (stream !== undefined) this.#close(stream, false)
  }

  #settings({ stream, length, flags }: FrameHead, bytes: Buffer, start: number, end: number): void {
    if (stream !== 0) return this.fail('protocol_error')
    const isAck = (flags & bits.ack) !== 0
    if (isAck ? length !== 0 : length % 6 !== 0) return this.fail('frame_size_error')
    if (!this.#isGreeted && isAck) return this.fail('protocol_error')
    this.#isGreeted = true
    if (length > 6 * mostSettings) return this.fail('enhance_your_calm')
    this.#control()
    if (isAck) return
    for (let at = start; at < end && !this.#isOver; at += 6)
      this.#apply(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2))
    if (this.#isOver) return
    // Said before the windows are used that it opens.
    this.#print.settingsAck()
    this.#sending.pump()
  }

  #apply(id: number, value: number): void {
    if (id === settingIds.enablePush && value > 1) return this.fail('protocol_error')
    if (id === settingIds.maxFrameSize) {
      // A peer that takes more gets no larger ones: they would be a larger buffer for us and nothing else.
      if (value < frameBytes || value > 0xffffff) return this.fail('protocol_error')
    }
    if (id !== settingIds.initialWindowSize) return
    if (value > largestWindow) return this.fail('flow_control_error')
    const change = value - this.#peerWindow
    this.#peerWindow = value
    for (const stream of this.#streams.values()) {
      stream.sendWindow += change
      if (stream.sendWindow > largestWindow) return this.fail('flow_control_error')
    }
  }

  #ping({ stream, length, flags }: FrameHead, bytes: Buffer, start: number): void {
    if (stream !== 0) return this.fail('protocol_error')
    if (length !== 8) return this.fail('frame_size_error')
    this.#control()
    if ((flags & bits.ack) !== 0 || this.#isOver) return
    this.#print.pingAck(bytes, start)
  }

  #windowGrows({ stream: id, length }: FrameHead, bytes: Buffer, start: number): void {
    if (length !== 4) return this.fail('frame_size_error')
    if (id > this.#lastId) return this.fail('protocol_error')
    if (!this.#updates.take(this.#nowMs)) return this.fail('enhance_your_calm')
    const more = bytes.readUInt32BE(start) & 0x7fffffff
    if (id === 0) {
      if (more === 0) return this.fail('protocol_error')
      return this.#sending.grow(more) ? this.#sending.pump() : this.fail('flow_control_error')
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    if (more === 0) return this.#resetStream(stream, 'protocol_error')
    stream.sendWindow += more
    if (stream.sendWindow > largestWindow) return this.#resetStream(stream, 'flow_control_error')
    this.#sending.pump()
  }

  data({ stream: id, length, flags }: FrameHead, content: number): void {
    if (!this.#isGreeted || this.#blockStream !== 0 || id === 0 || id > this.#lastId)
      return this.fail('protocol_error')
    this.#receiveWindow -= length
    if (this.#receiveWindow < 0) return this.fail('flow_control_error')
    this.#empty = content === 0 && (flags & bits.endStream) === 0 ? this.#empty + 1 : 0
    if (this.#empty > mostEmpty) return this.fail('enhance_your_calm')
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      this.#credit(length - content)
      return this.#late(id, 'data')
    }
    if (stream.isRemoteOver) return this.#resetStream(stream, 'stream_closed')
    stream.receiveWindow -= length
    if (stream.receiveWindow < 0) return this.#resetStream(stream, 'flow_control_error')
    // H12: refused by its head, so that what was announced is never complete.
    if (stream.expected >= 0 && content > stream.expected) return this.#spoilt(stream)
    stream.unconsumed += length - content
    if (length > content) this.consumed(stream, length - content)
  }

  part(id: number, bytes: Buffer, start: number, end: number): void {
    const size = end - start
    const stream = this.#streams.get(id)
    if (stream === undefined) return this.#credit(size)
    stream.unconsumed += size
    if (stream.expected > 0) stream.expected -= size
    stream.owner?.data(bytes, start, end)
  }

  dataEnd({ stream: id, flags }: FrameHead): void {
    const stream = this.#streams.get(id)
    if (stream !== undefined && (flags & bits.endStream) !== 0) this.#remoteEnds(stream, undefined)
  }

  #remoteEnds(stream: Stream, trailers: HeaderList | undefined): void {
    if (stream.expected > 0) return this.#spoilt(stream)
    stream.isRemoteOver = true
    stream.owner?.ended(trailers)
    if (stream.isLocalOver) this.#close(stream, false)
  }

  /** The message is not what was announced (H12). */
  #spoilt(stream: Stream): void {
    this.#owner.rejected(malformed)
    this.#resetStream(stream, 'protocol_error')
  }

  broken(error: ErrorName): void {
    this.fail(error)
  }

  // Windows in:

  /** The owner of a stream has done with so many bytes of it. */
  consumed(stream: Stream, bytes: number): void {
    if (!this.#streams.has(stream.id)) return
    stream.unconsumed -= bytes
    this.#credit(bytes)
    if (stream.isRemoteOver) return
    stream.owed += bytes
    if (stream.owed < streamWindow / 2) return
    this.#print.windowUpdate(stream.id, stream.owed)
    stream.receiveWindow += stream.owed
    stream.owed = 0
  }

  #credit(bytes: number): void {
    this.#owed += bytes
    if (this.#owed < connectionWindow / 2 || this.#isOver) return
    this.#print.windowUpdate(0, this.#owed)
    this.#receiveWindow += this.#owed
    this.#owed = 0
  }

  // Messages out:

  /** @param length -1 for none; `content-length` is written here */
  sendHead(stream: Stream, status: number, headers: HeaderList, length: number): void {
    if (!this.#isShut(stream)) this.#print.block(stream.id, encodeHead(status, headers, length), 0)
  }

  /** The chunk is borrowed. False: wait for `writable`. */
  send(stream: Stream, chunk: Buffer): boolean {
    return this.#isShut(stream) || this.#sending.send(stream, chunk)
  }

  /** Our message is complete, once what waits has left. */
  finish(stream: Stream, trailers: HeaderList | undefined): void {
    if (!this.#isShut(stream)) this.#sending.finish(stream, trailers)
  }

  /** The client opens two windows for it, and many measure the way there by a PING. */
  dataSent(): void {
    this.#updates.earn(4)
    this.#controls.earn(2)
  }

  localEnded(stream: Stream): void {
    if (stream.isRemoteOver) this.#close(stream, false)
  }

  /** Our message has left, and the rest of the peer's is not wanted (RFC 9113 §8.1). */
  refuseRest(stream: Stream): void {
    if (stream.isLocalOver && this.#streams.has(stream.id)) this.#resetStream(stream, 'no_error')
  }

  /** Our message will not be complete. */
  cancel(stream: Stream, error: ErrorName): void {
    if (this.#isShut(stream)) return
    this.#print.reset(stream.id, error)
    this.#close(stream, true)
  }

  #isShut(stream: Stream): boolean {
    return stream.isLocalOver || this.#isOver || !this.#streams.has(stream.id)
  }

  /** The peer made us reset a stream: it may do so as often as reset one itself (H2). */
  #resetStream(stream: Stream, error: ErrorName): void {
    this.#close(stream, true)
    this.#refuse(stream.id, error)
  }

  #refuse(id: number, error: ErrorName): void {
    if (this.#isOver) return
    if (!this.#resets.take(this.#nowMs)) return this.fail('enhance_your_calm')
    this.#closed.add(id, true)
    this.#print.reset(id, error)
  }

  #close(stream: Stream, wasReset: boolean): void {
    if (!this.#streams.delete(stream.id)) return
    this.#sending.forget(stream)
    this.#closed.add(stream.id, wasReset)
    this.#credit(stream.unconsumed)
    if (isWanted(stream)) stream.owner?.reset()
    if (this.#streams.size === 0) this.#rest()
  }

  #rest(): void {
    if (this.#isOver) return
    if (this.#mostId < largestWindow) return this.#end()
    this.#owner.rested()
  }

  // Waiting:

  nowMs(): number {
    return this.#owner.nowMs()
  }

  /** Since when something waits for the client, a window or the kernel; undefined when nothing does. */
  get stalledSinceMs(): number | undefined {
    return this.#sending.stalledSinceMs
  }

  /** Resets streams that have waited for a window since before that time; ends all when the connection's is what they wait for. */
  cutStalled(beforeMs: number): void {
    const stalled = this.#sending.stalled(beforeMs)
    if (stalled.length > 0 && this.#sending.isShut) return this.fail('enhance_your_calm')
    for (const stream of stalled) this.cancel(stream, 'enhance_your_calm')
  }

  /** Requests that are not complete never will be (F14). */
  remoteEnded(): void {
    for (const stream of [...this.#streams.values()])
      if (!stream.isRemoteOver) this.cancel(stream, 'cancel')
  }

  get isBlocked(): boolean {
    return this.#sending.isBlocked
  }

  /** The kernel does not take what it is given: told by who knows. */
  set isBlocked(isBlocked: boolean) {
    this.#sending.isBlocked = isBlocked
  }

  /** The kernel takes more. */
  drained(): void {
    this.#sending.isBlocked = false
    this.#sending.left()
    for (const stream of this.#streams.values())
      if (stream.queued === 0 && !stream.isLocalOver) stream.owner?.writable()
  }

  /** Everything that was said is handed on. */
  flush(): void {
    this.#sending.flush()
  }

  // The end:

  /** The peer should open no streams any more; those that it opens all the same are served (RFC 9113 §6.8). */
  announceEnd(): void {
    if (this.#isOver || this.#isAnnounced) return
    this.#isAnnounced = true
    this.#print.goAway(largestWindow, 'no_error')
  }

  /** What has no end of its own ends now. */
  stopTunnels(): void {
    for (const stream of [...this.#streams.values()]) if (stream.isTunnel) stream.owner?.stopped()
  }

  /** Streams that are open are the last. */
  end(): void {
    if (this.#isOver || this.#mostId < largestWindow) return
    this.#mostId = this.#lastId
    this.#isAnnounced = true
    this.#print.goAway(this.#lastId, 'no_error')
    if (this.#streams.size === 0) this.#end()
  }

  /** A fault of the connection: nothing that comes is understood any more. */
  fail(error: ErrorName, fault = faults[error]): void {
    if (this.#isOver) return
    this.#owner.rejected(fault)
    this.#print.goAway(Math.min(this.#lastId, this.#mostId), error)
    this.#end()
  }

  /** The connection is gone, or must go: nothing can be said any more. */
  lost(): void {
    this.#isOver = true
    this.#reader.stop()
    this.#resetAll()
    this.#sending.lost()
  }

  #end(): void {
    this.#isOver = true
    this.#reader.stop()
    this.#resetAll()
    this.#owner.over()
  }

  #resetAll(): void {
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    for (const stream of streams) this.#sending.forget(stream)
    for (const stream of streams) if (isWanted(stream)) stream.owner?.reset()
  }
}

/** Its owner has more to say on it, or to hear: an answer that is complete is all there is to a request, but not to a tunnel. */
const isWanted = (stream: Stream): boolean =>
  !stream.isLocalOver || (stream.isTunnel && !stream.isRemoteOver)
