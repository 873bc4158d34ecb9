import type { Rule } from '../../model/snapshot.ts'
import type { Exchange, Policy } from './exchange.ts'
import { fail } from './fail.ts'

/**
 * The clock of the whole exchange, retries included; it began with the request's first byte. Once an answer's head
 * is out, its body is under `idle` instead. Expiry is the client's fault (408) while its body is what is missing.
 */
export function deadline({ timeouts: { requestMs }, action }: Rule): Policy | undefined {
  if (requestMs === 0 && action.kind !== 'forward') return undefined
  return {
    request: (exchange, next) => {
      const ownMs = exchange.grpc?.timeoutMs ?? 0
      const limitMs = requestMs > 0 && ownMs > 0 ? Math.min(requestMs, ownMs) : requestMs + ownMs
      if (limitMs > 0) exchange.startClock(limitMs, expired)
      next(exchange)
    },
  }
}

function expired(exchange: Exchange, limitMs: number): void {
  const { reply, request, runtime, grpc } = exchange
  const ownMs = grpc?.timeoutMs ?? 0
  // The client's own deadline is one for the whole call.
  if (reply.started && ownMs > limitMs) return exchange.startClock(ownMs, expired)
  if (reply.started && ownMs !== limitMs) return
  const spentMs = Math.round(runtime.clock.nowMs() - request.startedMs)
  const code =
    request.body.awaited && grpc === undefined ? 'request_timeout' : 'request_budget_exhausted'
  fail(exchange, code, { clock: ownMs === limitMs ? 'grpcTimeout' : 'request', limitMs, spentMs })
}
