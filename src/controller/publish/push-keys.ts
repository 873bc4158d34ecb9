import { createAuthority, expiryOf, issueCertificate, type Pair } from './authority.ts'

const day = 86_400_000

/** Keys of the push channel as they lie in the Secret; PEM. */
export interface PushKeys {
  readonly authority: Pair
  /** Made ahead of time and believed already, not used yet. */
  readonly next?: Pair & { readonly sinceWallMs: number }
  /** Certificate of the authority before: what it has signed is believed until it ends. */
  readonly previous?: string
  readonly server: Pair
}

const authorityMs = 365 * day
const serverMs = 90 * day
/** A new authority is announced for so long before anything is signed by it: every proxy has read of it by then. */
const announceMs = day
/** Clocks of other machines may be behind. */
const leewayMs = day

/**
 * The keys that should be there now: made when there are none, the authority replaced in two steps a third of its life before
 * it ends, the certificate of the server a third of its life before. The same object when nothing is to be done.
 *
 * @param dnsNames names that proxies call the controller by
 */
export async function currentKeys(
  keys: PushKeys | undefined,
  dnsNames: readonly string[],
  wallMs: number,
): Promise<PushKeys> {
  if (keys === undefined) {
    const authority = await newAuthority(wallMs)
    return { authority, server: await newServer(authority, dnsNames, wallMs) }
  }
  const promoted = keys.next !== undefined && wallMs - keys.next.sinceWallMs >= announceMs
  if (promoted) {
    const authority = { cert: keys.next.cert, key: keys.next.key }
    return {
      authority,
      previous: keys.authority.cert,
      server: await newServer(authority, dnsNames, wallMs),
    }
  }
  if (keys.next === undefined && expiryOf(keys.authority.cert) - wallMs < authorityMs / 3)
    return { ...keys, next: { ...(await newAuthority(wallMs)), sinceWallMs: wallMs } }
  if (expiryOf(keys.server.cert) - wallMs < serverMs / 3)
    return { ...keys, server: await newServer(keys.authority, dnsNames, wallMs) }
  return keys
}

/** What proxies are told to believe: PEM, one certificate after the other. */
export const trustedCertificates = ({ authority, next, previous }: PushKeys): string =>
  [authority.cert, next?.cert, previous].filter((cert) => cert !== undefined).join('\n')

const newAuthority = (wallMs: number): Promise<Pair> =>
  createAuthority('fairlead push channel', {
    fromWallMs: wallMs - leewayMs,
    untilWallMs: wallMs + authorityMs,
  })

const newServer = (authority: Pair, dnsNames: readonly string[], wallMs: number): Promise<Pair> =>
  issueCertificate(authority, {
    commonName: 'fairlead controller',
    dnsNames,
    usage: 'server',
    validity: { fromWallMs: wallMs - leewayMs, untilWallMs: wallMs + serverMs },
  })

/** As `data` of a Secret, without base64. */
export function printKeys({ authority, next, previous, server }: PushKeys): Record<string, string> {
  return {
    'ca.crt': authority.cert,
    'ca.key': authority.key,
    'tls.crt': server.cert,
    'tls.key': server.key,
    ...(previous !== undefined && { 'previous-ca.crt': previous }),
    ...(next !== undefined && {
      'next-ca.crt': next.cert,
      'next-ca.key': next.key,
      'next-ca.since': String(next.sinceWallMs),
    }),
  }
}

/** Undefined when something is missing: then new keys are made. */
export function parseKeys(data: Readonly<Record<string, string>>): PushKeys | undefined {
  const { 'ca.crt': ca, 'ca.key': caKey, 'tls.crt': cert, 'tls.key': key } = data
  if (ca === undefined || caKey === undefined || cert === undefined || key === undefined)
    return undefined
  const {
    'previous-ca.crt': previous,
    'next-ca.crt': next,
    'next-ca.key': nextKey,
    'next-ca.since': since,
  } = data
  const sinceWallMs = Number(since)
  return {
    authority: { cert: ca, key: caKey },
    server: { cert, key },
    ...(previous !== undefined && { previous }),
    ...(next !== undefined &&
      nextKey !== undefined &&
      Number.isFinite(sinceWallMs) && { next: { cert: next, key: nextKey, sinceWallMs } }),
  }
}
