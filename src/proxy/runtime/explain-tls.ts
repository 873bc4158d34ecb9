import { X509Certificate } from 'node:crypto'
import net from 'node:net'
import { type CertificateFacts, factsOf } from '../../model/certificate.ts'
import { sha256 } from '../../model/digest.ts'
import type { HostTls, Snapshot } from '../../model/snapshot.ts'
import type { Router } from './router.ts'
import { tlsPolicyFor } from './tls-policies.ts'

/** How a client that connects for a host is met. */
export interface ExplainedTls {
  /** What would be shown; absent: the handshake is refused, for there is nothing to show. */
  readonly certificate?: ShownCertificate
  readonly minVersion: '1.2' | '1.3'
  readonly clientCertificate: 'Require' | 'Optional' | 'None'
  /** What a request without TLS gets. */
  readonly plaintext: 'Redirect' | 'Deny' | 'Serve'
}

export interface ShownCertificate extends CertificateFacts {
  /** Fingerprint in `secrets` of the snapshot. */
  readonly print: string
  /** It is the one that all hosts without their own are shown. */
  readonly isDefault: boolean
}

/** By the code that makes the handshakes. Undefined where nothing is configured for TLS. */
export function explainTls(
  hostname: string,
  router: Router,
  snapshot: Snapshot,
): ExplainedTls | undefined {
  const host = router.table(hostname)?.host
  const { defaultPair, settings } = snapshot
  const https = settings.listeners?.https
  if (host?.tls === undefined && defaultPair === undefined && https === undefined) return undefined
  // Who connects to an address names no host.
  const policy = tlsPolicyFor(net.isIP(hostname) === 0 ? hostname : '', router, snapshot)
  const own = policy?.hostname === '' ? undefined : host?.tls
  return {
    ...(policy && { certificate: shown(policy.pair, defaultPair) }),
    minVersion: policy?.minVersion ?? host?.tls?.minVersion ?? https?.minVersion ?? '1.2',
    clientCertificate: own?.client?.mode ?? 'None',
    plaintext: plaintextOf(host?.tls),
  }
}

function shown(pem: string, defaultPair: string | undefined): ShownCertificate {
  const print = sha256(pem)
  return { print, isDefault: print === defaultPair, ...factsOf(new X509Certificate(pem)) }
}

/** A certificate of the client cannot come without TLS. */
function plaintextOf(tls: HostTls | undefined): ExplainedTls['plaintext'] {
  if (tls === undefined) return 'Serve'
  if (tls.plaintext === 'Redirect') return 'Redirect'
  return tls.plaintext === 'Deny' || tls.client?.mode === 'Require' ? 'Deny' : 'Serve'
}
