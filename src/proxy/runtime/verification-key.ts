import { type CryptoKey, importJWK } from 'jose'
import { algorithmsOf, type Jwk, publicPart } from '../../model/jwk.ts'

/** A key that may verify: imported, bound to what it is for. */
export interface VerificationKey {
  readonly kid: string
  /** The algorithms that it can be used with. */
  readonly algorithms: ReadonlySet<string>
  readonly jwk: Jwk
  /** Imported for one algorithm; Web Crypto binds a key to it. */
  readonly forAlgorithm: (alg: string) => Promise<CryptoKey | Uint8Array>
}

const mostKeys = 100

/** The usable keys of a JWK Set by their names; weak, secret, unknown and second ones of a name are skipped (J18). */
export async function importKeys(set: unknown): Promise<ReadonlyMap<string, VerificationKey>> {
  const listed = (set as { keys?: unknown } | null)?.keys
  const keys = new Map<string, VerificationKey>()
  for (const jwk of Array.isArray(listed) ? (listed as unknown[]).slice(0, mostKeys) : []) {
    const key = await importKey(jwk)
    if (key !== undefined && !keys.has(key.kid)) keys.set(key.kid, key)
  }
  return keys
}

async function importKey(given: unknown): Promise<VerificationKey | undefined> {
  if (typeof given !== 'object' || given === null) return undefined
  const jwk = publicPart(given as Jwk)
  const algorithms = algorithmsOf(given as Jwk)
  const [first] = algorithms
  if (first === undefined) return undefined
  const { kty, crv, x, y, n, e } = jwk
  const material = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as Record<string, string>
  const imported = new Map<string, Promise<CryptoKey | Uint8Array>>()
  const forAlgorithm = (wanted: string) => {
    let key = imported.get(wanted)
    if (key === undefined) imported.set(wanted, (key = importJWK(material, wanted)))
    return key
  }
  try {
    await forAlgorithm(first)
  } catch {
    // A point that is not on its curve, or a number that is none.
    return undefined
  }
  return { kid: jwk['kid'] as string, algorithms: new Set(algorithms), jwk, forAlgorithm }
}
