import { type ConnectionField, connectionField, proxyConnectionField } from './connection-field.ts'
import { lastSpecial, nameOf, numberOf } from './field-names.ts'
import {
  classes,
  fieldCount,
  fields,
  hasTrailingTab,
  hasUnderscore,
  hasUpper,
  isPrintable,
  isTargetByte,
  isToken,
  isTokenByte,
  malformed,
  scanFields,
  stride,
  tooMany,
} from './field-scan.ts'
import {
  headFaults as faults,
  isContinue,
  isLookAlike,
  isRefusedMethod,
  lengthOf,
  longestMethod,
} from './head-rules.ts'
import { HeaderList } from './header-list.ts'
import { AuthorityReader, canonicalAuthority } from './host.ts'
import { elementsOf } from './list-field.ts'
import type { ParseFault, RequestHead } from './message.ts'

/** Bytes and counts; see Settings.limits. */
export interface HeadLimits {
  readonly target: number
  readonly headerBytes: number
  readonly headerCount: number
}

const host = numberOf('host')
const contentLength = numberOf('content-length')
const transferEncoding = numberOf('transfer-encoding')
const connection = numberOf('connection')
const proxyConnection = numberOf('proxy-connection')
const upgrade = numberOf('upgrade')
const expect = numberOf('expect')

/**
 * Reads request heads (RFC 9112 §2 to §6), stricter than llhttp: what it accepts has one meaning. The
 * same parser serves one connection; between two calls for the same head it remembers how far it looked.
 */
export class RequestParser {
  head: RequestHead = emptyHead()
  fault: ParseFault = faults.none
  /** May be replaced between two heads. */
  limits: HeadLimits
  readonly #scheme: 'http' | 'https'
  /** Bytes of an unfinished head that were looked at without finding a line end. */
  #seen = 0
  readonly #authority: AuthorityReader

  constructor(limits: HeadLimits, scheme: 'http' | 'https' = 'http') {
    this.limits = limits
    this.#scheme = scheme
    this.#authority = new AuthorityReader(scheme)
  }

  /**
   * Reads the head that begins at `start`.
   *
   * @returns the bytes it takes, with a fresh `head`; 0 when it is not complete: call again with more bytes
   * from the same beginning; -1 when it is refused, with `fault`
   */
  parse(bytes: Buffer, start: number, end: number): number {
    if (this.#seen > 0 && !this.#worthAnotherLook(bytes, start, end)) return this.#result
    const { headerBytes, target } = this.limits
    const at = this.#parse(bytes, start, end)
    if (at > 0) {
      this.#seen = 0
      return at - start
    }
    if (at < 0) return -1
    this.#seen = end - start
    return end - start > headerBytes + target + longestMethod ? this.#refuse(faults.fieldsLarge) : 0
  }

  #result = 0

  /**
   * Without a line end in the new bytes nothing can have been completed: only their classes are checked, and once a
   * KiB the limits, so that a head that comes byte by byte costs little more than one that comes at once.
   */
  #worthAnotherLook(bytes: Buffer, start: number, end: number): boolean {
    const from = start + this.#seen
    const size = end - start
    const mayBeTooLong = size > Math.min(this.limits.headerBytes, this.limits.target)
    if (mayBeTooLong && size >> 10 !== this.#seen >> 10) return true
    if (bytes.indexOf(10, from) >= 0) return true
    for (let at = from; at < end; at++) {
      const byte = bytes[at] as number
      if (byte < 32 && byte !== 9 && byte !== 13) {
        this.#result = this.#refuse(faults.field)
        return false
      }
    }
    // A CR must be the last byte for now: the LF behind it has not come yet.
    const bare = bytes.indexOf(13, Math.max(from - 1, start))
    this.#result = bare >= 0 && bare < end - 1 ? this.#refuse(faults.field) : 0
    this.#seen = end - start
    return false
  }

  #refuse(why: ParseFault): -1 {
    this.fault = why
    return -1
  }

