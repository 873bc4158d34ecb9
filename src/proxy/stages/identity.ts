import type { Rule } from '../../model/snapshot.ts'
import type { Exchange, Policy } from './exchange.ts'
import { fail } from './fail.ts'

/**
 * Takes away what only the gateway may say: headers that an authorizer can inject, in any spelling (U6), and names
 * with `_` as the route wants (U7). Backends read `_` as `-`, so a look-alike of such a header is 400 whatever the setting.
 */
export function identity(rule: Rule): Policy {
  const stripped = new Set(rule.stripHeaders)
  const { underscores } = rule.paths
  return {
    request: (exchange, next) => {
      const found = sweep(exchange, stripped, underscores)
      if (!found) return next(exchange)
      exchange.reply.closeAfter()
      fail(exchange, 'bad_request', { detail: 'A header name with an underscore is not admitted.' })
    },
  }
}

/** True when the request has to be refused. */
function sweep(exchange: Exchange, stripped: ReadonlySet<string>, underscores: 'Drop' | 'Reject' | 'Keep'): boolean {
  const { names, values } = exchange.headers
  let kept = 0
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    if (stripped.has(name)) continue
    if (name.indexOf('_') >= 0) {
      if (underscores === 'Reject' || isLookAlike(name, stripped)) return true
      if (underscores === 'Drop') continue
    }
    names[kept] = name
    values[kept++] = values[i] as string
  }
  names.length = kept
  values.length = kept
  return false
}

const routing = /^(host|authorization|cookie|forwarded|x-forwarded-.*|x-real-ip|x-request-id|content-.*|transfer-encoding)$/

function isLookAlike(name: string, stripped: ReadonlySet<string>): boolean {
  const dashed = name.replaceAll('_', '-')
  return stripped.has(dashed) || routing.test(dashed)
}
