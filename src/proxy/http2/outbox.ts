import { flags as bits, frameHeadBytes, frameTypes } from './frame.ts'

const slabBytes = 64 * 1024
const mostKept = 32
/** Free slabs. Each turn of the loop needs one a connection that has something to say. */
const slabs: Buffer[] = []
const nothing: Buffer = Buffer.alloc(0)

/**
 * Collects what a connection has to say until somebody sends it: all frames of one turn of the loop leave in one write.
 */
export class Outbox {
  /** Sends bytes. True when they are not needed any more as it returns. */
  readonly #send: (bytes: Buffer) => boolean
  #slab = nothing
  #end = 0
  /** Where the last frame begins, and its stream where it could still end that. */
  #last = 0
  #lastStream = 0

  constructor(send: (bytes: Buffer) => boolean) {
    this.#send = send
  }

  /** The head of a frame; `length` bytes must follow. */
  head(length: number, type: number, flags: number, stream: number): void {
    const slab = this.#room(frameHeadBytes + length)
    let at = this.#end
    this.#last = at
    this.#lastStream = type <= frameTypes.headers ? stream : 0
    slab[at++] = length >> 16
    slab[at++] = length >> 8
    slab[at++] = length
    slab[at++] = type
    slab[at++] = flags
    slab[at++] = stream >> 24
    slab[at++] = stream >> 16
    slab[at++] = stream >> 8
    slab[at++] = stream
    this.#end = at
  }

  /** Makes the last frame the stream's last. False when it has left, or cannot be. */
  endStream(stream: number): boolean {
    if (this.#lastStream !== stream || this.#end === 0) return false
    this.#slab[this.#last + 4] = (this.#slab[this.#last + 4] as number) | bits.endStream
    return true
  }

  /** Latin1. */
  text(text: string): void {
    this.#end += this.#slab.latin1Write(text, this.#end)
  }

  bytes(bytes: Buffer, start: number, end: number): void {
    this.#end += bytes.copy(this.#slab, this.#end, start, end)
  }

  uint32(value: number): void {
    this.#end = this.#slab.writeUInt32BE(value, this.#end)
  }

  uint16(value: number): void {
    this.#end = this.#slab.writeUInt16BE(value, this.#end)
  }

  flush(): void {
    if (this.#end === 0) return
    const slab = this.#slab
    const bytes = slab.subarray(0, this.#end)
    this.drop()
    if (this.#send(bytes) && slabs.length < mostKept) slabs.push(slab)
  }

  /** What was not sent is not needed. */
  drop(): void {
    this.#slab = nothing
    this.#end = 0
    this.#lastStream = 0
  }

  /** No frame is larger than what a slab has room for (see frameBytes). */
  #room(bytes: number): Buffer {
    if (this.#end + bytes > this.#slab.length) {
      this.flush()
      this.#slab = slabs.pop() ?? Buffer.allocUnsafeSlow(slabBytes)
    }
    return this.#slab
  }
}
