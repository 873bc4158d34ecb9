import type { Rule } from '../../model/snapshot.ts'
import { partOf, type Share } from '../runtime/share.ts'
import type { Exchange, Policy } from './exchange.ts'
import { fail } from './fail.ts'

const tryAgain = { retryAfterSeconds: 1 }

/** Size of the body, and requests in flight of one rule: until their answers are over. */
export function limits(
  { limits: { requestBody, callBody = requestBody, concurrency } }: Rule,
  { share }: { readonly share: Share },
): Policy | undefined {
  if (requestBody === 0 && callBody === 0 && concurrency === 0) return undefined
  const mostInFlight = partOf(concurrency, share)
  const ofRequests = bodyLimit(requestBody)
  const ofCalls = bodyLimit(callBody)
  let inFlight = 0
  const leave = () => {
    inFlight--
  }
  return {
    request: (exchange, next) => {
      const { most, tooLarge } = exchange.grpc === undefined ? ofRequests : ofCalls
      if (most > 0 && !bodyMayFit(exchange, most)) return fail(exchange, 'body_too_large', tooLarge)
      if (mostInFlight > 0) {
        if (inFlight >= mostInFlight) return fail(exchange, 'overloaded', tryAgain)
        inFlight++
        exchange.onDone ??= []
        exchange.onDone.push(leave)
      }
      next(exchange)
    },
  }
}

const bodyLimit = (most: number) => ({
  most,
  tooLarge: { detail: `At most ${most} bytes are accepted.` },
})

/** False at once for what is announced as too large; a body of unknown length is counted as it comes. */
function bodyMayFit({ request: { body } }: Exchange, limit: number): boolean {
  if (body.framing === 'length') return body.length <= limit
  if (body.framing === 'chunked') body.limit(limit)
  return true
}
