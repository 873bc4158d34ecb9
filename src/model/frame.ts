/** Bytes of the length that stands before each message. */
const headerBytes = 4

/** A message with its length before it: four bytes, big-endian, then UTF-8. */
export function frame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(headerBytes + length)
  bytes.writeUInt32BE(length, 0)
  bytes.write(text, headerBytes)
  return bytes
}

/** Cuts a stream into messages again. Nothing is allocated by an announced length before that much has arrived. */
export class FrameReader {
  readonly #largest: number
  readonly #tooLarge: ((bytes: number) => void) | undefined
  /** Bytes of one that was too large and have not come yet. */
  #skip = 0
  #chunks: Buffer[] = []
  #size = 0

  /**
   * @param largest bytes that one message may have
   * @param tooLarge told of one that is announced to have more: it is passed over. Without this the stream is of no use then
   */
  constructor(largest: number, tooLarge?: (bytes: number) => void) {
    this.#largest = largest
    this.#tooLarge = tooLarge
  }

  /** The messages that are complete now; undefined when the stream is of no use any more. */
  push(chunk: Buffer): string[] | undefined {
    this.#add(chunk)
    const messages: string[] = []
    for (let length = this.#length(); length !== undefined; length = this.#length()) {
      if (length > this.#largest) {
        if (this.#tooLarge === undefined) return undefined
        this.#tooLarge(length)
        this.#passOver(headerBytes + length)
        continue
      }
      if (this.#size < headerBytes + length) return messages
      const whole = this.#joined()
      messages.push(whole.toString('utf8', headerBytes, headerBytes + length))
      this.#chunks = [whole.subarray(headerBytes + length)]
      this.#size -= headerBytes + length
    }
    return messages
  }

  #add(chunk: Buffer): void {
    const rest = chunk.subarray(Math.min(this.#skip, chunk.length))
    this.#skip -= chunk.length - rest.length
    if (rest.length === 0) return
    this.#chunks.push(rest)
    this.#size += rest.length
  }

  #passOver(bytes: number): void {
    const whole = this.#joined()
    this.#skip = Math.max(0, bytes - whole.length)
    this.#chunks = [whole.subarray(bytes - this.#skip)]
    this.#size = whole.length - (bytes - this.#skip)
  }

  #length(): number | undefined {
    if (this.#size < headerBytes) return undefined
    const [first] = this.#chunks
    if (first !== undefined && first.length >= headerBytes) return first.readUInt32BE(0)
    return this.#joined().readUInt32BE(0)
  }

  #joined(): Buffer {
    const [first] = this.#chunks
    const whole =
      this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks)
    this.#chunks = [whole]
    return whole
  }
}
