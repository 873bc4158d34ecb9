import type { FailureCode } from '../../model/failure.ts'

/**
 * Why a token is `token_malformed`: the `reason` in the access log, and the `error_description` of the answer. Each says
 * only what its sender can read in the token (RFC 6750 §3: printable ASCII without quotes).
 */
export const tokenFaults = {
  too_long: 'The token is too long',
  not_a_jwt: 'The token is not a signed JWT in compact form',
  not_supported: 'The token asks for what is not supported: crit, b64, cty or zip',
  no_kid: 'The token names no key: its header has no kid',
  algorithm_not_allowed: 'The token is signed with an algorithm that is not accepted',
  no_exp: 'The token has no exp that is a time',
  time_invalid: 'The token has an nbf or iat that is no time',
  claim_invalid: 'The token has a claim of the wrong type',
} as const

export type TokenFault = keyof typeof tokenFaults

/** A failure, and of a malformed token why it is one. */
export interface Refusal {
  readonly fault: FailureCode
  readonly reason?: TokenFault
}

export const refusalOf = (fault: FailureCode | TokenFault): Refusal =>
  isTokenFault(fault) ? { fault: 'token_malformed', reason: fault } : { fault }

export const isTokenFault = (text: string): text is TokenFault => Object.hasOwn(tokenFaults, text)
