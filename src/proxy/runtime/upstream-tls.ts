import net from 'node:net'
import tls from 'node:tls'
import type { Log } from '../../base/log.ts'
import type { Cluster } from '../../model/cluster.ts'
import type { Snapshot } from '../../model/snapshot.ts'

/** TLS towards the endpoints of one cluster. Verification cannot be switched off. */
export interface LiveTls {
  /** Name that the certificate must be of, and that is asked for unless it is an address. */
  readonly serverName: string
  /** Undefined when OpenSSL did not take what is configured: every connection fails. */
  readonly context: tls.SecureContext | undefined
}

const oldest = { minVersion: 'TLSv1.2' } as const
let publicContext: tls.SecureContext | undefined

/** Undefined for a cluster in plaintext. */
export function liveTls(
  { target, tls: config, name }: Cluster,
  secrets: Snapshot['secrets'],
  log: Log,
): LiveTls | undefined {
  const isSecure = config !== undefined || (target.kind === 'url' && target.scheme === 'https')
  if (!isSecure) return undefined
  const serverName = config?.serverName ?? (target.kind === 'url' ? target.hostname : '')
  const { authorities, pair } = config ?? {}
  try {
    return { serverName, context: contextOf(authorities, pair, secrets) }
  } catch (error) {
    log.error('the certificates for a backend cannot be used', { backend: name, error })
    return { serverName, context: undefined }
  }
}

/** The public authorities are many: one context for all who trust them and show nothing. */
function contextOf(
  authorities: string | undefined,
  pair: string | undefined,
  secrets: Snapshot['secrets'],
): tls.SecureContext {
  if (authorities === undefined && pair === undefined)
    return (publicContext ??= tls.createSecureContext(oldest))
  const text = (print: string) => secrets[print] ?? ''
  return tls.createSecureContext({
    ...oldest,
    ...(authorities !== undefined && { ca: text(authorities) }),
    ...(pair !== undefined && { cert: text(pair), key: text(pair) }),
  })
}

/** Options of `tls.connect` and `https.request` alike. */
export const tlsOptions = ({ serverName, context }: LiveTls) => ({
  servername: net.isIP(serverName) === 0 ? serverName : '',
  checkServerIdentity: (_: string, certificate: tls.PeerCertificate) =>
    tls.checkServerIdentity(serverName, certificate),
  rejectUnauthorized: true,
  secureContext: context,
})
