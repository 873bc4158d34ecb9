import { type ConnectionField, connectionField, proxyConnectionField } from './connection-field.ts'
import { lastSpecial, nameOf, numberOf } from './field-names.ts'
import {
  fieldCount,
  fields,
  hasTrailingTab,
  hasUpper,
  isPrintable,
  scanFields,
  stride,
} from './field-scan.ts'
import { lengthOf } from './head-rules.ts'
import { HeaderList } from './header-list.ts'
import type { ResponseHead } from './message.ts'

const headBytes = 64 * 1024
const mostFields = 256
const contentLength = numberOf('content-length')
const transferEncoding = numberOf('transfer-encoding')
const connection = numberOf('connection')
const proxyConnection = numberOf('proxy-connection')
const proxyAuthenticate = numberOf('proxy-authenticate')
const upgrade = numberOf('upgrade')
const hostField = numberOf('host')

/** Reads heads of answers (RFC 9112 §4 to §6); whatever is ambiguous is refused (D2). */
export class ResponseParser {
  head: ResponseHead = emptyHead()

  /**
   * @param method of the request: an answer to HEAD has no body
   * @returns bytes taken with a fresh `head`, 0 when not complete, -1 when refused
   */
  parse(bytes: Buffer, start: number, end: number, method: string): number {
    const status = statusLine(bytes, start, end)
    if (status <= 0) return status
    let at = start + 12
    // The reason is not for anyone (RFC 9112 §4); it must only be harmless.
    if (bytes[at] === 32) at++
    else if (at < end && bytes[at] !== 13) return -1
    while (at < end && (bytes[at] as number) >= 32 && bytes[at] !== 127) at++
    if (at >= end || at + 1 >= end) return end - start > headBytes ? -1 : 0
    if (bytes[at] !== 13 || bytes[at + 1] !== 10) return -1
    const fieldsEnd = scanFields(bytes, at + 2, end, mostFields)
    if (fieldsEnd < 0) return -1
    if (fieldsEnd === 0) return end - start > headBytes ? -1 : 0
    if (fieldsEnd - start > headBytes) return -1
    const head = emptyHead()
    head.status = status
    head.minorVersion = bytes[start + 7] === 49 ? 1 : 0
    if (!fill(bytes.latin1Slice(start, fieldsEnd), start, head) || !frame(head, method)) return -1
    this.head = head
    return fieldsEnd - start
  }
}

/** The status; 0 not complete; -1 refused. */
function statusLine(bytes: Buffer, start: number, end: number): number {
  const known = Math.min(end - start, 9)
  for (let i = 0; i < known; i++) {
    const byte = bytes[start + i]
    if (i === 7 ? byte !== 48 && byte !== 49 : byte !== 'HTTP/1.1 '.charCodeAt(i)) return -1
  }
  if (end - start < 13) return 0
  let status = 0
  for (let i = 9; i < 12; i++) {
    const digit = (bytes[start + i] as number) - 48
    if (digit < 0 || digit > 9) return -1
    status = status * 10 + digit
  }
  return status >= 100 && status <= 599 ? status : -1
}

function fill(text: string, start: number, head: ResponseHead): boolean {
  const { headers } = head
  headers.from(text)
  let named: ConnectionField | undefined
  let coded = false
  const count = fieldCount
  for (let i = 0; i < count; i++) {
    const base = i * stride
    const number = fields[base + 4] as number
    const bits = fields[base + 5] as number
    const isOrdinary =
      number > lastSpecial || number === 0 || number === proxyAuthenticate || number === hostField
    if (isOrdinary) {
      const name =
        number > 0
          ? nameOf(number)
          : nameIn(
              text,
              (fields[base] as number) - start,
              (fields[base + 1] as number) - start,
              bits,
            )
      if (isPrintable(bits))
        headers.place(
          name,
          (fields[base] as number) - start,
          (fields[base + 3] as number) + 2 - start,
        )
      else
        headers.add(
          name,
          text.slice((fields[base + 2] as number) - start, (fields[base + 3] as number) - start),
        )
      continue
    }
    const value = text.slice(
      (fields[base + 2] as number) - start,
      (fields[base + 3] as number) - start,
    )
    if (number === contentLength) {
      if (head.contentLength >= 0 || hasTrailingTab(bits)) return false
      head.contentLength = lengthOf(value)
      if (head.contentLength < 0) return false
    } else if (number === transferEncoding) {
      if (coded || hasTrailingTab(bits) || value.toLowerCase() !== 'chunked') return false
      coded = true
    } else if (number === connection) {
      named = connectionField(hasTrailingTab(bits) ? `${value}\t` : value, named)
      if (named === undefined) return false
    } else if (number === proxyConnection) named = proxyConnectionField(value, named)
    else if (number === upgrade)
      head.upgrade = head.upgrade === '' ? value : `${head.upgrade}, ${value}`
  }
  if (coded) {
    if (head.contentLength >= 0 || head.minorVersion === 0) return false
    head.framing = 'chunked'
  }
  head.keepAlive =
    named === undefined
      ? head.minorVersion === 1
      : !named.close && (named.keepAlive || head.minorVersion === 1)
  if (named?.names.includes('upgrade') !== true) head.upgrade = ''
  if (named !== undefined) for (const name of named.names) head.headers.remove(name)
  return true
}

function nameIn(text: string, start: number, end: number, bits: number): string {
  const raw = text.slice(start, end)
  return hasUpper(bits) ? raw.toLowerCase() : raw
}

/** RFC 9112 §6.3, the part for answers. */
function frame(head: ResponseHead, method: string): boolean {
  const { status } = head
  // What ends the connection cannot be followed by the answer that it announces.
  if (status < 200 && !head.keepAlive) return false
  if (status < 200 || status === 204) {
    if (head.framing === 'chunked' || head.contentLength > 0) return false
    head.framing = 'none'
    head.contentLength = -1
  } else if (method === 'HEAD' || status === 304) head.framing = 'none'
  else if (head.framing !== 'chunked') head.framing = head.contentLength >= 0 ? 'length' : 'close'
  if (head.framing === 'close') head.keepAlive = false
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
