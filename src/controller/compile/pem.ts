import { X509Certificate } from 'node:crypto'
import { revocationFacts } from '../../model/revocation-list.ts'

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g
const mostBytes = 262_144

/** The certificates of a PEM text, each as it stands there; what is around them is left out. */
export const certificatesIn = (text: string): readonly string[] =>
  text.length > mostBytes ? [] : (text.match(block) ?? [])

const list = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g

/** The revocation lists of a PEM text. */
export const revocationListsIn = (text: string): readonly string[] =>
  text.length > mostBytes ? [] : (text.match(list) ?? [])

/**
 * What is wrong with the revocation lists of a PEM text, or undefined. One that cannot be read is never passed over: what it revokes
 * would be let in.
 */
export function checkRevocationLists(text: string, what: string): string | undefined {
  const lists = revocationListsIn(text)
  const broken = lists.findIndex((each) => revocationFacts(each) === undefined)
  if (broken >= 0) return `CRL ${broken + 1} of ${what} cannot be read`
  if ((text.match(/-----BEGIN X509 CRL-----/g) ?? []).length > lists.length)
    return `a CRL of ${what} has no end (-----END X509 CRL-----)`
  return /-----BEGIN CRL-----/.test(text)
    ? `a CRL of ${what} begins with BEGIN CRL; it must be -----BEGIN X509 CRL----- and end likewise`
    : undefined
}

/** What is wrong with a list of certificates, or undefined. @param what `tls.crt`, for the message */
export function checkCertificates(
  certificates: readonly string[],
  what: string,
  most: number,
): string | undefined {
  if (certificates.length === 0)
    return `${what} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`
  if (certificates.length > most)
    return `${what} holds ${certificates.length} certificates; at most ${most} are allowed`
  const broken = certificates.findIndex((each) => !isCertificate(each))
  return broken < 0 ? undefined : `certificate ${broken + 1} of ${what} cannot be read`
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