  #parse(bytes: Buffer, start: number, end: number): number {
    let at = start
    // RFC 9112 §2.2: one empty line before a request is tolerated, not more (F25).
    if (bytes[at] === 13) {
      if (at + 1 >= end) return 0
      if (bytes[at + 1] !== 10) return this.#refuse(faults.start)
      at += 2
    }
    const methodStart = at
    while (at < end && ((classes[bytes[at] as number] as number) & isTokenByte) !== 0) at++
    if (at - methodStart > longestMethod) return this.#refuse(faults.method)
    if (at >= end) return 0
    if (bytes[at] !== 32 || at === methodStart) return this.#refuse(faults.start)
    const methodEnd = at++
    const targetStart = at
    const targetLimit = Math.min(end, at + this.limits.target)
    let question = -1
    for (; at < targetLimit; at++) {
      const byte = bytes[at] as number
      if (((classes[byte] as number) & isTargetByte) === 0) break
      if (byte === 63 && question < 0) question = at
    }
    if (at >= end) return 0
    if (at === targetStart + this.limits.target && bytes[at] !== 32)
      return this.#refuse(faults.targetLong)
    if (bytes[at] !== 32 || at === targetStart)
      return this.#refuse(at === targetStart ? faults.start : faults.target)
    const targetEnd = at++
    const minor = this.#version(bytes, at, end)
    if (minor < 0) return minor === -2 ? 0 : -1
    const fieldsStart = at + 10
    const fieldsEnd = scanFields(bytes, fieldsStart, end, this.limits.headerCount)
    if (fieldsEnd <= 0) {
      if (fieldsEnd === malformed) return this.#refuse(faults.field)
      if (fieldsEnd === tooMany) return this.#refuse(faults.fieldsMany)
      return end - fieldsStart > this.limits.headerBytes ? this.#refuse(faults.fieldsLarge) : 0
    }
    if (fieldsEnd - fieldsStart > this.limits.headerBytes) return this.#refuse(faults.fieldsLarge)
    const text = bytes.latin1Slice(start, fieldsEnd)
    const head = emptyHead()
    head.method = text.slice(methodStart - start, methodEnd - start)
    head.minorVersion = minor as 0 | 1
    head.keepAlive = minor === 1
    const rest = question < 0 ? targetEnd : question
    head.rawPath = text.slice(targetStart - start, rest - start)
    head.query = question < 0 ? '' : text.slice(question - start, targetEnd - start)
    if (!this.#fields(text, start, head)) return -1
    if (!this.#target(head)) return -1
    this.head = head
    return fieldsEnd
  }

  /** 0 or 1; -1 refused; -2 not complete. */
  #version(bytes: Buffer, at: number, end: number): number {
    const known = Math.min(end - at, 8)
    for (let i = 0; i < known; i++) {
      const byte = bytes[at + i] as number
      const isDigit = byte >= 48 && byte <= 57
      if (i === 5 || i === 7 ? !isDigit : byte !== 'HTTP/1.1'.charCodeAt(i))
        return this.#refuse(faults.start)
    }
    if (end - at > 8 && bytes[at + 8] !== 13) return this.#refuse(faults.start)
    if (end - at > 9 && bytes[at + 9] !== 10) return this.#refuse(faults.start)
    if (end - at < 10) return -2
    const major = (bytes[at + 5] as number) - 48
    const minor = (bytes[at + 7] as number) - 48
    if (major === 1 && minor <= 1) return minor
    return this.#refuse(major === 0 ? faults.start : faults.version)
  }

  /** Sorts the fields: what frames and routes becomes part of the head, the rest the header list. */
  #fields(text: string, start: number, head: RequestHead): boolean {
    const { headers } = head
    headers.from(text)
    let hosts = 0
    let named: ConnectionField | undefined
    let coding: string | undefined
    const count = fieldCount
    for (let i = 0; i < count; i++) {
      const base = i * stride
      const number = fields[base + 4] as number
      const bits = fields[base + 5] as number
      if (number > lastSpecial && isPrintable(bits)) {
        headers.place(
          nameOf(number),
          (fields[base] as number) - start,
          (fields[base + 3] as number) + 2 - start,
        )
        continue
      }
      const value = text.slice(
        (fields[base + 2] as number) - start,
        (fields[base + 3] as number) - start,
      )
      if (number > lastSpecial) headers.add(nameOf(number), value)
      else if (number === 0) {
        const raw = text.slice(
          (fields[base] as number) - start,
          (fields[base + 1] as number) - start,
        )
        const name = hasUpper(bits) ? raw.toLowerCase() : raw
        if (hasUnderscore(bits)) {
          if (isLookAlike(name)) return this.#refused(faults.lookAlike)
          headers.underscores = true
        }
        if (isPrintable(bits))
          headers.place(
            name,
            (fields[base] as number) - start,
            (fields[base + 3] as number) + 2 - start,
          )
        else headers.add(name, value)
      } else if (number === host) {
        if (++hosts > 1 || !this.#host(value, head)) return this.#refused(faults.host)
      } else if (number === connection) {
        named = connectionField(hasTrailingTab(bits) ? `${value}\t` : value, named)
        if (named === undefined) return this.#refused(faults.connection)
      } else if (number === proxyConnection) {
        named = proxyConnectionField(value, named)
      } else if (number === transferEncoding) {
        if (coding !== undefined) return this.#refused(faults.coding)
        coding = value
      } else if (!this.#special(number, value, bits, head)) return false
    }
    return this.#frame(head, coding) && this.#settle(head, hosts, named)
  }

  #refused(why: ParseFault): false {
    this.fault = why
    return false
  }

