// x509 wants its metadata library before anything else of it is loaded.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import {
  createAuthority,
  type Issue,
  issueCertificate,
  type Pair,
} from '../../src/controller/publish/authority.ts'

const dayMs = 86_400_000

/** From `from` to `until` days from now. */
export const days = (from: number, until: number) => ({
  fromWallMs: Date.now() + from * dayMs,
  untilWallMs: Date.now() + until * dayMs,
})

const valid = days(-1, 30)

/** An authority and what it signs. */
export interface Authority {
  readonly cert: string
  server(...names: readonly string[]): Promise<Pair>
  client(rest?: Partial<Issue>): Promise<Pair>
  issue(issue: Partial<Issue>): Promise<Pair>
  /** A list (RFC 5280 §5) that revokes a certificate, in PEM. */
  revocationList(cert: string): Promise<string>
}

async function revocationList(authority: Pair, cert: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const der = x509.PemConverter.decodeFirst(authority.key)
  const { serialNumber } = new x509.X509Certificate(cert)
  const list = await x509.X509CrlGenerator.create({
    issuer: new x509.X509Certificate(authority.cert).subject,
    thisUpdate: new Date(valid.fromWallMs),
    nextUpdate: new Date(valid.untilWallMs),
    entries: [{ serialNumber, revocationDate: new Date(valid.fromWallMs) }],
    signingAlgorithm: algorithm,
    signingKey: (await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, [
      'sign',
    ])) as CryptoKey,
  })
  // The label that OpenSSL reads (RFC 7468 §6).
  return list.toString('pem').replaceAll(/(BEGIN|END) CRL/g, '$1 X509 CRL')
}

export async function newAuthority(name: string): Promise<Authority> {
  const pair = await createAuthority(name, days(-2, 60))
  const issue = (rest: Partial<Issue>) =>
    issueCertificate(pair, {
      commonName: 'test',
      dnsNames: [],
      usage: 'server',
      validity: valid,
      ...rest,
    })
  return {
    cert: pair.cert,
    revocationList: (cert) => revocationList(pair, cert),
    issue,
    server: (...dnsNames) => issue({ commonName: dnsNames[0] ?? 'server', dnsNames }),
    client: (rest = {}) =>
      issue({ commonName: 'client', usage: 'client', uris: ['spiffe://shop/client'], ...rest }),
  }
}
