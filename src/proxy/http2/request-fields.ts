import { lastSpecial, numberOf } from '../http1/field-names.ts'
import { isTarget, isToken } from '../http1/field-scan.ts'
import {
  headFaults,
  isContinue,
  isLookAlike,
  isRefusedMethod,
  lengthOf,
  longestMethod,
} from '../http1/head-rules.ts'
import { AuthorityReader } from '../http1/host.ts'
import type { ParseFault, RequestHead } from '../http1/message.ts'
import { emptyHead, type HeadLimits } from '../http1/request-parser.ts'
import type { Field } from './field.ts'
import type { FieldSink } from './hpack-decoder.ts'

const host = numberOf('host')
const contentLength = numberOf('content-length')
const expect = numberOf('expect')
const te = numberOf('te')
const cookie = numberOf('cookie')
/** What belongs to a connection of HTTP/1.1 (RFC 9113 §8.2.2, H11). */
const ofConnections = new Set(
  (['transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'proxy-connection'] as const).map(
    numberOf,
  ),
)

export interface StreamLimits extends HeadLimits {
  readonly trailerBytes: number
}

/** A stream that holds no request: reset, and nothing is forwarded. */
export const malformed: ParseFault = Object.freeze({ code: 'bad_request', reason: 'h2_malformed' })

/**
 * Makes the head of a request out of the fields of a block (RFC 9113 §8.3), as strict as the parser of HTTP/1.1, and
 * leaves the same model. One serves a connection.
 */
export class RequestFields implements FieldSink {
  /** Undefined while nothing is wrong. `malformed` counts more than whatever else there is to say. */
  fault: ParseFault | undefined
  readonly #authorities: AuthorityReader
  /** Of the connection: what a trusted proxy says of its client is another thing. */
  readonly #ours: 'http' | 'https'
  #limits: StreamLimits
  #mostBytes = 0
  #head: RequestHead = emptyHead()
  #text = ''
  #bytes = 0
  #count = 0
  #method: string | undefined
  #path: string | undefined
  #scheme: string | undefined
  #authority: string | undefined
  #host: string | undefined
  #protocol: string | undefined
  #cookieAt = -1
  #isTrailer = false

  constructor(limits: StreamLimits, scheme: 'http' | 'https') {
    this.#limits = limits
    this.#ours = scheme
    this.#authorities = new AuthorityReader(scheme)
  }

  begin(limits: StreamLimits, isTrailer: boolean): void {
    this.#limits = limits
    this.#mostBytes = isTrailer ? limits.trailerBytes : limits.headerBytes
    this.#isTrailer = isTrailer
    this.fault = undefined
    this.#head = emptyHead()
    this.#text = ''
    this.#bytes = 0
    this.#count = 0
    this.#method = undefined
    this.#path = undefined
    this.#scheme = undefined
    this.#authority = undefined
    this.#host = undefined
    this.#protocol = undefined
    this.#cookieAt = -1
  }

  field(field: Field): void {
    // A cookie in crumbs counts for as many fields (H4).
    if (field.name !== ':path') this.#bytes += field.size
    if (this.#bytes > this.#mostBytes) return this.#refuse(headFaults.fieldsLarge)
    if (field.isPseudo) return this.#pseudo(field)
    if (++this.#count > this.#limits.headerCount) return this.#refuse(headFaults.fieldsMany)
    if (field.isMalformed) return this.#spoil()
    const { number } = field
    if (number > lastSpecial) {
      if (number === cookie && this.#cookieAt >= 0) this.#crumb(field.value)
      else this.#place(field)
    } else if (number === 0) {
      if (field.hasUnderscore) {
        if (isLookAlike(field.name)) return this.#refuse(headFaults.lookAlike)
        this.#head.headers.underscores = true
      }
      this.#place(field)
    } else this.#special(number, field.value)
  }

  #place({ name, line, value, number }: Field): void {
    const { headers } = this.#head
    if (number === cookie) this.#cookieAt = headers.size
    const start = this.#text.length
    this.#text += line
    headers.place(name, start, this.#text.length, value)
  }

  /** RFC 9113 §8.2.3: before anything reads them, crumbs are one field again. */
  #crumb(value: string): void {
    const { headers } = this.#head
    headers.replaceAt(this.#cookieAt, `${headers.valueAt(this.#cookieAt)}; ${value}`)
  }

  #pseudo({ name, value, isMalformed }: Field): void {
    // Before all others, once, known, and never in trailers (H9).
    if (this.#count > 0 || isMalformed || this.#isTrailer) return this.#spoil()
    if (name === ':method' && this.#method === undefined) this.#method = value
    else if (name === ':path' && this.#path === undefined) this.#path = value
    else if (name === ':scheme' && this.#scheme === undefined) this.#scheme = value
    else if (name === ':authority' && this.#authority === undefined) this.#authority = value
    else if (name === ':protocol' && this.#protocol === undefined) this.#protocol = value
    else this.#spoil()
  }

  #special(number: number, value: string): void {
    const head = this.#head
    if (ofConnections.has(number)) return this.#spoil()
    if (number === te) {
      if (value !== 'trailers') return this.#spoil()
      head.takesTrailers = true
    } else if (number === host) {
      if (this.#host !== undefined) this.#refuse(headFaults.host)
      this.#host = value
    } else if (number === contentLength) {
      const length = head.contentLength < 0 ? lengthOf(value) : -1
      if (length < 0) return this.#spoil()
      head.contentLength = length
    } else if (number === expect) {
      if (head.expectContinue || !isContinue(value)) return this.#refuse(headFaults.expect)
      head.expectContinue = true
    }
  }

  #refuse(fault: ParseFault): void {
    this.fault ??= fault
  }

  #spoil(): void {
    this.fault = malformed
  }

  /** The block is over, and so is the request if this `isLast`. Worth something only without a fault. */
  finish(isLast: boolean): RequestHead {
    this.#head.headers.from(this.#text)
    if (!this.#isTrailer) this.#check(isLast)
    return this.#head
  }

  #check(isLast: boolean): void {
    const head = this.#head
    const method = this.#method
    head.method = method ?? ''
    if (this.fault !== undefined) return
    if (method === undefined || !isToken(method)) return this.#spoil()
    if (this.#protocol !== undefined) this.#extended(method, this.#protocol)
    // CONNECT has no path and no scheme (RFC 9113 §8.5), and no place here (R6).
    else if (isRefusedMethod(method)) return this.#refuse(headFaults.methodRefused)
    if (this.fault !== undefined) return
    if (this.#scheme !== 'http' && this.#scheme !== 'https') return this.#spoil()
    if (this.#path === undefined || this.#path === '' || (isLast && head.contentLength > 0))
      return this.#spoil()
    // As in absolute form over HTTP/1.1 (R4). Who ends TLS in front of us keeps the scheme that its client has used (RFC 9113 §8.3.1).
    if (this.#scheme === 'http' && this.#ours === 'https') return this.#refuse(headFaults.target)
    if (method.length > longestMethod) return this.#refuse(headFaults.method)
    this.#target(this.#path)
    this.#authorityOf(head)
  }

  /** RFC 8441 §4: what asks for a WebSocket here, in the words of HTTP/1.1, so that one pipeline looks at both. */
  #extended(method: string, protocol: string): void {
    const head = this.#head
    // Nobody could tell a body from what goes through the tunnel.
    if (method !== 'CONNECT' || head.contentLength >= 0) return this.#spoil()
    if (protocol !== 'websocket') return this.#refuse(headFaults.protocol)
    head.method = 'GET'
    head.upgrade = protocol
    head.upgradeNamed = true
  }

  /** Origin-form, or the asterisk of OPTIONS. */
  #target(path: string): void {
    const head = this.#head
    if (path.charCodeAt(0) !== 47 && !(path === '*' && head.method === 'OPTIONS'))
      return this.#spoil()
    if (path.length > this.#limits.target) return this.#refuse(headFaults.targetLong)
    if (!isTarget(path)) return this.#refuse(headFaults.target)
    const question = path.indexOf('?')
    head.rawPath = question < 0 ? path : path.slice(0, question)
    head.query = question < 0 ? '' : path.slice(question)
  }

  /** One host, canonical, however often it is said (H13). */
  #authorityOf(head: RequestHead): void {
    const said = this.#authority ?? this.#host
    const authority = said === undefined ? undefined : this.#authorities.read(said)
    const other = this.#authority === undefined ? undefined : this.#host
    if (authority === undefined) return this.#refuse(headFaults.host)
    if (other !== undefined && other !== said && !this.#agrees(other, authority.host))
      return this.#refuse(headFaults.host)
    head.host = authority.host
    head.hostname = authority.hostname
  }

  #agrees(text: string, host: string): boolean {
    return this.#authorities.read(text)?.host === host
  }
}
