import type { HeaderList } from '../http1/header-list.ts'
import type { ResponseHead } from '../http1/message.ts'
import { BlockReader } from './block-reader.ts'
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
import { answerHeadBytes, ResponseFields } from './response-fields.ts'
import { Sending, type SendingOwner } from './sending.ts'
import { newStream, type Stream, type StreamOwner } from './stream.ts'

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

export interface ClientSessionOwner {
  /** There is something to send: `flush` wants to be called, soon. */
  changed(): void
  /** Bytes for the socket. True when they are not needed any more as it returns. */
  send(bytes: Buffer): boolean
  /** A stream is over, or the server takes more or fewer of them: `room` has changed. */
  moved(): void
  /** The server said something that answers nothing (D3). */
  unsolicited(): void
  /** The last word was said; nothing that comes is looked at. */
  over(): void
  nowMs(): number
}

/** What we take, as on the server's side: 64 KiB for each stream and 1 MiB for all before somebody consumes it. */
const streamWindow = 65_536
const connectionWindow = 1024 * 1024
/** Before the server has said how many streams it takes (RFC 9113 §6.5.2 wants at least so many). */
const assumedStreams = 100
const mostSettings = 32
/** Frames without content, one after the other. */
const mostEmpty = 1
/** A new connection before identifiers run out. */
const mostId = 2 ** 30
const mostInformational = 16

/**
 * The client's side of an HTTP/2 connection (RFC 9113), behind its preface: requests and bytes in, answers and bytes
 * out. It has no socket and no clock, and trusts the server no more than a client is trusted (D1 to D3).
 */
export class ClientSession implements FrameSink, SendingOwner {
  readonly #owner: ClientSessionOwner
  readonly #print: FramePrinter
  readonly #sending: Sending
  readonly #reader = new FrameReader(this)
  readonly #hpack = new HpackDecoder()
  readonly #fields = new ResponseFields()
  readonly #blocks = new BlockReader(2 * answerHeadBytes)
  readonly #streams = new Map<number, Stream<Asker>>()
  readonly #closed = new ClosedStreams()
  readonly #controls: Budget
  readonly #updates: Budget
  #nextId = 1
  #isOver = false
  #isGreeted = false
  /** Neither side wants another stream. */
  #isEnding = false
  #mostStreams = assumedStreams
  #peerWindow = initialWindow
  #receiveWindow = connectionWindow
  #owed = 0
  #empty = 0
  /** Interim answers of streams that have no other yet. */
  readonly #informed = new WeakMap<Stream<Asker>, number>()
  /** Streams whose head has come. */
  readonly #answered = new WeakSet<Stream<Asker>>()

