import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Secret } from '../api/objects.ts'
import { certificatesIn, checkCertificates } from './pem.ts'

/** A certificate with its key, as it travels in a snapshot. */
export interface Pair {
  /** The chain, leaf first, then the key: one PEM text. */
  readonly text: string
  readonly leaf: X509Certificate
}

export type PairResult = { readonly pair: Pair } | { readonly fault: string }

const mostCertificates = 16
const results = new WeakMap<Secret, PairResult>()

/**
 * What a Secret of type kubernetes.io/tls holds, if it can be served: a chain of at most 16 certificates, the first of which
 * is of the key (hostile-inputs T6, C14). Whether it has expired is not asked here, where there is no clock.
 */
export function pairOf(secret: Secret): PairResult {
  const known = results.get(secret) ?? readPair(secret)
  results.set(secret, known)
  return known
}

function readPair({ type, data }: Secret): PairResult {
  if (type !== 'kubernetes.io/tls') return { fault: `it is of type ${type}, not kubernetes.io/tls` }
  const chain = certificatesIn(data['tls.crt'] ?? '')
  const fault = checkCertificates(chain, 'tls.crt', mostCertificates)
  if (fault !== undefined) return { fault }
  const leaf = new X509Certificate(chain[0] as string)
  const key = keyOf(data['tls.key'] ?? '')
  if (typeof key === 'string') return { fault: key }
  const weak = weakness(leaf.publicKey)
  if (weak !== undefined) return { fault: weak }
  if (!leaf.checkPrivateKey(key))
    return { fault: 'tls.key is not the key of the first certificate in tls.crt' }
  const text = [...chain, key.export({ type: 'pkcs8', format: 'pem' }) as string]
  return { pair: { text: text.map((each) => `${each.trim()}\n`).join(''), leaf } }
}

/** The key, or what is wrong with it. Nothing of its text is told. */
function keyOf(pem: string): KeyObject | string {
  if (pem.trim() === '') return 'it has no tls.key'
  if (/^Proc-Type: 4,ENCRYPTED|BEGIN ENCRYPTED PRIVATE KEY/m.test(pem))
    return 'tls.key is encrypted; a Secret holds a key without a passphrase'
  try {
    return createPrivateKey(pem)
  } catch {
    return 'tls.key is not a private key in PEM'
  }
}

/** OpenSSL would refuse to serve it, at the moment it is needed. */
function weakness({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  const bits = asymmetricKeyDetails?.modulusLength ?? 0
  if (asymmetricKeyType === 'rsa' && (bits < 2048 || bits > 8192))
    return `its RSA key has ${bits} bits; it must have 2048 to 8192`
  if (['rsa', 'ec', 'ed25519'].includes(asymmetricKeyType ?? '')) return undefined
  return `its key is of type ${asymmetricKeyType}; it must be RSA, EC or Ed25519`
}

/** Whether a certificate is of a hostname: `api.shop.example`, `*.shop.example`, or `*`, which any is. */
export const isOf = ({ leaf }: Pair, hostname: string): boolean =>
  hostname === '*' ||
  (hostname.startsWith('*.')
    ? namesOf(leaf).includes(hostname)
    : leaf.checkHost(hostname, { subject: 'never', partialWildcards: false }) !== undefined)

/** The DNS names of a certificate. */
export const namesOf = ({ subjectAltName = '' }: X509Certificate): readonly string[] =>
  subjectAltName
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice(4).toLowerCase())
