import { type FailureCode, type FailureDetail, failures } from '../../model/failure.ts'
import { isTokenFault, tokenFaults } from '../runtime/token-fault.ts'

/** Why one authorizer does not let a request through. */
export interface Denial {
  readonly kind: 'deny'
  readonly code: FailureCode
  readonly status: number
  readonly authorizer: string
  readonly detail: FailureDetail
  /** Values of WWW-Authenticate (RFC 6750 §3). */
  readonly challenges: readonly string[]
}

/** No token would help. */
export const certificateMissing = 'client_certificate_missing'

export function denial(code: FailureCode, authorizer: string, detail: FailureDetail = {}): Denial {
  const { status } = failures[code]
  return {
    kind: 'deny',
    code,
    status,
    authorizer,
    detail,
    challenges: challengeOf(code, status, authorizer, detail),
  }
}

function challengeOf(
  code: FailureCode,
  status: number,
  authorizer: string,
  { wanted, reason = '' }: FailureDetail,
): string[] {
  // There is no scheme of HTTP for it, and a 401 has to name one (RFC 9110 §15.5.2).
  if (reason === certificateMissing) return [`ClientCertificate realm="${authorizer}"`]
  const realm = `Bearer realm="${authorizer}"`
  if (code === 'credentials_missing') return [realm]
  if (status === 401) {
    const description = isTokenFault(reason) ? tokenFaults[reason] : failures[code].title
    return [`${realm}, error="invalid_token", error_description="${description}"`]
  }
  if (code === 'scope_missing')
    return [`${realm}, error="insufficient_scope", scope="${quotable(wanted ?? [])}"`]
  return []
}

/** Scopes come from configuration, and may hold what a quoted string may not. */
const quotable = (scopes: readonly string[]): string =>
  scopes.join(' ').replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')

/** Of several refusals of anyOf: 503 if any could not decide, else 403 if any knew the caller, else 401 with all challenges. */
export function worstOf(denials: readonly Denial[]): Denial {
  const first = (status: number) => denials.find((each) => each.status === status)
  const decisive = first(503) ?? first(403)
  if (decisive !== undefined) return decisive
  // A token that was wrong says more than a credential that another member would have taken.
  const told =
    denials.find(({ code }) => code !== 'credentials_missing') ??
    denials[0] ??
    denial('credentials_missing', '')
  return { ...told, challenges: denials.flatMap(({ challenges }) => challenges) }
}
