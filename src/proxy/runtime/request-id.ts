import { randomFillSync } from 'node:crypto'

const poolBytes = 8192
const bytes = Buffer.alloc(poolBytes)
/** Random hexadecimal digits, each used once. Slices of it cost nothing. */
let digits = ''
let at = 0

function random(count: number): string {
  if (at + count > digits.length) {
    digits = randomFillSync(bytes).toString('hex')
    at = 0
  }
  at += count
  return digits.slice(at - count, at)
}

let lastMs = -1
let prefix = ''

/** RFC 9562 §4.1: the two bits of the variant and two random ones. */
const variants = '89ab'

/** A UUIDv7 (RFC 9562 §5.7): sorts by the millisecond it was made in. */
export function newRequestId(wallMs: number): string {
  if (wallMs !== lastMs) {
    lastMs = wallMs
    const text = Math.floor(wallMs).toString(16).padStart(12, '0').slice(-12)
    prefix = `${text.slice(0, 8)}-${text.slice(8)}-7`
  }
  const tail = random(19)
  const variant = variants[tail.charCodeAt(18) & 3] as string
  return `${prefix}${tail.slice(0, 3)}-${variant}${tail.slice(3, 6)}-${tail.slice(6, 18)}`
}

/** A trace id (W3C Trace Context §3.2.2.3). */
export const newTraceId = (): string => random(32)

/** A span id: the parent of what the backend does. */
export const newSpanId = (): string => random(16)
