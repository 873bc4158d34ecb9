import type { X509Certificate } from 'node:crypto'

/** What people want to know of a certificate. */
export interface CertificateFacts {
  /** DNS names and addresses that it is of. */
  readonly names: readonly string[]
  /** When it ends, in milliseconds since 1970. */
  readonly endsWallMs: number
}

export const factsOf = ({ subjectAltName = '', validTo }: X509Certificate): CertificateFacts => ({
  names: [...subjectAltName.matchAll(/(?:DNS|IP Address):([^,]+)/g)].map(([, name = '']) => name),
  endsWallMs: Date.parse(validTo),
})

/** The certificate that hosts of a route are shown. */
export interface RouteCertificate extends CertificateFacts {
  /** `namespace/name` of the Secret. */
  readonly secret: string
  /** Fingerprint in `secrets` of a snapshot. */
  readonly print: string
}
