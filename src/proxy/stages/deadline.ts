import type { Rule } from '../../model/snapshot.ts'
import type { Exchange, Policy } from './exchange.ts'
import { fail } from './fail.ts'

/**
 * The clock of the whole exchange, retries included; it began with the request's first byte. Once an answer's head
 * is out, its body is under `idle` instead. Expiry is the client's fault (408) while its body is what is missing.
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
  const { reply, request, runtime } = exchange
  if (reply.started) return
  const spentMs = Math.round(runtime.clock.nowMs() - request.startedMs)
  const code = request.body.awaited ? 'request_timeout' : 'request_budget_exhausted'
  fail(exchange, code, { clock: 'request', limitMs, spentMs })
}
