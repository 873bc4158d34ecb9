import type { MtlsSpec } from '../api/specs.ts'
import type { Checks } from './checks.ts'
import { checkTargets } from './draft-headers.ts'
import { checkUnique } from './draft-names.ts'
import type { TokensDraft } from './draft-tokens.ts'

/** Client certificates: no issuers, no tokens, and a condition of its own. */
export function draftCertificates(
  { subjectAltNames = [], fingerprints = [], forward }: MtlsSpec,
  where: string,
  checks: Checks,
): TokensDraft {
  if (subjectAltNames.length === 0 && fingerprints.length === 0)
    checks.refuse(where, 'at least one of subjectAltNames and fingerprints is wanted')
  const headers = forward?.headers ?? []
  const targets = headers.map(({ header }) => header)
  checkUnique(targets, (at) => `${where}.forward.headers[${at}].header`, checks)
  checkTargets(targets, `${where}.forward`, checks)
  return {
    kind: 'mtls',
    certificate: Object.freeze({
      subjectAltNames,
      fingerprints: fingerprints.map((text) => text.replaceAll(':', '').toLowerCase()),
      headers: headers.map(({ header, from }) => ({ header: header.toLowerCase(), from })),
    }),
    issuers: [],
    from: [],
    clockSkewMs: 0,
    claims: [],
    forward: { headers: [], token: 'Keep' },
    staleKeysForMs: 0,
  }
}
