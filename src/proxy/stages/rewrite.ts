import { canonicalPath } from '../../model/path.ts'
import type { HostEntry, Rule } from '../../model/snapshot.ts'
import type { Policy } from './exchange.ts'
import { fail } from './fail.ts'
import { isAuthority } from './field-checks.ts'
import { pathRewriter } from './path-rewrite.ts'

/**
 * Changes the path and the authority that the backend sees. Routing and authorization have seen the path before.
 * A route that does not merge slashes forwards them as they came, unless the path is rewritten.
 */
export function rewrite({ action, paths }: Rule): Policy | undefined {
  if (action.kind !== 'forward') return undefined
  const { path, hostname } = action.rewrite ?? {}
  if (hostname !== undefined && !isAuthority(hostname))
    throw new Error('a rewritten hostname is no host')
  const rewritePath = path === undefined ? undefined : pathRewriter(path)
  const keepsSlashes = !paths.mergeSlashes && rewritePath === undefined
  if (hostname === undefined && rewritePath === undefined && !keepsSlashes) return undefined
  return {
    request: (exchange, next) => {
      if (hostname !== undefined) exchange.authority = hostname
      if (keepsSlashes)
        exchange.path = canonicalPath(exchange.request.head.rawPath)?.unmerged ?? exchange.path
      if (rewritePath === undefined) return next(exchange)
      const rewritten = rewritePath(exchange.entry as HostEntry, exchange.path)
      if (rewritten === undefined) return fail(exchange, 'path_invalid')
      exchange.path = rewritten
      next(exchange)
    },
  }
}
