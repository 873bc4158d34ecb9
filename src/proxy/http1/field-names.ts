/**
 * The field names that the gateway meets often, each as one interned lower-case string, found by a
 * hash that the scanner computes on its way. Order is identity: `known.indexOf` is a field's number.
 */
const known = [
  '',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'proxy-connection',
  'http2-settings',
  'expect',
  'proxy-authenticate',
  'proxy-authorization',
  'accept',
  'accept-encoding',
  'accept-language',
  'accept-charset',
  'authorization',
  'cache-control',
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'content-range',
  'cookie',
  'date',
  'dnt',
  'etag',
  'expires',
  'forwarded',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'origin',
  'pragma',
  'priority',
  'range',
  'referer',
  'retry-after',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'server',
  'set-cookie',
  'strict-transport-security',
  'traceparent',
  'tracestate',
  'upgrade-insecure-requests',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
  'x-amzn-trace-id',
  'x-api-key',
  'x-content-type-options',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-frame-options',
  'x-real-ip',
  'x-request-id',
  'x-requested-with',
  'idempotency-key',
  'access-control-request-method',
  'access-control-request-headers',
  'access-control-allow-origin',
  'accept-ranges',
  'age',
  'allow',
] as const

type Known = (typeof known)[number]

/** Number of a known field; compile-time checked. */
export const numberOf = (name: Known): number => known.indexOf(name)

/** Fields that belong to the connection or the framing: never part of a header list. */
export const lastSpecial = numberOf('proxy-authorization')

const tableSize = 1024
const slots = new Uint8Array(tableSize)

/** The next state of the rolling hash; bit 5 folds the case of letters. */
export const hashByte = (hash: number, byte: number): number =>
  (Math.imul(hash, 31) + (byte | 0x20)) | 0

function hashOf(name: string): number {
  let hash = 0
  for (let i = 0; i < name.length; i++) hash = hashByte(hash, name.charCodeAt(i))
  return hash
}

for (let number = 1; number < known.length; number++) {
  let slot = hashOf(known[number] as string) & (tableSize - 1)
  while (slots[slot] !== 0) slot = (slot + 1) & (tableSize - 1)
  slots[slot] = number
}

/** The name of a known field by its number. */
export const nameOf = (number: number): string => known[number] as string

/** The number of the field whose name stands at `start`, 0 for one that is not known. Exact: bytes are compared. */
export function lookUp(bytes: Uint8Array, start: number, end: number, hash: number): number {
  const length = end - start
  for (let slot = hash & (tableSize - 1); ; slot = (slot + 1) & (tableSize - 1)) {
    const number = slots[slot] as number
    if (number === 0) return 0
    const name = known[number] as string
    if (name.length === length && sameName(bytes, start, name)) return number
  }
}

function sameName(bytes: Uint8Array, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i] as number
    const code = name.charCodeAt(i)
    if (byte !== code && (byte < 65 || byte > 90 || byte + 32 !== code)) return false
  }
  return true
}
