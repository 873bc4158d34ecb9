import type { ClaimCondition, ForwardClaims, Issuer, Wanted } from '../../model/authorization.ts'
import type { FailureCode } from '../../model/failure.ts'
import type { TokenFault } from './token-fault.ts'

export type Claims = Readonly<Record<string, unknown>>

/** The members of `scope` (RFC 8693 §4.2: separated by single spaces) or of a list `scp`. */
export function scopesOf(claims: Claims): readonly string[] {
  const { scope, scp } = claims
  if (typeof scope === 'string') return scope.split(' ')
  return listOf(scp)
}

/** A list of texts; anything else, a single text and a list of something else too, is none (J12). */
export const listOf = (value: unknown): readonly string[] => (isTexts(value) ? value : [])

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

/** Characters, in log and metrics. */
export const longestPrincipal = 256

/** Whom a token is about, for log and metrics. Its own text: what it was cut from may be large. */
export const principalOf = ({ sub }: Claims): string =>
  typeof sub === 'string' ? Buffer.from(sub.slice(0, longestPrincipal), 'utf8').toString() : ''

export function satisfies(has: readonly string[], wanted: Wanted): boolean {
  if (wanted.anyOf !== undefined && !wanted.anyOf.some((each) => has.includes(each))) return false
  return wanted.allOf === undefined || wanted.allOf.every((each) => has.includes(each))
}

export function claimFits(claims: Claims, { name, anyOf }: ClaimCondition): boolean {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  const values = Array.isArray(value) ? value : [value]
  return values.some((each) => (anyOf as readonly unknown[]).includes(each))
}

/**
 * Whether the registered claims hold (RFC 7519 §4.1, J9 to J12): times are numbers and `exp` must be there, audience and
 * client are exact. Undefined when they do.
 */
export function registeredFault(
  claims: Claims,
  issuer: Issuer,
  nowSeconds: number,
  skewSeconds: number,
): FailureCode | TokenFault | undefined {
  const { exp, nbf, iat } = claims
  if (!isTime(exp)) return 'no_exp'
  if (exp + skewSeconds <= nowSeconds) return 'token_expired'
  for (const time of [nbf, iat]) {
    if (time === undefined) continue
    if (!isTime(time)) return 'time_invalid'
    if (time - skewSeconds > nowSeconds) return 'token_not_yet_valid'
  }
  return issuer.cognito === undefined
    ? audienceFault(claims, issuer.audiences)
    : cognitoFault(claims, issuer.cognito)
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 && value < 1e11

const longestAudience = 100

function audienceFault(
  { aud, client_id: client }: Claims,
  accepted: readonly string[],
): FailureCode | undefined {
  if (accepted.length === 0) return undefined
  const given = aud === undefined ? client : aud
  const list = Array.isArray(given) ? given : [given]
  if (list.length > longestAudience || !isTexts(list)) return 'audience_mismatch'
  return list.some((item) => accepted.includes(item)) ? undefined : 'audience_mismatch'
}

const isTextOrNone = (value: unknown): boolean => value === undefined || typeof value === 'string'

/** Access tokens carry their client in `client_id`, ID tokens in `aud`. A user pool never writes these in another type. */
function cognitoFault(
  claims: Claims,
  { clientIds, tokenUse }: NonNullable<Issuer['cognito']>,
): FailureCode | TokenFault | undefined {
  const { token_use: use, client_id: client, aud, sub, jti, scope } = claims
  if (![sub, jti, scope].every(isTextOrNone) || !(isTextOrNone(aud) || isTexts(aud)))
    return 'claim_invalid'
  if (use !== 'access' && use !== 'id') return 'token_use_mismatch'
  if (tokenUse !== 'Any' && use !== tokenUse.toLowerCase()) return 'token_use_mismatch'
  const given = use === 'access' ? client : aud
  return typeof given === 'string' && clientIds.includes(given) ? undefined : 'audience_mismatch'
}

/** Headers for the backend; undefined when a claim cannot be one (hostile values: header injection, list confusion). */
export function forwardedHeaders(
  claims: Claims,
  forward: ForwardClaims,
): readonly (readonly [string, string])[] | undefined {
  const headers: (readonly [string, string])[] = []
  for (const { header, claim } of forward.headers) {
    const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined
    if (value === undefined || value === null) continue
    const text = headerText(value)
    if (text === undefined) return undefined
    headers.push([header, text])
  }
  if (forward.claimsHeader !== undefined)
    headers.push([
      forward.claimsHeader,
      Buffer.from(JSON.stringify(claims), 'utf8').toString('base64url'),
    ])
  return headers
}

/** What may be the value of a header; undefined for all else. */
export function headerText(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const parts = value.map(headerText)
    return parts.some((part) => part === undefined || part.includes(','))
      ? undefined
      : parts.join(',')
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)
    ? value
    : undefined
}
