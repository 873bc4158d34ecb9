import type { Rule } from '../../model/snapshot.ts'
import type { Policy } from './exchange.ts'
import { headerEdits } from './header-edits.ts'

/** Edits what the backend sees; after the gateway's own headers, so that a route can take those away too. */
export function requestHeaders(rule: Rule): Policy | undefined {
  const edit = headerEdits(rule.requestHeaders)
  if (edit === undefined) return undefined
  return {
    request: (exchange, next) => {
      edit(exchange.headers)
      next(exchange)
    },
  }
}
