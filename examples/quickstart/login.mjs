// A demo issuer: one key, and a token for everybody who asks. Not for any other use.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'

const issuer = 'https://login.quickstart.example/'
const keyId = randomUUID()
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** The key set (RFC 7517). */
export const keySet = () => ({
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'ES256', use: 'sig' }],
})

/**
 * A token for an hour.
 * @param {string} scope
 */
export function token(scope) {
  const now = Math.floor(Date.now() / 1000)
  const head = encode({ alg: 'ES256', kid: keyId, typ: 'JWT' })
  const claims = { iss: issuer, aud: 'quickstart', sub: 'ada', scope, iat: now, exp: now + 3600 }
  const input = `${head}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return `${input}.${signature.toString('base64url')}`
}

/** @param {object} value */
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
