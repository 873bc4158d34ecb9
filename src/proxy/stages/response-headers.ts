import type { Rule } from '../../model/snapshot.ts'
import type { Policy } from './exchange.ts'
import { applyEdits, isEmpty } from './header-edits.ts'

/** Edits what the client sees, the gateway's own failures included. */
export function responseHeaders({ responseHeaders: edits }: Rule): Policy | undefined {
  return isEmpty(edits) ? undefined : { reply: (_, __, headers) => applyEdits(edits, headers) }
}
