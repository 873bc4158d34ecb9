import type { Rule } from '../../model/snapshot.ts'
import type { Exchange, Policy } from './exchange.ts'
import { fail } from './fail.ts'

/** Size of the body and requests in flight of one rule. */
export function limits({ limits: { requestBody, concurrency } }: Rule): Policy | undefined {
  if (requestBody === 0 && concurrency === 0) return undefined
  let inFlight = 0
  const leave = () => {
    inFlight--
  }
  return {
    request: (exchange, next) => {
      if (requestBody > 0 && !bodyFits(exchange, requestBody)) return
      if (concurrency > 0) {
        if (inFlight >= concurrency) return fail(exchange, 'overloaded', { retryAfterSeconds: 1 })
        inFlight++
        exchange.onDone ??= []
        exchange.onDone.push(leave)
      }
      next(exchange)
    },
  }
}

/** Refused at once when it is announced, else when it crosses the limit. */
function bodyFits(exchange: Exchange, limit: number): boolean {
  const { body } = exchange.request
  if (body.framing === 'none') return true
  if (body.length > limit) {
    fail(exchange, 'body_too_large', { detail: `At most ${limit} bytes are accepted.` })
    return false
  }
  if (body.framing === 'chunked') body.limit(limit)
  return true
}
