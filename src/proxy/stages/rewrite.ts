import type { HostEntry, Rule } from '../../model/snapshot.ts'
import type { Policy } from './exchange.ts'
import { fail } from './fail.ts'
import { rewritePath } from './path-rewrite.ts'

/** Changes the path and the authority that the backend sees. Authorization has seen the path before. */
export function rewrite({ action }: Rule): Policy | undefined {
  if (action.kind !== 'forward' || action.rewrite === undefined) return undefined
  const { path, hostname } = action.rewrite
  return {
    request: (exchange, next) => {
      if (hostname !== undefined) exchange.authority = hostname
      if (path === undefined) return next(exchange)
      const rewritten = rewritePath(path, exchange.entry as HostEntry, exchange.path)
      if (rewritten === undefined) return fail(exchange, 'path_invalid')
      exchange.path = rewritten
      next(exchange)
    },
  }
}
