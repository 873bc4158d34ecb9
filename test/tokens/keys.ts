import { constants, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'

/** A key pair of an issuer, with what it publishes. */
export interface SigningKey {
  readonly alg: string
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: JsonWebKey & { readonly kid: string }
}

const curves: Readonly<Record<string, string>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
}

/** A new key for an algorithm of RFC 7518 or RFC 8037. */
export function keyFor(alg: string, kid: string, bits = 2048): SigningKey {
  const { privateKey, publicKey } = pairFor(alg, bits)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' }
  return { alg, kid, privateKey, publicKey, jwk }
}

function pairFor(alg: string, bits: number): { privateKey: KeyObject; publicKey: KeyObject } {
  const namedCurve = curves[alg]
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve })
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('rsa', { modulusLength: bits })
}

/** The signature of a text by an algorithm, whatever the key was made for. */
export function signatureOf(text: string, privateKey: KeyObject, alg: string): Buffer {
  const data = Buffer.from(text)
  if (alg === 'EdDSA') return sign(null, data, privateKey)
  const hash = `sha${alg.slice(2)}`
  if (alg.startsWith('ES')) return sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  if (alg.startsWith('RS')) return sign(hash, data, privateKey)
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return sign(hash, data, {
    key: privateKey,
    padding,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  })
}

export const base64url = (text: string | Buffer): string => Buffer.from(text).toString('base64url')

/** A compact JWS (RFC 7515 §7.1) of texts as they are; whoever wants them malformed gets them malformed. */
export function compact(header: string, payload: string, key: SigningKey, alg = key.alg): string {
  const input = `${base64url(header)}.${base64url(payload)}`
  return `${input}.${base64url(signatureOf(input, key.privateKey, alg))}`
}

/** A token as an issuer makes it. Members of `header` that are undefined are left out. */
export const tokenOf = (
  claims: object,
  key: SigningKey,
  header: Readonly<Record<string, unknown>> = {},
): string =>
  compact(
    JSON.stringify({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header }),
    JSON.stringify(claims),
    key,
  )

/** The same token with another signature. */
export const withSignature = (token: string, signature: string | Buffer): string =>
  `${token.slice(0, token.lastIndexOf('.'))}.${typeof signature === 'string' ? signature : base64url(signature)}`

export const signatureIn = (token: string): Buffer =>
  Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
