import { sha256 } from '../../model/digest.ts'
import type { ClientCertificates, HostTls, Snapshot } from '../../model/snapshot.ts'
import type { TlsPolicy } from '../../model/tls-policy.ts'
import type { Router } from './router.ts'

/**
 * How the handshake of a name is made: as the most specific host says that requests for it would be routed by. A name that no host is
 * of, and a handshake without one, get the default certificate. Undefined: there is no certificate to show.
 */
export function tlsPolicyFor(
  serverName: string,
  router: Router,
  { defaultPair, secrets, settings }: Snapshot,
): TlsPolicy | undefined {
  const host = router.table(serverName)?.host
  const print = host?.tls?.pair ?? defaultPair
  const pair = print === undefined ? undefined : secrets[print]
  if (print === undefined || pair === undefined) return undefined
  const hostname = host?.tls === undefined ? '' : host.hostname
  const minVersion = host?.tls?.minVersion ?? settings.listeners?.https?.minVersion ?? '1.2'
  const client = host?.tls?.client
  const clientKey = clientKeyOf(host?.tls)
  return {
    hostname,
    pair,
    minVersion,
    ...(client && { client: { authorities: bundlesOf(client, secrets) } }),
    clientKey,
    version: sha256([hostname, print, minVersion, clientKey].join('\n')),
  }
}

const bundlesOf = ({ authorities }: ClientCertificates, secrets: Snapshot['secrets']) =>
  authorities.flatMap((print) => secrets[print] ?? [])

/** What certificates of clients are judged by; '' when none is asked for. */
export const clientKeyOf = (tls: HostTls | undefined): string =>
  tls?.client === undefined ? '' : `authorities ${tls.client.authorities.join(' ')}`
