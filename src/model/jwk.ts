import { isFactorable } from './roca.ts'

/** A JSON Web Key as somebody wrote it (RFC 7517). */
export type Jwk = Readonly<Record<string, unknown>>

/** Members of a public key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2) that a verifier needs. */
const publicMembers = ['kty', 'use', 'key_ops', 'alg', 'kid', 'crv', 'x', 'y', 'n', 'e'] as const

/** Members that only private and symmetric keys have. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

export const publicPart = (jwk: Jwk): Jwk =>
  Object.fromEntries(
    publicMembers
      .filter((member) => Object.hasOwn(jwk, member))
      .map((member) => [member, jwk[member]]),
  )

/** A private or symmetric key: whoever can read it can sign (hostile-inputs J2, J18). */
export const isSecret = (jwk: Jwk): boolean =>
  secretMembers.some((member) => Object.hasOwn(jwk, member))

/** Longest name of a key (J4). */
export const longestKid = 256

const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const curves: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
}

/**
 * What a key can verify, as far as that can be told without importing it (J18, J23): none when it is secret, weak,
 * huge, meant for something else, or has no name to be found by.
 */
export function algorithmsOf(jwk: Jwk): readonly string[] {
  const { use, key_ops: operations, alg, kid } = jwk
  if (typeof kid !== 'string' || kid.length > longestKid || isSecret(jwk)) return []
  if (use !== undefined && use !== 'sig') return []
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return []
  return algorithmsOfType(jwk).filter((each) => alg === undefined || each === alg)
}

function algorithmsOfType(jwk: Jwk): readonly string[] {
  const { kty, crv, x, y } = jwk
  if (kty === 'RSA') return isGoodRsa(jwk) ? rsaAlgorithms : []
  if (typeof x !== 'string' || typeof crv !== 'string') return []
  if (kty === 'OKP') return crv === 'Ed25519' ? ['EdDSA'] : []
  if (kty !== 'EC' || typeof y !== 'string' || !Object.hasOwn(curves, crv)) return []
  return [curves[crv] as string]
}

/** 2,048 to 4,096 bits, and an odd exponent of at least 3. Zeros in front would hide how short a modulus is. */
function isGoodRsa({ n, e }: Jwk): boolean {
  if (typeof n !== 'string' || typeof e !== 'string') return false
  const modulus = Buffer.from(n, 'base64url')
  const lead = modulus[0] ?? 0
  const bits = modulus.length * 8 - Math.clz32(lead) + 24
  const exponent = Buffer.from(e, 'base64url')
  const value = exponent.length <= 6 ? exponent.reduce((total, byte) => total * 256 + byte, 0) : 0
  const isStrong = lead > 0 && bits >= 2048 && bits <= 4096 && value >= 3 && value % 2 === 1
  return isStrong && !isFactorable(modulus)
}