  constructor(owner: ClientSessionOwner) {
    this.#owner = owner
    const nowMs = owner.nowMs()
    this.#print = new FramePrinter(
      (bytes) => owner.send(bytes),
      () => owner.changed(),
    )
    this.#sending = new Sending(this, this.#print)
    this.#controls = new Budget(1000, 100, nowMs)
    this.#updates = new Budget(1000, 1000, nowMs)
    this.#print.settings([
      [settingIds.enablePush, 0],
      [settingIds.initialWindowSize, streamWindow],
      [settingIds.maxHeaderListSize, answerHeadBytes],
    ])
    this.#print.windowUpdate(0, connectionWindow - initialWindow)
  }

  get streams(): number {
    return this.#streams.size
  }

  /** How many more requests it takes now. */
  get room(): number {
    if (this.#isOver || this.#isEnding || this.#nextId >= mostId) return 0
    return this.#mostStreams - this.#streams.size
  }

  read(bytes: Buffer, end: number): void {
    this.#reader.read(bytes, 0, end)
  }

  // Requests out:

  /** @param block the encoded head; `isLast`: and nothing else */
  open(asker: Asker, block: string, isLast: boolean): Stream<Asker> {
    const stream = newStream<Asker>(this.#nextId, this.#peerWindow, streamWindow)
    this.#nextId += 2
    stream.owner = asker
    stream.isLocalOver = isLast
    stream.ending = isLast
    this.#streams.set(stream.id, stream)
    this.#updates.earn(10)
    this.#print.block(stream.id, block, isLast ? bits.endStream : 0)
    return stream
  }

  /** The chunk is borrowed. False: wait for `writable`. */
  send(stream: Stream<Asker>, chunk: Buffer): boolean {
    return this.#isShut(stream) || this.#sending.send(stream, chunk)
  }

  /** Requests have no trailers: those of clients could hold what no header of theirs may say (F22, U6). */
  finish(stream: Stream<Asker>): void {
    if (!this.#isShut(stream)) this.#sending.finish(stream, undefined)
  }

  /** The answer is not wanted any more. Nobody is told. */
  cancel(stream: Stream<Asker>): void {
    if (this.#isOver || !this.#streams.has(stream.id)) return
    stream.owner = undefined
    this.#resetStream(stream, 'cancel')
  }

  #isShut(stream: Stream): boolean {
    return stream.isLocalOver || this.#isOver || !this.#streams.has(stream.id)
  }

  nowMs(): number {
    return this.#owner.nowMs()
  }

  dataSent(): void {
    this.#updates.earn(4)
    this.#controls.earn(2)
  }

  localEnded(): void {}

  // Frames in:

  frame(head: FrameHead, bytes: Buffer, start: number, end: number): void {
    const { type, stream } = head
    if (!this.#isGreeted && type !== frameTypes.settings) return this.fail('protocol_error')
    if (this.#blocks.isOpen && (type !== frameTypes.continuation || stream !== this.#blocks.stream))
      return this.fail('protocol_error')
    switch (type) {
      case frameTypes.headers:
      case frameTypes.continuation:
        return this.#block(head, bytes, start, end)
      case frameTypes.reset:
        return this.#reset(head, bytes, start)
      case frameTypes.settings:
        return this.#settings(head, bytes, start, end)
      case frameTypes.ping:
        return this.#ping(head, bytes, start)
      case frameTypes.goAway:
        return this.#goAway(head, bytes, start)
      case frameTypes.windowUpdate:
        return this.#windowGrows(head, bytes, start)
      case frameTypes.pushPromise:
        this.#owner.unsolicited()
        return this.fail('protocol_error')
      default:
        return this.#control()
    }
  }

  /** A frame that costs us something and brings nothing. */
  #control(): void {
    if (!this.#controls.take(this.nowMs())) this.fail('enhance_your_calm')
  }

  #block(head: FrameHead, bytes: Buffer, start: number, end: number): void {
    const done = this.#blocks.take(head, bytes, start, end)
    if (typeof done === 'string') return this.fail(done)
    if (done === undefined) return
    const { stream: id, isLast } = done
    const stream = this.#streams.get(id)
    this.#fields.begin(stream !== undefined && this.#answered.has(stream))
    if (!this.#hpack.decode(done.bytes, done.start, done.end, this.#fields))
      return this.fail('compression_error')
    if (stream === undefined) return this.#late(id)
    const read = this.#fields.finish(isLast, stream.owner?.method ?? '')
    if (read === undefined) return this.#spoilt(stream)
    if (this.#answered.has(stream)) return this.#remoteEnds(stream, read.headers)
    if (read.status < 200) this.#inform(stream, read)
    else this.#respond(stream, read, isLast)
  }

  #inform(stream: Stream<Asker>, head: ResponseHead): void {
    const count = (this.#informed.get(stream) ?? 0) + 1
    this.#informed.set(stream, count)
    if (count > mostInformational) return this.#spoilt(stream)
    if (head.status !== 100) stream.owner?.informed(head)
  }

  #respond(stream: Stream<Asker>, head: ResponseHead, isLast: boolean): void {
    this.#answered.add(stream)
    // No DATA may follow what has no body.
    stream.expected = head.framing === 'none' ? 0 : head.contentLength
    stream.owner?.responded(head)
    if (isLast && this.#streams.has(stream.id)) this.#remoteEnds(stream, undefined)
  }

  /** For a stream that is not open. What we have reset may go on for a while; all else answers nothing (D3). */
  #late(id: number): void {
    if (id % 2 === 1 && id < this.#nextId && this.#closed.how(id) === 'reset')
      return this.#control()
    this.#owner.unsolicited()
    this.fail(id < this.#nextId ? 'stream_closed' : 'protocol_error')
  }

  data({ stream: id, length, flags }: FrameHead, content: number): void {
    if (!this.#isGreeted || this.#blocks.isOpen || id === 0) return this.fail('protocol_error')
    this.#receiveWindow -= length
    if (this.#receiveWindow < 0) return this.fail('flow_control_error')
    this.#empty = content === 0 && (flags & bits.endStream) === 0 ? this.#empty + 1 : 0
    if (this.#empty > mostEmpty) return this.fail('enhance_your_calm')
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      this.#credit(length - content)
      return this.#late(id)
    }
    stream.receiveWindow -= length
    if (stream.receiveWindow < 0) return this.fail('flow_control_error')
    const isUnannounced = stream.expected >= 0 && content > stream.expected
    if (isUnannounced || !this.#answered.has(stream)) return this.#spoilt(stream)
    stream.unconsumed += length - content
    if (length > content) this.consumed(stream, length - content)
  }

  part(id: number, bytes: Buffer, start: number, end: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return this.#credit(end - start)
    stream.unconsumed += end - start
    if (stream.expected > 0) stream.expected -= end - start
    stream.owner?.data(bytes, start, end)
  }

  dataEnd({ stream: id, flags }: FrameHead): void {
    const stream = this.#streams.get(id)
    if (stream !== undefined && (flags & bits.endStream) !== 0) this.#remoteEnds(stream, undefined)
  }

  /** The answer is complete. What is left of the request is not for anybody (RFC 9113 §8.1). */
  #remoteEnds(stream: Stream<Asker>, trailers: HeaderList | undefined): void {
    if (stream.expected > 0) return this.#spoilt(stream)
    stream.isRemoteOver = true
    if (!stream.isLocalOver) this.#print.reset(stream.id, 'no_error')
    this.#close(stream, false)
    stream.owner?.ended(trailers)
    this.#owner.moved()
  }

  #spoilt(stream: Stream<Asker>): void {
    const asker = stream.owner
    this.#resetStream(stream, 'protocol_error')
    asker?.lose('malformed')
  }

  #reset({ stream: id, length }: FrameHead, bytes: Buffer, start: number): void {
    if (length !== 4) return this.fail('frame_size_error')
    if (id === 0 || id >= this.#nextId) return this.fail('protocol_error')
    this.#control()
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    const isRefused = bytes.readUInt32BE(start) === errorCodes.refused_stream
    this.#close(stream, true)
    stream.owner?.lose(isRefused && !this.#answered.has(stream) ? 'untouched' : 'reset')
    this.#owner.moved()
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
    this.#print.settingsAck()
    this.#sending.pump()
    this.#owner.moved()
  }

  #apply(id: number, value: number): void {
    if (id === settingIds.enablePush && value !== 0) return this.fail('protocol_error')
    if (id === settingIds.maxFrameSize && (value < frameBytes || value > 0xffffff))
      return this.fail('protocol_error')
    if (id === settingIds.maxConcurrentStreams) this.#mostStreams = value
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
    if ((flags & bits.ack) === 0 && !this.#isOver) this.#print.pingAck(bytes, start)
  }

  /** Streams above the last that it names were not looked at; the others go on (RFC 9113 §6.8). */
  #goAway({ stream, length }: FrameHead, bytes: Buffer, start: number): void {
    if (stream !== 0) return this.fail('protocol_error')
    if (length < 8) return this.fail('frame_size_error')
    this.#control()
    this.#isEnding = true
    const lastId = bytes.readUInt32BE(start) & 0x7fffffff
    for (const each of [...this.#streams.values()]) {
      if (each.id <= lastId) continue
      this.#close(each, true)
      each.owner?.lose('untouched')
    }
    this.#owner.moved()
  }

  #windowGrows({ stream: id, length }: FrameHead, bytes: Buffer, start: number): void {
    if (length !== 4) return this.fail('frame_size_error')
    if (id >= this.#nextId) return this.fail('protocol_error')
    if (!this.#updates.take(this.nowMs())) return this.fail('enhance_your_calm')
    const more = bytes.readUInt32BE(start) & 0x7fffffff
    if (id === 0) {
      if (more === 0) return this.fail('protocol_error')
      return this.#sending.grow(more) ? this.#sending.pump() : this.fail('flow_control_error')
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    stream.sendWindow += more
    if (more === 0 || stream.sendWindow > largestWindow) return this.#spoilt(stream)
    this.#sending.pump()
  }

  broken(error: ErrorName): void {
    this.fail(error)
  }

  // Windows in:

  /** The owner of a stream has done with so many bytes of it. */
  consumed(stream: Stream<Asker>, bytes: number): void {
    if (!this.#streams.has(stream.id)) return
    stream.unconsumed -= bytes
    this.#credit(bytes)
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

  // The end of streams and of all:

  #resetStream(stream: Stream<Asker>, error: ErrorName): void {
    this.#print.reset(stream.id, error)
    this.#close(stream, true)
    this.#owner.moved()
  }

  #close(stream: Stream<Asker>, wasReset: boolean): void {
    if (!this.#streams.delete(stream.id)) return
    this.#sending.forget(stream)
    this.#closed.add(stream.id, wasReset || !stream.isLocalOver)
    this.#credit(stream.unconsumed)
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

  /** Nothing more is asked; the connection ends with its last stream. */
  end(): void {
    if (this.#isOver) return
    this.#isEnding = true
    if (this.#streams.size > 0) return
    this.#print.goAway(0, 'no_error')
    this.#end('lost')
  }

  /** Neither side wants more, and nothing is left. */
  get isSpent(): boolean {
    return this.#isEnding && this.#streams.size === 0
  }

  /** A fault of the connection: nothing that comes is understood any more. */
  fail(error: ErrorName): void {
    if (this.#isOver) return
    this.#print.goAway(0, error)
    this.#end('malformed')
  }

  /** The connection is gone. */
  lost(): void {
    if (!this.#isOver) this.#end('lost')
    this.#sending.lost()
  }

  #end(how: Loss): void {
    this.#isOver = true
    this.#reader.stop()
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    for (const stream of streams) this.#sending.forget(stream)
    this.#owner.over()
    for (const stream of streams) stream.owner?.lose(how)
  }
}
