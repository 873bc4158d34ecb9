import type { Policy } from './exchange.ts'
import { fail } from './fail.ts'

/** The methods that have a meaning (IANA, HTTP Method Registry), in their one spelling: methods are case-sensitive. */
const registered = new Set(
  `ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL
  MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PUT QUERY REBIND REPORT SEARCH
  UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL`.split(/\s+/),
)

/**
 * Answers 405 where the path has rules but none for the method; after authorization, which may not tell. A method
 * that nobody has heard of (`get`, too) is 501, unless a match names it: a backend might take it for another.
 */
export const method = (): Policy => policy

const policy: Policy = {
  request: (exchange, next) => {
    const { allow, entry } = exchange
    if (allow !== undefined) return fail(exchange, 'method_not_allowed', { allow })
    if (registered.has(exchange.request.head.method) || entry?.match.methods.length !== 0)
      next(exchange)
    else fail(exchange, 'not_implemented')
  },
}
