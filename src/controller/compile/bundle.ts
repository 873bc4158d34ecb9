import {
  certificatesIn,
  checkCertificates,
  checkRevocationLists,
  revocationListsIn,
} from './pem.ts'

const mostAuthorities = 256

/** What is wrong with a bundle of authorities and their revocation lists, or undefined. @param key where it is, for the message */
export const bundleFault = (text: string, key: string): string | undefined =>
  checkCertificates(certificatesIn(text), key, mostAuthorities) ?? checkRevocationLists(text, key)

/** As it travels in a snapshot: what is around certificates and lists is left out. */
export const bundleOf = (text: string): string =>
  [...certificatesIn(text), ...revocationListsIn(text)].map((each) => `${each.trim()}\n`).join('')
