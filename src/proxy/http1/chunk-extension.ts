import { classes, isTokenByte } from './field-scan.ts'

/** Where a byte of `;name=token;name="quoted"` stands. */
export const extensionStates = {
  nameStart: 0,
  name: 1,
  valueStart: 2,
  token: 3,
  quoted: 4,
  escaped: 5,
  quotedEnd: 6,
} as const

const { nameStart, name, valueStart, token, quoted, escaped, quotedEnd } = extensionStates
const semicolon = 59
const equals = 61
const quote = 34
const backslash = 92

/**
 * One byte of chunk extensions (RFC 9112 §7.1.1, F19), after their first semicolon. As strict as llhttp, which takes
 * no white space around the separators, and stricter: a name and, after `=`, a value must be there.
 *
 * @returns the next state, -1 when the byte must not stand there
 */
export function nextInExtension(state: number, byte: number): number {
  const isToken = ((classes[byte] as number) & isTokenByte) !== 0
  switch (state) {
    case nameStart:
      return isToken ? name : -1
    case name:
      if (byte === equals) return valueStart
      return isToken ? name : byte === semicolon ? nameStart : -1
    case valueStart:
      return isToken ? token : byte === quote ? quoted : -1
    case token:
      return isToken ? token : byte === semicolon ? nameStart : -1
    case quoted:
      if (byte === quote) return quotedEnd
      return byte === backslash ? escaped : isText(byte) ? quoted : -1
    case escaped:
      return isText(byte) ? quoted : -1
    default:
      return byte === semicolon ? nameStart : -1
  }
}

/** Whether extensions may end here. */
export const mayEndExtension = (state: number): boolean =>
  state === name || state === token || state === quotedEnd

const isText = (byte: number): boolean => (byte >= 32 && byte < 127) || byte === 9
