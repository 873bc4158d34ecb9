import { lastSpecial, numberOf } from '../http1/field-names.ts'
import { lengthOf } from '../http1/head-rules.ts'
import { HeaderList } from '../http1/header-list.ts'
import type { ResponseHead } from '../http1/message.ts'
import type { Field } from './field.ts'
import type { FieldSink } from './hpack-decoder.ts'

/** As for a backend with HTTP/1.1. */
export const answerHeadBytes = 64 * 1024
const mostFields = 256

const contentLength = numberOf('content-length')
const kept = new Set((['host', 'proxy-authenticate'] as const).map(numberOf))
/** What belongs to a connection of HTTP/1.1 (RFC 9113 §8.2.2). */
const ofConnections = new Set(
  (['transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'proxy-connection'] as const).map(
    numberOf,
  ),
)

/** Makes the head of an answer, or its trailers, out of the fields of a block; whatever is ambiguous is refused (D2). */
export class ResponseFields implements FieldSink {
  #head: ResponseHead = emptyHead()
  #text = ''
  #bytes = 0
  #count = 0
  #isTrailer = false
  #isMalformed = false

  begin(isTrailer: boolean): void {
    this.#head = emptyHead()
    this.#text = ''
    this.#bytes = 0
    this.#count = 0
    this.#isTrailer = isTrailer
    this.#isMalformed = false
  }

  field(field: Field): void {
    this.#bytes += field.size
    const isBeyond = this.#bytes > answerHeadBytes || ++this.#count > mostFields
    if (isBeyond || field.isMalformed) this.#isMalformed = true
    if (this.#isMalformed) return
    const { number } = field
    if (field.isPseudo) this.#pseudo(field)
    else if (number === 0 || number > lastSpecial || kept.has(number)) this.#place(field)
    else if (ofConnections.has(number)) this.#isMalformed = true
    else if (number === contentLength) this.#length(field.value)
  }

  /** The status and nothing else, first and once, and never in trailers. */
  #pseudo({ name, value }: Field): void {
    const isExpected = name === ':status' && this.#count === 1 && !this.#isTrailer
    if (isExpected && /^[1-5]\d\d$/.test(value)) this.#head.status = Number(value)
    else this.#isMalformed = true
  }

  #place({ name, line, value }: Field): void {
    const start = this.#text.length
    this.#text += line
    this.#head.headers.place(name, start, this.#text.length, value)
  }

  #length(value: string): void {
    const isFirst = this.#head.contentLength < 0
    this.#head.contentLength = lengthOf(value)
    if (!isFirst || this.#head.contentLength < 0) this.#isMalformed = true
  }

  /**
   * The block is over.
   *
   * @param isLast nothing comes after it
   * @param method of the request: an answer to HEAD has no body
   * @returns undefined when it is malformed
   */
  finish(isLast: boolean, method: string): ResponseHead | undefined {
    const head = this.#head
    head.headers.from(this.#text)
    if (this.#isMalformed) return undefined
    if (this.#isTrailer) return isLast ? head : undefined
    return isWhole(head, isLast, method) ? head : undefined
  }
}

function isWhole(head: ResponseHead, isLast: boolean, method: string): boolean {
  const { status } = head
  if (status === 0 || status === 101) return false
  if (status < 200 && isLast) return false
  if (status < 200 || status === 204) {
    if (head.contentLength > 0) return false
    head.contentLength = -1
  } else if (method !== 'HEAD' && status !== 304) {
    if (isLast && head.contentLength > 0) return false
    if (!isLast) head.framing = head.contentLength >= 0 ? 'length' : 'chunked'
  }
  return true
}

const emptyHead = (): ResponseHead => ({
  status: 0,
  minorVersion: 1,
  headers: new HeaderList(),
  framing: 'none',
  contentLength: -1,
  keepAlive: true,
  upgrade: '',
})
