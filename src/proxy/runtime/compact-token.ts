import { longestKid } from '../../model/jwk.ts'
import { parseStrictObject } from './strict-json.ts'
import type { TokenFault } from './token-fault.ts'

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
 * `kid` (J4), no `crit` (J8), no `b64`, no nested token, no compression. Of anything else what is wrong.
 */
export function parseCompact(token: string): CompactToken | TokenFault {
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first <= 0 || second < 0 || token.indexOf('.', second + 1) >= 0) return 'not_a_jwt'
  const header = part(token.slice(0, first))
  const payload = part(token.slice(first + 1, second))
  if (header === undefined || payload === undefined || !isCanonical(token.slice(second + 1)))
    return 'not_a_jwt'
  const { alg, kid, crit, b64, cty, zip } = header
  if (typeof alg !== 'string') return 'algorithm_not_allowed'
  if ([crit, b64, zip, cty].some((each) => each !== undefined)) return 'not_supported'
  if (typeof kid !== 'string' || kid.length > longestKid) return 'no_kid'
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
