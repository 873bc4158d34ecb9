import type { Rule } from '../../model/snapshot.ts'
import type { HeaderList } from '../http1/header-list.ts'
import type { Policy } from './exchange.ts'
import { fail } from './fail.ts'

/**
 * Takes away what only the gateway may say: headers that an authorizer can inject, in any case, spelling and number
 * (U6), and names with `_` as the route wants (U7). Backends read `_` as `-`, so that a look-alike of a header that
 * means something to the gateway is refused, whatever the setting.
 */
export function identity({ stripHeaders, paths: { underscores } }: Rule): Policy {
  const stripped = new Set([...stripHeaders, ...stripHeaders.map(dashed)])
  return {
    request: (exchange, next) => {
      const { headers } = exchange
      if (headers.underscores && !passesUnderscores(headers, stripped, underscores))
        return fail(exchange, 'bad_request', underscored)
      if (stripped.size > 0) headers.removeAny(stripped)
      next(exchange)
    },
  }
}

const hasNoUnderscore = (name: string): boolean => !name.includes('_')

const dashed = (name: string): string => name.replaceAll('_', '-')

/** False when the request is to be refused; else what has to go is gone. */
function passesUnderscores(
  headers: HeaderList,
  stripped: ReadonlySet<string>,
  setting: Rule['paths']['underscores'],
): boolean {
  for (const name of headers.names) {
    if (!name.includes('_')) continue
    if (setting === 'Reject') return false
    const meant = dashed(name)
    if (stripped.has(meant) || reserved.test(meant)) return false
    if (setting === 'Keep' && misleading.test(meant)) return false
  }
  if (setting === 'Drop') headers.filter(hasNoUnderscore)
  return true
}

/** Framing, routing, credentials and what the gateway says about the client. */
const reserved =
  /^(host|connection|te|trailer|upgrade|expect|authorization|proxy-authorization|cookie|forwarded|via|traceparent|tracestate|x-amzn-trace-id|x-forwarded.*|x-real-ip|x-request-id|x-request-deadline-ms|true-client-ip|x-client-ip|x-cluster-client-ip|content-.*|transfer-.*)$/

/** Dropped in its own spelling (U8): it must not get through in another. */
const misleading = /^x-(http-method.*|method-override|original-ur[il]|rewrite-url)$/

const underscored = {
  detail: 'A header name with an underscore is not admitted.',
  reason: 'header_underscore',
}
