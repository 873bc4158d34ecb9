import { type CryptoKey, importJWK } from 'jose'

/** A key that may verify: imported, bound to what it is for. */
export interface VerificationKey {
  readonly kid: string | undefined
  /** The algorithms that it can be used with. */
  readonly algorithms: ReadonlySet<string>
  /** Imported for one algorithm; Web Crypto binds a key to it. */
  readonly forAlgorithm: (alg: string) => Promise<CryptoKey | Uint8Array>
}

const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const curves: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
}

type Jwk = Readonly<Record<string, unknown>>

/** What a public JWK can verify, as far as it is strong enough (J18, J23); empty for any other. */
function algorithmsOf(jwk: Jwk): string[] {
  if (jwk['kty'] === 'RSA') return isGoodRsa(jwk) ? rsa : []
  if (jwk['kty'] === 'EC') return [curves[String(jwk['crv'])] ?? []].flat()
  return jwk['kty'] === 'OKP' && jwk['crv'] === 'Ed25519' ? ['EdDSA'] : []
}

function isGoodRsa({ n, e }: Jwk): boolean {
  if (typeof n !== 'string' || typeof e !== 'string') return false
  const modulus = Buffer.from(n, 'base64url')
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  const exponent = Buffer.from(e, 'base64url')
  const value = exponent.length <= 6 ? exponent.reduce((total, byte) => total * 256 + byte, 0) : 0
  return bits >= 2048 && bits <= 4096 && value >= 3 && value % 2 === 1
}

/** Public members only: a private key in a key set is not kept. */
function publicPart({ kty, crv, x, y, n, e }: Jwk): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => typeof value === 'string'),
  )
}

/** The usable keys of a JWK Set; weak, symmetric, unknown and second ones of a `kid` are skipped. */
export async function importKeys(set: unknown): Promise<VerificationKey[]> {
  const listed = (set as { keys?: unknown } | null)?.keys
  const keys: VerificationKey[] = []
  const kids = new Set<string>()
  for (const jwk of Array.isArray(listed) ? (listed as Jwk[]).slice(0, 100) : []) {
    const key = await importKey(jwk)
    if (key === undefined || (key.kid !== undefined && kids.has(key.kid))) continue
    if (key.kid !== undefined) kids.add(key.kid)
    keys.push(key)
  }
  return keys
}

async function importKey(jwk: Jwk): Promise<VerificationKey | undefined> {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const { use, key_ops: operations, alg, kid } = jwk
  if (use !== undefined && use !== 'sig') return undefined
  if (Array.isArray(operations) && !operations.includes('verify')) return undefined
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 256)) return undefined
  const algorithms = algorithmsOf(jwk).filter((each) => alg === undefined || each === alg)
  const [first] = algorithms
  if (first === undefined) return undefined
  const plain = publicPart(jwk)
  const imported = new Map<string, Promise<CryptoKey | Uint8Array>>()
  const forAlgorithm = (wanted: string) => {
    let key = imported.get(wanted)
    if (key === undefined) imported.set(wanted, (key = importJWK(plain, wanted)))
    return key
  }
  try {
    await forAlgorithm(first)
  } catch {
    return undefined
  }
  return { kid: kid as string | undefined, algorithms: new Set(algorithms), forAlgorithm }
}