  #host(value: string, head: RequestHead): boolean {
    const authority = this.#authority.read(value)
    if (authority === undefined) return false
    head.host = authority.host
    head.hostname = authority.hostname
    return true
  }

  #special(number: number, value: string, bits: number, head: RequestHead): boolean {
    if (number === contentLength) {
      const length = head.contentLength === -1 && !hasTrailingTab(bits) ? lengthOf(value) : -1
      head.contentLength = length
      return length >= 0 || this.#refused(faults.length)
    }
    if (number === expect) {
      if (head.expectContinue || !isContinue(value)) return this.#refused(faults.expect)
      head.expectContinue = true
    } else if (number === upgrade)
      head.upgrade = head.upgrade === '' ? value : `${head.upgrade}, ${value}`
    return true
  }

  /** RFC 9112 §6.3, the part for requests: one framing, and none that HTTP/1.0 does not know. */
  #frame(head: RequestHead, coding: string | undefined): boolean {
    if (coding !== undefined) {
      if (head.minorVersion === 0) return this.#refused(faults.coding)
      if (head.contentLength >= 0) return this.#refused(faults.both)
      head.chunked = coding.toLowerCase() === 'chunked'
      return head.chunked || this.#refused(codingFault(coding))
    }
    // F13: old servers take such a body for the next request.
    return (
      head.minorVersion === 1 ||
      head.contentLength <= 0 ||
      !mostlyBodiless.has(head.method) ||
      this.#refused(faults.bodyOdd)
    )
  }

  #settle(head: RequestHead, hosts: number, named: ConnectionField | undefined): boolean {
    // RFC 9112 §3.2: in HTTP/1.1 always, even where the target names one.
    if (hosts === 0 && (head.minorVersion === 1 || head.rawPath.charCodeAt(0) === 47))
      return this.#refused(faults.host)
    if (named === undefined) return true
    if (named.close) head.keepAlive = false
    else if (named.keepAlive) head.keepAlive = true
    head.upgradeNamed = named.names.includes('upgrade')
    for (const name of named.names) head.headers.remove(name)
    return true
  }

  /** Origin-form, absolute-form and `OPTIONS *` (RFC 9112 §3.2); CONNECT and TRACE are not for a gateway (R6). */
  #target(head: RequestHead): boolean {
    const { method } = head
    if (isRefusedMethod(method)) return this.#refused(faults.methodRefused)
    if (head.rawPath.charCodeAt(0) === 47) return true
    if (head.rawPath === '*')
      return (method === 'OPTIONS' && head.query === '') || this.#refused(faults.target)
    return this.#absolute(head)
  }

  #absolute(head: RequestHead): boolean {
    const prefix = `${this.#scheme}://`
    if (head.rawPath.slice(0, prefix.length).toLowerCase() !== prefix)
      return this.#refused(faults.target)
    const rest = head.rawPath.slice(prefix.length)
    const slash = rest.indexOf('/')
    const authority = canonicalAuthority(
      slash < 0 ? rest : rest.slice(0, slash),
      this.#scheme === 'http' ? 80 : 443,
    )
    if (authority === undefined || (head.host !== '' && authority.host !== head.host))
      return this.#refused(faults.host)
    head.host = authority.host
    head.hostname = authority.hostname
    head.rawPath = slash < 0 ? '/' : rest.slice(slash)
    return true
  }
}

const mostlyBodiless = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

/**
 * A well-formed coding that we do not speak is 501, also before a final `chunked`. What somebody might take for
 * `chunked`, or for no coding at all, is 400 (F3, F5).
 */
function codingFault(value: string): ParseFault {
  const list = elementsOf(value.toLowerCase())
  if (list.at(-1) === 'chunked') list.pop()
  return list.length > 0 &&
    list.every((coding) => isToken(coding) && !/chunk|identity/.test(coding))
    ? faults.codingUnknown
    : faults.coding
}

/** A head to be filled in. */
export function emptyHead(): RequestHead {
  return {
    method: '',
    host: '',
    hostname: '',
    rawPath: '',
    query: '',
    minorVersion: 1,
    headers: new HeaderList(),
    contentLength: -1,
    chunked: false,
    keepAlive: true,
    expectContinue: false,
    takesTrailers: false,
    upgrade: '',
    upgradeNamed: false,
  }
}
