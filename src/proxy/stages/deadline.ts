import type { Rule } from '../../model/snapshot.ts'
import type { Exchange, Policy } from './exchange.ts'
import { fail } from './fail.ts'

/**
 * The clock of the whole exchange, retries included. Once an answer's head is out, streams are under `idle`
 * instead, unless nothing moves. Expiry is the client's fault (408) while its body is what is missing.
 */
export function deadline({ timeouts: { requestMs } }: Rule): Policy | undefined {
  if (requestMs === 0) return undefined
  return {
    request: (exchange, next) => {
      exchange.startClock(requestMs, expired)
      next(exchange)
    },
  }
}

function expired(exchange: Exchange, limitMs: number): void {
  if (exchange.reply.started) return
  const spentMs = Math.round(exchange.runtime.clock.nowMs() - exchange.request.startedMs)
  const { framing, length, received } = exchange.request.body
  const waitsForClient = framing === 'length' && received < length && exchange.running !== undefined
  fail(exchange, waitsForClient ? 'request_timeout' : 'request_budget_exhausted', { clock: 'request', limitMs, spentMs })
}
