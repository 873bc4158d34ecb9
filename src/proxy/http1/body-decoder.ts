import { extensionStates, mayEndExtension, nextInExtension } from './chunk-extension.ts'
import type { Framing, ParseFault } from './message.ts'

/** Bytes; the extensions of one body and its trailers. */
export interface BodyLimits {
  readonly chunkExtensions: number
  readonly trailerBytes: number
  /** Content-Length and Transfer-Encoding among trailers: without this they are dropped like any other (F22). */
  readonly framingTrailers?: 'refuse'
}

/** What answers of backends are held to: llhttp would not accept more. */
export const answerBodyLimits: BodyLimits = {
  chunkExtensions: 1024,
  trailerBytes: 8192,
  framingTrailers: 'refuse',
}

type Take = (bytes: Buffer, start: number, end: number) => void

const chunkFault: ParseFault = Object.freeze({ code: 'bad_request', reason: 'chunk' })
const CR = 13
const LF = 10
const trailerForm = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:/
const unframingTrailerForm = /^(?!(?:content-length|transfer-encoding):)[!#$%&'*+.^_`|~0-9a-z-]+:/i

const states = {
  size: 0,
  extension: 1,
  sizeLf: 2,
  data: 3,
  dataCr: 4,
  dataLf: 5,
  trailer: 6,
  trailerLf: 7,
  lastLf: 8,
} as const

/** Decodes one message body (RFC 9112 §6 and §7), whatever its framing, as its bytes arrive. */
export class BodyDecoder {
  done = false
  fault: ParseFault = chunkFault
  #framing: Framing = 'none'
  #left = 0
  #state: number = states.size
  #digits = 0
  #extension: number = extensionStates.nameStart
  #extensionsLeft = 0
  #trailerLeft = 0
  #trailerForm = trailerForm
  #lineStart = true
  #line = ''

  reset(framing: Framing, length: number, limits: BodyLimits): void {
    this.#framing = framing
    this.#left = framing === 'length' ? length : 0
    this.done = framing === 'none' || (framing === 'length' && length === 0)
    this.#state = states.size
    this.#digits = 0
    this.#extensionsLeft = limits.chunkExtensions
    this.#trailerLeft = limits.trailerBytes
    this.#trailerForm = limits.framingTrailers === 'refuse' ? unframingTrailerForm : trailerForm
    this.#lineStart = true
  }

  /** @returns bytes consumed, fewer than given only when the body is done; -1 when it is malformed */
  decode(bytes: Buffer, start: number, end: number, take: Take): number {
    if (this.done || start === end) return 0
    if (this.#framing === 'chunked') return this.#chunked(bytes, start, end, take)
    if (this.#framing === 'close') {
      take(bytes, start, end)
      return end - start
    }
    const until = Math.min(end, start + this.#left)
    this.#left -= until - start
    if (this.#left === 0) this.done = true
    take(bytes, start, until)
    return until - start
  }

  #chunked(bytes: Buffer, start: number, end: number, take: Take): number {
    let at = start
    while (at < end) {
      if (this.#state === states.data) {
        const until = Math.min(end, at + this.#left)
        this.#left -= until - at
        if (this.#left === 0) this.#state = states.dataCr
        take(bytes, at, until)
        at = until
      } else if (!this.#control(bytes[at++] as number)) return -1
      if (this.done) break
    }
    return at - start
  }

  /** One byte outside chunk data. */
  #control(byte: number): boolean {
    switch (this.#state) {
      case states.size:
        return this.#sizeByte(byte)
      case states.extension:
        return this.#extensionByte(byte)
      case states.sizeLf:
        if (byte !== LF) return false
        this.#state = this.#left === 0 ? states.trailer : states.data
        this.#digits = 0
        return true
      case states.dataCr:
        this.#state = states.dataLf
        return byte === CR
      case states.dataLf:
        this.#state = states.size
        return byte === LF
      default:
        return this.#trailerByte(byte)
    }
  }

  #sizeByte(byte: number): boolean {
    const digit = hex(byte)
    if (digit >= 0) {
      // 13 digits stay below 2^53; no honest chunk is larger.
      if (++this.#digits > 13) return false
      this.#left = this.#left * 16 + digit
      return true
    }
    if (this.#digits === 0) return false
    if (byte === CR) this.#state = states.sizeLf
    else if (byte === 59) {
      this.#state = states.extension
      this.#extension = extensionStates.nameStart
    } else return false
    return true
  }

  /** Extensions are read as strictly as they are written, bounded, and dropped (F19). */
  #extensionByte(byte: number): boolean {
    if (--this.#extensionsLeft < 0) return false
    if (byte === CR) {
      this.#state = states.sizeLf
      return mayEndExtension(this.#extension)
    }
    this.#extension = nextInExtension(this.#extension, byte)
    return this.#extension >= 0
  }

  /** Trailers are read as strictly as fields, bounded, and dropped (F22). */
  #trailerByte(byte: number): boolean {
    if (--this.#trailerLeft < 0) return false
    if (this.#state === states.lastLf) {
      this.done = byte === LF
      return this.done
    }
    if (this.#state === states.trailerLf) {
      this.#state = states.trailer
      this.#lineStart = true
      this.#line = ''
      return byte === LF
    }
    if (byte === CR) {
      this.#state = this.#lineStart ? states.lastLf : states.trailerLf
      return this.#lineStart || this.#trailerForm.test(this.#line)
    }
    if (
      (byte < 32 && byte !== 9) ||
      byte === 127 ||
      (this.#lineStart && (byte === 32 || byte === 9))
    )
      return false
    this.#lineStart = false
    this.#line += String.fromCharCode(byte)
    return true
  }
}

function hex(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 0x20
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}
