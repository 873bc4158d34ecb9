import type { Exchange, Policy } from './exchange.ts'
import { fail } from './fail.ts'

/**
 * No rule can be upgraded: a WebSocket handshake is refused (U2), any other wish is ignored (U1, RFC 9110 §7.8). What
 * comes behind a handshake is no request (U3): the refusal closes the connection.
 */
export const upgrade = (): Policy => policy

const policy: Policy = {
  request: (exchange: Exchange, next) => {
    if (
      exchange.request.head.upgrade === '' ||
      !/\bwebsocket\b/i.test(exchange.request.head.upgrade)
    )
      next(exchange)
    else fail(exchange, 'upgrade_required')
  },
}
