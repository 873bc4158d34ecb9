import type { Rule, Upgrade } from '../../model/snapshot.ts'
import { onlyOrigin, originTest } from './cors.ts'
import { denial } from './denial.ts'
import type { Exchange, Policy } from './exchange.ts'
import { fail } from './fail.ts'
import { handshakeFault, isWebSocketWish, keyOf } from './web-socket.ts'

/**
 * Lets a WebSocket handshake through where the rule takes WebSockets; any other is refused (U2). Any other wish is
 * passed over (U1, RFC 9110 §7.8).
 */
export function upgrade({ upgrade: allowed, cors }: Rule): Policy {
  const isAllowed = cors === undefined ? () => true : originTest(cors)
  return {
    request: (exchange, next) => {
      if (!isWebSocketWish(exchange.request.head.upgrade)) return next(exchange)
      if (allowed === undefined) fail(exchange, 'upgrade_required')
      else if (isForeign(exchange, isAllowed)) fail(exchange, 'denied', foreign)
      else if (mayOpen(exchange, allowed)) next(exchange)
    },
  }
}

const foreign = {
  reason: 'websocket_origin',
  detail: 'Pages of this origin may not open WebSockets here.',
}

/**
 * Browsers let every page open a WebSocket anywhere, with the cookies of whoever looks at it: who is allowed to read
 * answers (`cors`) is asked here, too. A page of the very host is at home. Programs say no origin.
 */
function isForeign(exchange: Exchange, isAllowed: (origin: string) => boolean): boolean {
  const { head } = exchange.request
  if (!head.headers.has('origin')) return false
  const origin = onlyOrigin(exchange)
  if (origin === undefined) return true
  return !isAllowed(origin) && origin.replace(/^https?:\/\//, '') !== head.host
}

/** False when it was refused; else it goes to a backend as the one kind of handshake there is. */
function mayOpen(exchange: Exchange, allowed: Upgrade): boolean {
  const { request, headers } = exchange
  const fault = handshakeFault(request)
  if (fault !== undefined) fail(exchange, fault.code, fault.detail)
  else if (allowed.expiresWithToken && hasExpired(exchange)) refuseExpired(exchange)
  else {
    exchange.webSocketKey = keyOf(request)
    headers.set('sec-websocket-key', exchange.webSocketKey)
    headers.add('connection', 'Upgrade')
    headers.add('upgrade', 'websocket')
    return true
  }
  return false
}

/** Its token passes by the skew of clocks alone: what it opens would have to be closed at once. */
const hasExpired = ({ authorization, runtime }: Exchange): boolean =>
  (authorization?.expiresWallMs ?? 0) <= runtime.clock.wallMs()

function refuseExpired(exchange: Exchange): void {
  const { code, challenges } = denial('token_expired', exchange.authorization?.authorizer ?? '')
  fail(exchange, code, { challenges })
}
