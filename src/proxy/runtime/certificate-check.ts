import type { CertificateCondition } from '../../model/authorization.ts'
import type { ClientCertificate } from '../http1/message.ts'
import { headerText, longestPrincipal } from './claims.ts'

/** A certificate that fits, and what is told of it. */
export interface Certified {
  readonly principal: string
  /** For the backend; undefined when a name cannot be a header. */
  readonly headers: readonly (readonly [string, string])[] | undefined
}

/** Undefined for a certificate with none of the names and fingerprints, to the letter. Its authority was looked at before. */
export function certify(
  { names, fingerprint }: ClientCertificate,
  { subjectAltNames, fingerprints, headers }: CertificateCondition,
): Certified | undefined {
  const meant = names.find((name) => subjectAltNames.includes(name))
  if (meant === undefined && !fingerprints.includes(fingerprint)) return undefined
  const said = { subjectAltName: meant ?? names[0], fingerprint }
  const told: [string, string][] = []
  for (const { header, from } of headers) {
    const value = said[from]
    if (value === undefined) continue
    const text = headerText(value)
    if (text === undefined) return { principal: fingerprint, headers: undefined }
    told.push([header, text])
  }
  return { principal: (meant ?? fingerprint).slice(0, longestPrincipal), headers: told }
}
