/** What was found in the first bytes of a connection that should begin with TLS. */
export type Hello =
  | { readonly kind: 'more' }
  | { readonly kind: 'hello'; readonly serverName: string }
  /** `plaintext`: no TLS at all. */
  | { readonly kind: 'fault'; readonly reason: 'plaintext' | 'malformed' | 'server_name' }

const more: Hello = Object.freeze({ kind: 'more' })
const plaintext: Hello = Object.freeze({ kind: 'fault', reason: 'plaintext' })
const malformed: Hello = Object.freeze({ kind: 'fault', reason: 'malformed' })
const badName: Hello = Object.freeze({ kind: 'fault', reason: 'server_name' })

/** A ClientHello with everything that clients send today is under 4 KiB. */
const mostBytes = 16 * 1024
const recordHeaderBytes = 5
const handshakeRecord = 22
const clientHello = 1
const serverNameExtension = 0

/**
 * Reads the ClientHello (RFC 8446 §4.1.2) off the beginning of a connection, whatever segments and records it comes in,
 * and nothing beyond it. TLS itself is OpenSSL's: this only finds out which virtual host is asked for (RFC 6066 §3).
 */
export class HelloReader {
  readonly #message = Buffer.allocUnsafe(mostBytes)
  #size = 0
  readonly #header = Buffer.allocUnsafe(recordHeaderBytes)
  #headerSize = 0
  #recordLeft = 0

  /** Takes the next bytes; everything before must have answered `more`. */
  read(bytes: Buffer): Hello {
    let at = 0
    while (at < bytes.length) {
      if (this.#recordLeft === 0) {
        this.#header[this.#headerSize++] = bytes[at++] as number
        const fault = this.#headerFault()
        if (fault !== undefined) return fault
        continue
      }
      const part = Math.min(this.#recordLeft, bytes.length - at)
      if (this.#size + part > mostBytes) return malformed
      bytes.copy(this.#message, this.#size, at, at + part)
      this.#size += part
      this.#recordLeft -= part
      at += part
      const found = this.#look()
      if (found !== more) return found
    }
    return more
  }

  /** Each byte is looked at as it comes: plain HTTP is told apart by its first one. */
  #headerFault(): Hello | undefined {
    const header = this.#header
    if (header[0] !== handshakeRecord) return this.#size === 0 ? plaintext : malformed
    if (this.#headerSize >= 2 && header[1] !== 3) return malformed
    if (this.#headerSize < recordHeaderBytes) return undefined
    this.#headerSize = 0
    this.#recordLeft = header.readUInt16BE(3)
    return this.#recordLeft === 0 || this.#recordLeft > mostBytes ? malformed : undefined
  }

  #look(): Hello {
    if (this.#size >= 1 && this.#message[0] !== clientHello) return malformed
    if (this.#size < 4) return more
    const length = this.#message.readUIntBE(1, 3)
    if (length > mostBytes - 4) return malformed
    if (this.#size < 4 + length) return more
    try {
      return helloOf(new Fields(this.#message.subarray(4, 4 + length)))
    } catch (error) {
      if (error instanceof Malformed) return malformed
      throw error
    }
  }
}

class Malformed extends Error {}

/** Length-prefixed fields, one after the other. */
class Fields {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length
  }

  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Malformed()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  number(bytes: 1 | 2): number {
    return this.take(bytes).readUIntBE(0, bytes)
  }

  /** A field after its length. */
  vector(lengthBytes: 1 | 2): Buffer {
    return this.take(this.number(lengthBytes))
  }
}

function helloOf(hello: Fields): Hello {
  hello.take(2 + 32)
  hello.vector(1)
  hello.vector(2)
  hello.vector(1)
  if (hello.ended) return { kind: 'hello', serverName: '' }
  const extensions = new Fields(hello.vector(2))
  if (!hello.ended) return malformed
  let found: Hello | undefined
  while (!extensions.ended) {
    const type = extensions.number(2)
    const body = extensions.vector(2)
    if (type !== serverNameExtension) continue
    // Twice the same extension is forbidden, and here it could mean two hosts.
    if (found !== undefined) return malformed
    found = serverNameOf(new Fields(body))
  }
  return found ?? { kind: 'hello', serverName: '' }
}

const hostNameType = 0
/** DNS labels, as in the Host of a request; underscores are in use. */
const dnsName =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/
const address = /^[0-9.]+$/

/** An address is no name (RFC 6066 §3): it counts as none. */
function serverNameOf(extension: Fields): Hello {
  const list = new Fields(extension.vector(2))
  if (!extension.ended) return malformed
  const type = list.number(1)
  const name = list.vector(2).toString('latin1').toLowerCase().replace(/\.$/, '')
  if (type !== hostNameType || !list.ended || !dnsName.test(name)) return badName
  return { kind: 'hello', serverName: address.test(name) ? '' : name }
}
