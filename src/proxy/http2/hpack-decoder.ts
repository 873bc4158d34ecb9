import { type Field, type FieldName, fieldOf, readName } from './field.ts'
import { decodedAtMost, decodeHuffman } from './huffman.ts'
import { staticFields } from './static-table.ts'

/** Takes the fields of a block in order. */
export interface FieldSink {
  field(field: Field): void
}

/** The table that a peer may fill, by default and at most: a setting that we never raise (RFC 9113 §6.5.2). */
const tableBytes = 4096
/** No entry counts for less than 32 bytes. */
const tableEntries = tableBytes / 32

const known: readonly Field[] = staticFields.map(([name, value]) => {
  const bytes = Buffer.from(name, 'latin1')
  return fieldOf(readName(bytes, 0, bytes.length), value)
})

/** Texts are decoded into it; whoever needs more replaces it. */
let scratch = Buffer.allocUnsafeSlow(32 * 1024)

/** Reads the header blocks of one connection (RFC 7541), whose dynamic table they share. Strict (H5). */
export class HpackDecoder {
  /** A ring; its newest entry stands at `#newest`. */
  readonly #table: Field[] = []
  #newest = 0
  #count = 0
  #size = 0
  #most = tableBytes
  // The block that is being read:
  #bytes: Buffer = scratch
  #at = 0
  #end = 0
  #isBroken = false

  /** @returns false when the block is broken: nothing that follows on the connection can be read */
  decode(bytes: Buffer, start: number, end: number, sink: FieldSink): boolean {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#isBroken = false
    let isFirst = true
    while (this.#at < end && !this.#isBroken) {
      const byte = bytes[this.#at] as number
      if ((byte & 0xe0) === 0x20) {
        if (!isFirst || !this.#resize()) return false
        continue
      }
      isFirst = false
      const field = byte >= 0x80 ? this.#indexed() : this.#literal(byte)
      if (field === undefined) return false
      sink.field(field)
    }
    return !this.#isBroken
  }

  #indexed(): Field | undefined {
    return this.#entry(this.#integer(0x7f))
  }

  #literal(byte: number): Field | undefined {
    const isKept = byte >= 0x40
    const index = this.#integer(isKept ? 0x3f : 0x0f)
    const name = index === 0 ? this.#name() : this.#entry(index)
    if (name === undefined || this.#isBroken) return undefined
    const value = this.#value()
    if (this.#isBroken) return undefined
    const field = fieldOf(name, value)
    if (isKept) this.#insert(field)
    return field
  }

  /** Undefined for an index that nothing stands at. */
  #entry(index: number): Field | undefined {
    if (index <= known.length) return known[index - 1]
    const back = index - known.length - 1
    return back < this.#count ? this.#table[(this.#newest - back) & (tableEntries - 1)] : undefined
  }

  #insert(field: Field): void {
    this.#evict(this.#most - field.size)
    // RFC 7541 §4.4: one that is larger than the table empties it.
    if (field.size > this.#most) return
    this.#newest = (this.#newest + 1) & (tableEntries - 1)
    this.#table[this.#newest] = field
    this.#count++
    this.#size += field.size
  }

  #evict(most: number): void {
    while (this.#size > most && this.#count > 0) {
      const oldest = (this.#newest - --this.#count) & (tableEntries - 1)
      this.#size -= (this.#table[oldest] as Field).size
    }
  }

  #resize(): boolean {
    const most = this.#integer(0x1f)
    if (this.#isBroken || most > tableBytes) return false
    this.#most = most
    this.#evict(most)
    return true
  }

  /** RFC 7541 §5.1. Nothing here needs more than 28 bits. */
  #integer(mask: number): number {
    let value = (this.#bytes[this.#at++] as number) & mask
    if (value < mask) return value
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#end) break
      const byte = this.#bytes[this.#at++] as number
      value += (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    this.#isBroken = true
    return 0
  }

  #name(): FieldName {
    const size = this.#text()
    return this.#isRaw
      ? readName(this.#bytes, this.#at - size, this.#at)
      : readName(scratch, 0, size)
  }

  #value(): string {
    const size = this.#text()
    return this.#isRaw
      ? this.#bytes.latin1Slice(this.#at - size, this.#at)
      : scratch.latin1Slice(0, size)
  }

  /** The text was not coded: it stands in the block, just before `#at`. */
  #isRaw = false

  /** RFC 7541 §5.2. How long the text is. */
  #text(): number {
    const isCoded = this.#at < this.#end && (this.#bytes[this.#at] as number) >= 0x80
    const size = this.#at < this.#end ? this.#integer(0x7f) : this.#end + 1
    this.#isRaw = true
    if (this.#isBroken || size > this.#end - this.#at) {
      this.#isBroken = true
      return 0
    }
    this.#at += size
    if (!isCoded) return size
    this.#isRaw = false
    if (decodedAtMost(size) > scratch.length) scratch = Buffer.allocUnsafeSlow(decodedAtMost(size))
    const decoded = decodeHuffman(this.#bytes, this.#at - size, this.#at, scratch)
    if (decoded < 0) this.#isBroken = true
    return Math.max(decoded, 0)
  }
}
