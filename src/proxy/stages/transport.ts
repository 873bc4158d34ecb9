import type { FailureCode, FailureDetail } from '../../model/failure.ts'
import type { Host, HostTls } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import type { PeerTls } from '../http1/message.ts'
import { clientKeyOf } from '../runtime/tls-policies.ts'
import { sendHead } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { fail } from './fail.ts'

/**
 * Whether a request came over a connection that its host may be served on; else it is answered here. Before anything else is
 * known of it: no rule has a say.
 */
export function isAdmitted(exchange: Exchange): boolean {
  const { router } = exchange.runtime
  const { tls } = exchange.request.peer
  if (tls === undefined && !router.hasTls) return true
  const host = router.table(exchange.request.head.hostname)?.host
  if (host === undefined) return true
  // Of a trusted proxy that encrypts again what came to it in plaintext the word counts, not the connection.
  const isPlain = tls === undefined || exchange.scheme === 'http'
  const fault =
    (isPlain ? plaintextFault(exchange, host.tls) : undefined) ??
    (tls === undefined ? undefined : connectionFault(exchange, host, tls))
  if (fault === undefined) return true
  if (fault === 'redirect' && exchange.grpc !== undefined) fail(exchange, ...tlsRequired)
  else if (fault === 'redirect') toHttps(exchange)
  else fail(exchange, ...fault)
  return false
}

type Fault = readonly [FailureCode, FailureDetail]

/** A trusted proxy may have done TLS, and says so; a certificate it cannot hand on. */
function plaintextFault(
  { scheme }: Exchange,
  tls: HostTls | undefined,
): Fault | 'redirect' | undefined {
  if (tls === undefined) return undefined
  const isRequired = tls.client?.mode === 'Require'
  if (scheme === 'https') return isRequired ? certificateRequired : undefined
  if (tls.plaintext === 'Redirect') return 'redirect'
  return tls.plaintext === 'Deny' || isRequired ? tlsRequired : undefined
}

const tlsRequired: Fault = [
  'tls_required',
  { detail: 'This host is served over TLS only; use https.' },
]
const certificateRequired: Fault = [
  'client_certificate_required',
  { detail: 'This host wants a client certificate; connect with one.' },
]

/** A connection was made for one virtual host; another is served on it only if the handshake would have been the same. */
function connectionFault(exchange: Exchange, host: Host, peer: PeerTls): Fault | undefined {
  if (isElsewhere(exchange, host, peer)) return misdirected
  const { client } = host.tls ?? {}
  if (client === undefined) return undefined
  const { certificate } = peer
  if (certificate === undefined) return client.mode === 'Require' ? certificateRequired : undefined
  if (certificate.fault === undefined) return undefined
  return [
    'client_certificate_invalid',
    {
      detail: `The client certificate is refused: ${certificate.fault}.`,
      reason: certificate.fault,
    },
  ]
}

const misdirected: Fault = [
  'misdirected',
  {
    detail:
      'This connection was made for another host, or before the TLS settings of this one changed; open a new one.',
  },
]

function isElsewhere({ runtime }: Exchange, host: Host, peer: PeerTls): boolean {
  const { tls } = host
  if (clientKeyOf(tls) !== '' && clientKeyOf(tls) !== peer.clientKey) return true
  if (tls?.minVersion === '1.3' && peer.version !== 'TLSv1.3') return true
  if (peer.hostname === host.hostname || peer.serverName === '') return false
  const asked = runtime.router.table(peer.serverName)?.host
  if (asked === host) return false
  // Clients put requests for several hosts on one connection when its certificate is of all of them (RFC 9113 §9.1.1).
  return asked?.tls?.pair !== tls?.pair
}

/** To the same host and path. A port that was named was ours, so ours is named there. */
function toHttps(exchange: Exchange): void {
  const { head } = exchange.request
  const { httpsPort } = exchange.runtime
  const isPortNamed = head.host !== head.hostname
  const port = isPortNamed && httpsPort !== undefined && httpsPort !== 443 ? `:${httpsPort}` : ''
  const headers = new HeaderList()
  headers.add('location', `https://${head.hostname}${port}${exchange.path}${exchange.query}`)
  sendHead(exchange, 308, headers, 0)
  exchange.reply.end()
}
