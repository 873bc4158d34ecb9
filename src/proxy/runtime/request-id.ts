import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(4096)
let at = pool.length

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function random(bytes: number): number {
  if (at + bytes > pool.length) {
    randomFillSync(pool)
    at = 0
  }
  const start = at
  at += bytes
  return start
}

function hex(start: number, bytes: number): string {
  let text = ''
  for (let i = start; i < start + bytes; i++) text += hexPairs[pool[i] as number] as string
  return text
}

let lastMs = -1
let lastPrefix = ''

/** A UUIDv7 (RFC 9562 §5.7): sorts by the millisecond it was made in. */
export function newRequestId(wallMs: number): string {
  const ms = Math.floor(wallMs)
  if (ms !== lastMs) {
    lastMs = ms
    const text = ms.toString(16).padStart(12, '0').slice(-12)
    lastPrefix = `${text.slice(0, 8)}-${text.slice(8)}-7`
  }
  const start = random(10)
  pool[start + 2] = ((pool[start + 2] as number) & 0x3f) | 0x80
  return `${lastPrefix}${hex(start, 2).slice(1)}-${hex(start + 2, 2)}-${hex(start + 4, 6)}`
}

/** A trace id (W3C Trace Context §3.2.2.3). */
export const newTraceId = (): string => hex(random(16), 16)

/** A span id: the parent of what the backend does. */
export const newSpanId = (): string => hex(random(8), 8)
