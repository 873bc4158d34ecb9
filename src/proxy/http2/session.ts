import { type Block, BlockReader } from './block-reader.ts'
import { Budget } from './budget.ts'
import { flags as bits, type ErrorName, frameBytes, frameTypes, settingIds } from './frame.ts'
import { type FrameHead, FrameReader, type FrameSink } from './frame-reader.ts'
import { shapeFault } from './frame-shape.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import type { Stream, StreamOwner } from './stream.ts'
import { type SessionOwner, StreamTable } from './stream-table.ts'

const mostSettings = 32

/**
 * What both sides of an HTTP/2 connection do alike (RFC 9113), behind the client's preface: frames in, and how often a
 * peer may send those that cost us something (H1 to H6). It has no socket and no clock: the time comes with the bytes.
 */
export abstract class Session<Owner extends StreamOwner>
  extends StreamTable<Owner>
  implements FrameSink
{
  protected readonly reader = new FrameReader(this)
  protected readonly blocks: BlockReader
  protected readonly hpack = new HpackDecoder()
  /** When the bytes at hand have come. */
  protected readMs: number
  #isGreeted = false
  readonly #controls: Budget
  readonly #updates: Budget
  readonly #priorities: Budget

  /**
   * @param mostBlock bytes of one header block before it is decoded
   * @param window bytes that the peer may have sent on all streams before somebody consumes them
   * @param settings what we say of us
   */
  constructor(
    owner: SessionOwner,
    mostBlock: number,
    window: number,
    settings: readonly (readonly [id: number, value: number])[],
  ) {
    super(owner, window)
    const nowMs = owner.nowMs()
    this.blocks = new BlockReader(mostBlock)
    this.readMs = nowMs
    this.#controls = new Budget(1000, 100, nowMs)
    this.#updates = new Budget(1000, 1000, nowMs)
    this.#priorities = new Budget(100, 10, nowMs)
    this.print.settings(settings)
    this.receiving.open()
  }

  /** A complete header block, on whatever stream. */
  protected abstract block(block: Block): void
  /** RST_STREAM for a stream that was opened once. */
  protected abstract wasReset(id: number, code: number): void
  /** GOAWAY: the peer has not looked at streams above. */
  protected goesAway(_lastId: number): void {}
  /** A setting that is not about frames and windows. */
  protected told(_id: number, _value: number): void {}
  /** The first settings of the peer are in force. */
  protected greeted(): void {}
  /** PUSH_PROMISE: nobody may send one here. */
  protected pushed(): void {
    this.fail('protocol_error')
  }

  /** The peer has said its settings: it speaks HTTP/2. */
  get isGreeted(): boolean {
    return this.#isGreeted
  }

  read(bytes: Buffer, from: number, end: number): void {
    this.readMs = this.nowMs()
    this.reader.read(bytes, from, end)
  }

  frame(head: FrameHead, bytes: Buffer, start: number, end: number): void {
    const { type, stream } = head
    if (!this.#isGreeted && type !== frameTypes.settings) return this.fail('protocol_error')
    if (this.blocks.isOpen && (type !== frameTypes.continuation || stream !== this.blocks.stream))
      return this.fail('protocol_error')
    const fault = shapeFault(head)
    if (fault !== undefined) return this.fail(fault)
    switch (type) {
      case frameTypes.headers:
      case frameTypes.continuation:
        return this.#headers(head, bytes, start, end)
      case frameTypes.priority:
        return this.#priority(stream, bytes.readUInt32BE(start))
      case frameTypes.reset:
        return this.#reset(stream, bytes.readUInt32BE(start))
      case frameTypes.settings:
        return this.#settings(head, bytes, start, end)
      case frameTypes.ping:
        return this.#ping(head, bytes, start)
      case frameTypes.goAway:
        return this.#goAway(bytes.readUInt32BE(start))
      case frameTypes.windowUpdate:
        return this.#windowUpdate(stream, bytes.readUInt32BE(start))
      case frameTypes.pushPromise:
        return this.pushed()
      default:
        return this.control()
    }
  }

  data(head: FrameHead, content: number): void {
    if (!this.#isGreeted || this.blocks.isOpen || head.stream === 0) this.fail('protocol_error')
    else this.received(head, content)
  }

  broken(error: ErrorName): void {
    this.fail(error)
  }

  /** A frame that costs us something and may bring nothing (H6). */
  protected control(): void {
    if (!this.#controls.take(this.readMs)) this.fail('enhance_your_calm')
  }

  /** A new stream earns its peer some frames. */
  protected earn(): void {
    this.#priorities.earn(100)
    this.#updates.earn(10)
  }

  /** The peer opens two windows for it, and many measure the way there by a PING. */
  dataSent(): void {
    this.#updates.earn(4)
    this.#controls.earn(2)
  }

  #headers(head: FrameHead, bytes: Buffer, start: number, end: number): void {
    const block = this.blocks.take(head, bytes, start, end)
    if (typeof block === 'string') this.fail(block)
    else if (block !== undefined) this.block(block)
  }

  #priority(id: number, dependsOn: number): void {
    if ((dependsOn & 0x7fffffff) === id) return this.fail('protocol_error')
    if (!this.#priorities.take(this.readMs)) this.fail('enhance_your_calm')
  }

  #reset(id: number, code: number): void {
    if (id > this.lastId) this.fail('protocol_error')
    else this.wasReset(id, code)
  }

  #settings({ length, flags }: FrameHead, bytes: Buffer, start: number, end: number): void {
    const isAck = (flags & bits.ack) !== 0
    if (!this.#isGreeted && isAck) return this.fail('protocol_error')
    const isFirst = !this.#isGreeted
    this.#isGreeted = true
    if (length > 6 * mostSettings) return this.fail('enhance_your_calm')
    this.control()
    if (isAck) return
    for (let at = start; at < end && !this.isOver; at += 6)
      this.#apply(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2))
    if (this.isOver) return
    // Said before the windows are used that it opens.
    this.print.settingsAck()
    this.sending.pump()
    if (isFirst) this.greeted()
  }

  #apply(id: number, value: number): void {
    if (id === settingIds.initialWindowSize) return this.resize(value)
    if (id === settingIds.enablePush && value > 1) return this.fail('protocol_error')
    // A peer that takes larger frames gets none: they would be a larger buffer for us and nothing else.
    if (id === settingIds.maxFrameSize && (value < frameBytes || value > 0xffffff))
      return this.fail('protocol_error')
    this.told(id, value)
  }

  #ping({ flags }: FrameHead, bytes: Buffer, start: number): void {
    this.control()
    if ((flags & bits.ack) === 0 && !this.isOver) this.print.pingAck(bytes, start)
  }

  #goAway(lastId: number): void {
    this.control()
    if (!this.isOver) this.goesAway(lastId & 0x7fffffff)
  }

  #windowUpdate(id: number, bytes: number): void {
    if (id > this.lastId) return this.fail('protocol_error')
    if (!this.#updates.take(this.readMs)) return this.fail('enhance_your_calm')
    this.grow(id, bytes & 0x7fffffff)
  }

  /** Nothing that comes is looked at any more. @returns the streams that were open */
  protected stop(): readonly Stream<Owner>[] {
    this.reader.stop()
    return this.removeAll()
  }
}
