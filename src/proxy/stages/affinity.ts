import type { Rule } from '../../model/snapshot.ts'
import { cookieValue } from '../http1/cookie.ts'
import { newTraceId } from '../runtime/request-id.ts'
import type { Policy } from './exchange.ts'

/** Gives a client the cookie that its requests are balanced by, if it has none (`balance.hash.cookie.issue`). */
export function affinity({ action }: Rule): Policy | undefined {
  if (action.kind !== 'forward' || action.balance.policy !== 'Hash') return undefined
  const { on } = action.balance
  if (on.kind !== 'cookie' || !on.issue) return undefined
  const { name, ttlMs } = on
  const lasts = ttlMs === 0 ? '' : `; Max-Age=${Math.ceil(ttlMs / 1000)}`
  return {
    request: (exchange, next) => {
      if (cookieValue(exchange.headers.all('cookie'), name) === undefined)
        exchange.issuedPin = newTraceId()
      next(exchange)
    },
    reply: ({ issuedPin, scheme }, _, headers) => {
      if (issuedPin === '') return
      const secure = scheme === 'https' ? '; Secure' : ''
      headers.add(
        'set-cookie',
        `${name}=${issuedPin}; Path=/${lasts}${secure}; HttpOnly; SameSite=Lax`,
      )
    },
  }
}
