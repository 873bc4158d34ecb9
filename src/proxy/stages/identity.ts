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
      const { headers } = exchange
      if (stripped.size > 0) headers.removeAny(stripped)
      if (!headers.underscores) return next(exchange)
      if (headers.names.some((name) => name.includes('_') && (underscores === 'Reject' || isLookAlike(name, stripped)))) return refuse(exchange)
      if (underscores === 'Drop') headers.filter((name) => !name.includes('_'))
      next(exchange)
    },
  }
}

function refuse(exchange: Exchange): void {
  exchange.reply.closeAfter()
  fail(exchange, 'bad_request', { detail: 'A header name with an underscore is not admitted.' })
}

const routing = /^(host|authorization|cookie|forwarded|x-forwarded-.*|x-real-ip|x-request-id|content-.*|transfer-encoding)$/

function isLookAlike(name: string, stripped: ReadonlySet<string>): boolean {
  const dashed = name.replaceAll('_', '-')
  return stripped.has(dashed) || routing.test(dashed)
}
