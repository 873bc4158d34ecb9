import { isFieldText, isTarget, isToken } from '../http1/field-scan.ts'
import { flat } from '../http1/flat.ts'
import type { HeaderList } from '../http1/header-list.ts'
import { staticFields } from './static-table.ts'

/**
 * Prints header blocks (RFC 7541) without a dynamic table and without Huffman's code: the same for every connection, so
 * that what is said again and again is printed once.
 */

const indexOf = new Map<string, number>()
staticFields.forEach(([name], i) => {
  if (!indexOf.has(name)) indexOf.set(name, i + 1)
})

const statusIndex = indexOf.get(':status') as number
const lengthIndex = indexOf.get('content-length') as number
/** No table of anybody's shall hold these (RFC 7541 §7.1.3). */
const secret = new Set([
  'set-cookie',
  'www-authenticate',
  'proxy-authenticate',
  'authorization',
  'cookie',
])
const neverIndexed = 0x10
const pseudo = new Set([':method', ':scheme', ':path', ':authority'])
const mostRemembered = 512

interface KnownName {
  readonly text: string
  value: string
  field: string
}

const remembered = new Map<string, KnownName>()
const statuses: string[] = []

/** @param length -1 for none */
export function encodeHead(status: number, headers: HeaderList, length: number): string {
  let block = (statuses[status] ??= encodeStatus(status))
  if (length >= 0) block += lengthPrefix + encodeText(String(length))
  return block + encodeFields(headers)
}

export interface RequestLine {
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** Path and query. */
  readonly target: string
  readonly authority: string
}

/** Fields of a connection of HTTP/1.1, which say nothing on a stream (RFC 9113 §8.2.2). */
const ofConnections = new Set(['connection', 'upgrade'])

/** @param length -1 for none */
export function encodeRequest(
  { method, scheme, target, authority }: RequestLine,
  headers: HeaderList,
  length: number,
): string {
  if (!isToken(method) || !isTarget(target)) throw new Error('a request that cannot be printed')
  let block =
    encodeField(':method', method) +
    encodeField(':scheme', scheme) +
    encodeField(':path', target) +
    encodeField(':authority', authority)
  headers.removeAny(ofConnections)
  if (length >= 0) block += lengthPrefix + encodeText(String(length))
  return block + encodeFields(headers) + encodeLines(headers.tail)
}

/** Whole lines as HTTP/1.1 prints them. */
function encodeLines(lines: string): string {
  let block = ''
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(': ', at)
    const end = lines.indexOf('\r\n', colon)
    block += encodeField(lines.slice(at, colon), lines.slice(colon + 2, end))
    at = end + 2
  }
  return block
}

/** The fields alone: trailers. */
export function encodeFields(headers: HeaderList): string {
  const { names } = headers
  let block = ''
  for (let i = 0; i < names.length; i++)
    block += encodeField(names[i] as string, headers.valueAt(i))
  return block
}

function encodeField(name: string, value: string): string {
  const known = remembered.get(name) ?? rememberName(name)
  if (known.value === value) return known.field
  if (!isFieldText(value)) throw new Error(`the field ${JSON.stringify(name)} cannot be printed`)
  const field = known.text + encodeText(value)
  if (value.length < 64 && !secret.has(name)) {
    known.value = flat(value)
    known.field = field
  }
  return field
}

function encodeStatus(status: number): string {
  const text = String(status)
  const index = staticFields.findIndex(([name, value]) => name === ':status' && value === text) + 1
  return index > 0
    ? String.fromCharCode(0x80 | index)
    : encodeInteger(statusIndex, 0x0f, 0) + encodeText(text)
}

function rememberName(name: string): KnownName {
  if (!(pseudo.has(name) || isToken(name)) || name !== name.toLowerCase())
    throw new Error(`the field ${JSON.stringify(name)} cannot be printed`)
  const index = indexOf.get(name) ?? 0
  const form = secret.has(name) ? neverIndexed : 0
  const text = encodeInteger(index, 0x0f, form) + (index === 0 ? encodeText(name) : '')
  const known = { text, value: '', field: text + encodeText('') }
  if (remembered.size < mostRemembered) remembered.set(name, known)
  return known
}

/** RFC 7541 §5.2, as it is. */
const encodeText = (text: string): string => encodeInteger(text.length, 0x7f, 0) + text

/** RFC 7541 §5.1; `form` are the bits above. */
function encodeInteger(value: number, mask: number, form: number): string {
  if (value < mask) return String.fromCharCode(form | value)
  let text = String.fromCharCode(form | mask)
  let rest = value - mask
  for (; rest >= 0x80; rest >>>= 7) text += String.fromCharCode(0x80 | (rest & 0x7f))
  return text + String.fromCharCode(rest)
}

const lengthPrefix = encodeInteger(lengthIndex, 0x0f, 0)
