import { longestKid } from '../../model/jwk.ts'
import { parseStrictObject } from './strict-json.ts'

/** A JWT as it was written: nothing in it is believed yet. */
export interface CompactToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  readonly alg: string
  readonly kid: string
}

/** A byte order mark is kept, and is no JSON. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Takes a compact JWS apart (RFC 7515 §7.1), strictly: three parts of canonical base64url, JSON without duplicates, a
 * `kid` (J4), no `crit` (J8), no `b64`, no nested token, no compression. Undefined for anything else.
 */
export function parseCompact(token: string): CompactToken | undefined {
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first <= 0 || second < 0 || token.indexOf('.', second + 1) >= 0) return undefined
  const header = part(token.slice(0, first))
  const payload = part(token.slice(first + 1, second))
  if (header === undefined || payload === undefined || !isCanonical(token.slice(second + 1)))
    return undefined
  const { alg, kid, crit, b64, cty, zip } = header
  if (typeof alg !== 'string' || crit !== undefined || b64 !== undefined || zip !== undefined)
    return undefined
  if (cty !== undefined) return undefined
  if (typeof kid !== 'string' || kid.length > longestKid) return undefined
  return { header, payload, alg, kid }
}

function part(text: string): Record<string, unknown> | undefined {
  if (!isCanonical(text)) return undefined
  try {
    return parseStrictObject(utf8.decode(Buffer.from(text, 'base64url')))
  } catch {
    return undefined
  }
}

/** base64url without padding, and with nothing in the bits that do not count (J6): one value has one text. */
function isCanonical(text: string): boolean {
  return (
    text.length > 0 &&
    /^[A-Za-z0-9_-]+$/.test(text) &&
    text.length % 4 !== 1 &&
    Buffer.from(text, 'base64url').toString('base64url') === text
  )
}
