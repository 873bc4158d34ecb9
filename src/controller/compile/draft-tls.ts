import type { HostTls } from '../../model/snapshot.ts'
import type { BackendTlsSpec, CaRefSpec, PairRefSpec, RouteTlsSpec } from '../api/specs.ts'

/** A reference to certificates of authorities. */
export interface CaRefDraft {
  readonly where: string
  readonly kind: 'ConfigMap' | 'Secret'
  readonly namespace: string
  readonly name: string
  readonly key: string
}

/** A reference to a certificate and its key. */
export interface PairRefDraft {
  readonly where: string
  readonly namespace: string
  readonly name: string
}

/** `tls` of a route, its references still by name. */
export interface TlsDraft {
  readonly pairRef?: PairRefDraft
  readonly minVersion: HostTls['minVersion']
  readonly plaintext: HostTls['plaintext']
  readonly client?: {
    readonly mode: 'Require' | 'Optional'
    readonly caRefs: readonly CaRefDraft[]
  }
}

export function draftTls(spec: RouteTlsSpec, namespace: string): TlsDraft {
  const { secretRef, minVersion = '1.2', plaintext = 'Redirect', clientCertificate } = spec
  return {
    minVersion,
    plaintext,
    ...(secretRef && { pairRef: draftPairRef(secretRef, namespace, 'spec.tls.secretRef') }),
    ...(clientCertificate && {
      client: {
        mode: clientCertificate.mode,
        caRefs: clientCertificate.caRefs.map((ref, at) =>
          draftCaRef(ref, namespace, `spec.tls.clientCertificate.caRefs[${at}]`),
        ),
      },
    }),
  }
}

const draftPairRef = (
  { name, namespace }: PairRefSpec,
  home: string,
  where: string,
): PairRefDraft => ({ where, namespace: namespace ?? home, name })

const draftCaRef = (
  { kind = 'ConfigMap', name, namespace, key = 'ca.crt' }: CaRefSpec,
  home: string,
  where: string,
): CaRefDraft => ({ where, kind, namespace: namespace ?? home, name, key })

/** `tls` of a backend, its references still by name. */
export interface UpstreamTlsDraft {
  readonly serverName?: string
  readonly caRef?: CaRefDraft
  readonly pairRef?: PairRefDraft
}

export const draftUpstreamTls = (
  { serverName, caRef, clientCertificateRef }: BackendTlsSpec,
  home: string,
  where: string,
): UpstreamTlsDraft => ({
  ...(serverName !== undefined && { serverName }),
  ...(caRef && { caRef: draftCaRef(caRef, home, `${where}.caRef`) }),
  ...(clientCertificateRef && {
    pairRef: draftPairRef(clientCertificateRef, home, `${where}.clientCertificateRef`),
  }),
})
