import { flags as bits, type ErrorName, errorCodes, frameBytes, frameTypes } from './frame.ts'
import { Outbox } from './outbox.ts'

/** Prints frames. All of one turn of the loop leave together, once somebody flushes. */
export class FramePrinter {
  readonly #out: Outbox
  readonly #changed: () => void

  /**
   * @param send takes bytes; true when they are not needed any more as it returns
   * @param changed there is something to flush, soon
   */
  constructor(send: (bytes: Buffer) => boolean, changed: () => void) {
    this.#out = new Outbox(send)
    this.#changed = changed
  }

  settings(values: readonly (readonly [id: number, value: number])[]): void {
    this.#out.head(6 * values.length, frameTypes.settings, 0, 0)
    for (const [id, value] of values) {
      this.#out.uint16(id)
      this.#out.uint32(value)
    }
    this.#changed()
  }

  settingsAck(): void {
    this.#out.head(0, frameTypes.settings, bits.ack, 0)
    this.#changed()
  }

  /** @param bytes what the PING held, from `start` on */
  pingAck(bytes: Buffer, start: number): void {
    this.#out.head(8, frameTypes.ping, bits.ack, 0)
    this.#out.bytes(bytes, start, start + 8)
    this.#changed()
  }

  windowUpdate(stream: number, bytes: number): void {
    this.#out.head(4, frameTypes.windowUpdate, 0, stream)
    this.#out.uint32(bytes)
    this.#changed()
  }

  reset(stream: number, error: ErrorName): void {
    this.#out.head(4, frameTypes.reset, 0, stream)
    this.#out.uint32(errorCodes[error])
    this.#changed()
  }

  goAway(lastStream: number, error: ErrorName): void {
    const debug = error === 'no_error' ? '' : error
    this.#out.head(8 + debug.length, frameTypes.goAway, 0, 0)
    this.#out.uint32(lastStream)
    this.#out.uint32(errorCodes[error])
    this.#out.text(debug)
    this.#changed()
  }

  /** A header block, in as many frames as it needs. */
  block(stream: number, block: string, flags: number): void {
    const out = this.#out
    let at = Math.min(block.length, frameBytes)
    const isWhole = at === block.length
    out.head(at, frameTypes.headers, isWhole ? flags | bits.endHeaders : flags, stream)
    out.text(isWhole ? block : block.slice(0, at))
    while (at < block.length) {
      const end = Math.min(block.length, at + frameBytes)
      out.head(
        end - at,
        frameTypes.continuation,
        end === block.length ? bits.endHeaders : 0,
        stream,
      )
      out.text(block.slice(at, end))
      at = end
    }
    this.#changed()
  }

  data(stream: number, bytes: Buffer, start: number, end: number): void {
    this.#out.head(end - start, frameTypes.data, 0, stream)
    this.#out.bytes(bytes, start, end)
    this.#changed()
  }

  /** Ends a stream by its last frame where that has not left, else by one of its own. */
  endStream(stream: number): void {
    if (!this.#out.endStream(stream)) this.#out.head(0, frameTypes.data, bits.endStream, stream)
    this.#changed()
  }

  flush(): void {
    this.#out.flush()
  }

  drop(): void {
    this.#out.drop()
  }
}
