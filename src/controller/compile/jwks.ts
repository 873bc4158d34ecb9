import { algorithmsOf, isSecret, type Jwk, publicPart } from '../../model/jwk.ts'

const mostKeys = 100

/**
 * A key set as it may travel in a snapshot: public members only. A private or symmetric key is a fault and
 * not cut down silently, because whoever can read it can sign (hostile-inputs J2, J18). So is a set that verifies nothing.
 */
export function publicKeySet(text: string): { readonly jwks: string } | { readonly fault: string } {
  const keys = keysOf(parse(text))
  if (keys === undefined) return { fault: 'it is not a JSON Web Key Set: {"keys": [...]}' }
  if (keys.length === 0) return { fault: 'it holds no key' }
  if (keys.length > mostKeys)
    return { fault: `it holds ${keys.length} keys; at most ${mostKeys} are allowed` }
  const secret = keys.findIndex(isSecret)
  if (secret >= 0)
    return { fault: `keys[${secret}] is a private or symmetric key; only public keys belong here` }
  if (!keys.some((key) => algorithmsOf(key).length > 0))
    return {
      fault:
        'none of its keys can verify; a key wants a kid, and to be RSA of 2048 to 4096 bits, EC (P-256, P-384, P-521) or Ed25519',
    }
  return { jwks: JSON.stringify({ keys: keys.map(publicPart) }) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function keysOf(value: unknown): readonly Jwk[] | undefined {
  if (!isRecord(value) || !Array.isArray(value['keys'])) return undefined
  return value['keys'].every(isRecord) ? value['keys'] : undefined
}

const isRecord = (value: unknown): value is Jwk =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
