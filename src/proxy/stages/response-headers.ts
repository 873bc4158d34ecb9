import type { Rule } from '../../model/snapshot.ts'
import type { Policy } from './exchange.ts'
import { headerEdits } from './header-edits.ts'

/** Edits what the client sees, the gateway's own failures included. */
export function responseHeaders(rule: Rule): Policy | undefined {
  const edit = headerEdits(rule.responseHeaders)
  return edit === undefined ? undefined : { reply: (_, __, headers) => edit(headers) }
}
