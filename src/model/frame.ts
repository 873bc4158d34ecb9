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
  #chunks: Buffer[] = []
  #size = 0

  /** @param largest bytes that one message may have */
  constructor(largest: number) {
    this.#largest = largest
  }

  /** The messages that are complete now; undefined when one is announced that is too large: the stream is of no use then. */
  push(chunk: Buffer): string[] | undefined {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    const messages: string[] = []
    for (let length = this.#length(); length !== undefined; length = this.#length()) {
      if (length > this.#largest) return undefined
      if (this.#size < headerBytes + length) return messages
      const whole = this.#joined()
      messages.push(whole.toString('utf8', headerBytes, headerBytes + length))
      this.#chunks = [whole.subarray(headerBytes + length)]
      this.#size -= headerBytes + length
    }
    return messages
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
