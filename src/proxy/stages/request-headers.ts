import type { Rule } from '../../model/snapshot.ts'
import type { Policy } from './exchange.ts'
import { applyEdits, isEmpty } from './header-edits.ts'

/** Edits what the backend sees; after the gateway's own headers, so that a route can take those away too. */
export function requestHeaders({ requestHeaders: edits }: Rule): Policy | undefined {
  if (isEmpty(edits)) return undefined
  return {
    request: (exchange, next) => {
      applyEdits(edits, exchange.headers)
      next(exchange)
    },
  }
}
