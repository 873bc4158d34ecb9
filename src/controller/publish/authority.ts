// x509 wants its metadata library before anything else of it is loaded.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** PEM. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

export interface Validity {
  readonly fromWallMs: number
  readonly untilWallMs: number
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

x509.cryptoProvider.set(webcrypto as Crypto)

/** A new authority of the push channel: its certificates are for nothing else. */
export async function createAuthority(name: string, validity: Validity): Promise<Pair> {
  const keys = await newKeys()
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${name}`,
    ...dates(validity),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: cert.toString('pem'), key: await pemOf(keys.privateKey) }
}

export interface Issue {
  readonly commonName: string
  /** DNS names of a server; none for a client. */
  readonly dnsNames: readonly string[]
  readonly uris?: readonly string[]
  readonly addresses?: readonly string[]
  readonly usage: 'server' | 'client'
  readonly validity: Validity
}

/** A certificate of an authority, with a key of its own. */
export async function issueCertificate(
  authority: Pair,
  { commonName, usage, validity, ...subject }: Issue,
): Promise<Pair> {
  const keys = await newKeys()
  const names = namesOf(subject)
  const issuer = new x509.X509Certificate(authority.cert)
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${commonName}`,
    issuer: issuer.subject,
    ...dates(validity),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: await keyOf(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
      ]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { cert: cert.toString('pem'), key: await pemOf(keys.privateKey) }
}

type Name = Pick<Issue, 'dnsNames' | 'uris' | 'addresses'>

const namesOf = ({ dnsNames, uris = [], addresses = [] }: Name) => [
  ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
  ...uris.map((value) => ({ type: 'url' as const, value })),
  ...addresses.map((value) => ({ type: 'ip' as const, value })),
]

/** When a certificate (PEM) ends, in milliseconds since 1970. */
export const expiryOf = (cert: string): number => new x509.X509Certificate(cert).notAfter.getTime()

const newKeys = (): Promise<CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>

const dates = ({ fromWallMs, untilWallMs }: Validity) => ({
  notBefore: new Date(fromWallMs),
  notAfter: new Date(untilWallMs),
})

/** RFC 5280 §4.1.2.2: positive, and nobody's to guess. */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x01
  return Buffer.from(bytes).toString('hex')
}

async function pemOf(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key as webcrypto.CryptoKey))
  return x509.PemConverter.encode(der, 'PRIVATE KEY')
}

async function keyOf(pem: string): Promise<CryptoKey> {
  const der = x509.PemConverter.decodeFirst(pem)
  return (await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign'])) as CryptoKey
}
