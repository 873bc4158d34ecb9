import type { FailureCode } from '../../model/failure.ts'
import type { Retry, RetryReason } from '../../model/snapshot.ts'
import type { RequestHead } from '../http1/message.ts'

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/** RFC 9110 §9.2.1: repeating it changes nothing. */
export const isSafe = (method: string): boolean => safe.has(method)

/** RFC 9110 §9.2.2: repeating it ends like doing it once. */
export const isIdempotentMethod = (method: string): boolean => idempotent.has(method)

/** RFC 9110 §9.2.2, or by the promise of an `Idempotency-Key` where the rule believes it. */
export function isIdempotent(head: RequestHead, retry: Retry): boolean {
  return (
    idempotent.has(head.method) ||
    (retry.idempotencyKeys !== 'Never' && head.headers.has('idempotency-key'))
  )
}

const reasons: Partial<Record<FailureCode, RetryReason>> = {
  connect_failed: 'ConnectFailure',
  connect_timeout: 'ConnectFailure',
  upstream_tls_failed: 'ConnectFailure',
  upstream_reset: 'Reset',
  upstream_timeout: 'Timeout',
}

/** Whether the rule wants another try after this failure; whether it is safe is another question. */
export function wantsRetry(code: FailureCode, retry: Retry): boolean {
  const reason = reasons[code]
  return reason !== undefined && retry.on.includes(reason)
}

/** Nothing of the request left the gateway, so that any method may be tried again. */
export const leftNothing = (code: FailureCode): boolean => reasons[code] === 'ConnectFailure'

/** A backend's own wish for a pause, at most 1 s (RFC 9110 §10.2.3; a date is not waited for). */
export function retryAfterMs(value: string | undefined): number {
  const seconds = value === undefined ? 0 : Number(value)
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, 1000) : 0
}
