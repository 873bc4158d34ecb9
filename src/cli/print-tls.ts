import type { ExplainedTls } from '../proxy/runtime/explain-tls.ts'

/** What is known besides. */
export interface TlsSurroundings {
  /** Names of Secrets, by the fingerprints of what they hold. */
  readonly secrets: ReadonlyMap<string, string>
  readonly nowWallMs: number
}

/** How clients of a host are met, for people. */
export function printTls(tls: ExplainedTls | undefined, around: TlsSurroundings): string[] {
  if (tls === undefined) return []
  return [
    `tls        ${printCertificate(tls, around)}`,
    `           TLS ${tls.minVersion} or later; a client certificate is ${asked[tls.clientCertificate]}`,
    `plaintext  ${plaintext[tls.plaintext]}`,
  ]
}

const asked = {
  Require: 'required: without a good one, 400',
  Optional: 'asked for, and may be left out',
  None: 'not asked for',
} as const

const plaintext = {
  Redirect: '308 to https',
  Deny: '403 tls_required',
  Serve: 'served as well',
} as const

function printCertificate(
  { certificate }: ExplainedTls,
  { secrets, nowWallMs }: TlsSurroundings,
): string {
  if (certificate === undefined)
    return 'no certificate, so no handshake: name one in tls.secretRef, or a default one in the settings'
  const { print, isDefault, names, endsWallMs } = certificate
  const which = isDefault ? 'the default certificate, ' : ''
  const of = names.join(', ') || 'no name'
  const end = `${endsWallMs <= nowWallMs ? 'ended' : 'until'} ${new Date(endsWallMs).toISOString()}`
  return `${which}Secret ${secrets.get(print) ?? 'unknown'}: of ${of}, ${end}`
}
