import { hashByte, lookUp, nameOf } from '../http1/field-names.ts'
import { classes, hasUnderscore, hasUpper, isFieldValue, isTokenByte } from '../http1/field-scan.ts'

/** One field of a header block. Checked once, when it is read: what the table of a connection holds is not looked at again. */
export interface Field {
  readonly name: string
  readonly value: string
  /** As HTTP/1.1 prints it, with its CRLF; '' for a pseudo-header. */
  readonly line: string
  /** Of the known names, see field-names.ts; 0 for others. */
  readonly number: number
  readonly isPseudo: boolean
  /** No message may hold it (RFC 9113 §8.2.1): not a lower-case token, or a value with a control or a space at an end. */
  readonly isMalformed: boolean
  readonly hasUnderscore: boolean
  /** RFC 7541 §4.1. */
  readonly size: number
}

const overhead = 32
const colon = 58

/** A name by itself; several fields share it. */
export interface FieldName {
  readonly name: string
  readonly number: number
  readonly isPseudo: boolean
  readonly isMalformed: boolean
  readonly hasUnderscore: boolean
}

export function readName(bytes: Buffer, start: number, end: number): FieldName {
  const isPseudo = bytes[start] === colon
  let bits = 0
  let hash = 0
  let isToken = end > start
  for (let at = isPseudo ? start + 1 : start; at < end; at++) {
    const byte = bytes[at] as number
    const kind = classes[byte] as number
    if ((kind & isTokenByte) === 0) isToken = false
    bits |= kind
    hash = hashByte(hash, byte)
  }
  const number = isPseudo ? 0 : lookUp(bytes, start, end, hash)
  return {
    name: number > 0 ? nameOf(number) : bytes.latin1Slice(start, end),
    number,
    isPseudo,
    isMalformed: !isToken || hasUpper(bits),
    hasUnderscore: hasUnderscore(bits),
  }
}

export function fieldOf(name: FieldName, value: string): Field {
  const { name: text, number, isPseudo } = name
  return {
    name: text,
    value,
    line: isPseudo ? '' : `${text}: ${value}\r\n`,
    number,
    isPseudo,
    isMalformed: name.isMalformed || !isFieldValue(value),
    hasUnderscore: name.hasUnderscore,
    size: text.length + value.length + overhead,
  }
}
