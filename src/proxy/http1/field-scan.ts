import { hashByte, lookUp } from './field-names.ts'

/** Classes of bytes. A token byte (RFC 9110 §5.6.2) has the lowest bit. */
const token = 1
const upper = 2
const underscore = 4
const valueByte = 8
const targetByte = 16
/** Of a field: its line stands in the form in which it would be printed. */
const printable = 32
/** Of a field: a TAB follows its value. */
const trailingTab = 64

/** Class bits of every byte. */
export const classes = buildClasses()
export const isTokenByte = token
export const isTargetByte = targetByte

function buildClasses(): Uint8Array {
  const table = new Uint8Array(256)
  for (let byte = 0x20; byte < 256; byte++) if (byte !== 0x7f) table[byte] = valueByte
  table[0x09] = valueByte
  // R3: no space, control, 8-bit, fragment or backslash in a target.
  for (let byte = 0x21; byte < 0x7f; byte++)
    if (byte !== 0x23 && byte !== 0x5c) mark(table, byte, targetByte)
  for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
    mark(table, char.charCodeAt(0), token)
  for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') mark(table, char.charCodeAt(0), token | upper)
  mark(table, 0x5f, underscore)
  return table
}

function mark(table: Uint8Array, byte: number, bits: number): void {
  table[byte] = (table[byte] as number) | bits
}

/** Results of a scan besides a position. */
const incomplete = 0
export const malformed = -1
export const tooMany = -2

/** What was found about field i stands at `fields[i * 6]`: name start and end, value start and end, number, class bits. */
export const stride = 6
const mostFields = 1000
export const fields = new Int32Array(stride * (mostFields + 1))

/** Number of fields that the last successful scan found. Read at once: the next scan overwrites it. */
export let fieldCount = 0

const CR = 13
const LF = 10
const SP = 32
const TAB = 9
const COLON = 58

/**
 * Reads field lines up to and with the empty line (RFC 9112 §5): no space before the colon, no folding, no
 * bare CR or LF, no control byte. One pass over the bytes.
 *
 * @returns the position after the empty line, or one of the results above
 */
export function scanFields(bytes: Uint8Array, from: number, end: number, most: number): number {
  const words = wordsOf(bytes)
  let at = from
  let count = 0
  const limit = Math.min(most, mostFields)
  while (at < end) {
    if (bytes[at] === CR) {
      if (at + 1 >= end) return incomplete
      if (bytes[at + 1] !== LF) return malformed
      fieldCount = count
      return at + 2
    }
    if (count === limit) return tooMany
    const nameStart = at
    let hash = 0
    let bits = 0
    let byte = 0
    for (; at < end; at++) {
      byte = bytes[at] as number
      const kind = classes[byte] as number
      if ((kind & token) === 0) break
      bits |= kind
      hash = hashByte(hash, byte)
    }
    if (at === end) return incomplete
    if (byte !== COLON || at === nameStart) return malformed
    const nameEnd = at++
    while (at < end && (bytes[at] === SP || bytes[at] === TAB)) at++
    const valueStart = at
    at = skipPlainWords(words, at, end)
    for (; at < end; at++) {
      byte = bytes[at] as number
      if (byte < 32 ? byte !== TAB : byte === 127) break
    }
    if (at === end) return incomplete
    if (bytes[at] !== CR) return malformed
    if (at + 1 === end) return incomplete
    if (bytes[at + 1] !== LF) return malformed
    let valueEnd = at
    for (; valueEnd > valueStart; valueEnd--) {
      if (bytes[valueEnd - 1] === TAB) bits |= trailingTab
      else if (bytes[valueEnd - 1] !== SP) break
    }
    const base = count * stride
    fields[base] = nameStart
    fields[base + 1] = nameEnd
    fields[base + 2] = valueStart
    fields[base + 3] = valueEnd
    fields[base + 4] = lookUp(bytes, nameStart, nameEnd, hash)
    fields[base + 5] =
      valueStart === nameEnd + 2 && bytes[nameEnd + 1] === SP && valueEnd === at
        ? bits | printable
        : bits
    count++
    at += 2
  }
  return incomplete
}

/** The two read buffers are scanned again and again: their views are made once. */
const viewed: (Uint8Array | undefined)[] = [undefined, undefined]
const views: (DataView | undefined)[] = [undefined, undefined]
let oldest = 0

function wordsOf(bytes: Uint8Array): DataView {
  if (viewed[0] === bytes) return views[0] as DataView
  if (viewed[1] === bytes) return views[1] as DataView
  oldest = 1 - oldest
  viewed[oldest] = bytes
  return (views[oldest] = new DataView(bytes.buffer, bytes.byteOffset, bytes.length))
}

/**
 * Passes over whole words of four bytes in which none is a control or DEL. A word that may hold one ends it: the
 * caller looks at the bytes. (A byte below n shows in the high bit of `(x - n) & ~x`, and a zero byte likewise.)
 */
function skipPlainWords(words: DataView, from: number, end: number): number {
  let at = from
  for (const last = end - 4; at <= last; at += 4) {
    const word = words.getInt32(at, true)
    const del = word ^ 0x7f7f7f7f
    if (((((word - 0x20202020) & ~word) | ((del - 0x01010101) & ~del)) & 0x80808080) !== 0) break
  }
  return at
}

/** Whether a name has upper-case letters, and whether it has underscores, by its class bits. */
export const hasUpper = (bits: number): boolean => (bits & upper) !== 0
export const isPrintable = (bits: number): boolean => (bits & printable) !== 0
export const hasUnderscore = (bits: number): boolean => (bits & underscore) !== 0
/** White space by RFC 9110 §5.6.3, but llhttp refuses it after a length and after a coding. */
export const hasTrailingTab = (bits: number): boolean => (bits & trailingTab) !== 0

/** Whether a text can be a field name (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 255 || ((classes[code] as number) & token) === 0) return false
  }
  return text.length > 0
}

/** Whether a text can stand in a field line: no control but TAB, so no line end, and nothing above 0xFF. */
export function isFieldText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 255 || ((classes[code] as number) & valueByte) === 0) return false
  }
  return true
}

/** Whether a text can be a field value as it is: field text without a space at either end. */
export const isFieldValue = (text: string): boolean =>
  isFieldText(text) &&
  (text === '' || !(isSpace(text.charCodeAt(0)) || isSpace(text.charCodeAt(text.length - 1))))

/** Whether a text can be a request target. */
export function isTarget(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 255 || ((classes[code] as number) & targetByte) === 0) return false
  }
  return text.length > 0
}

const isSpace = (code: number): boolean => code === SP || code === TAB
