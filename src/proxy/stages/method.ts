import { isKnownMethod } from '../runtime/known-method.ts'
import type { Policy } from './exchange.ts'
import { fail } from './fail.ts'

/**
 * Answers 405 where the path has rules but none for the method; after authorization, which may not tell. A method
 * that nobody has heard of (`get`, too) is 501, unless a match names it: a backend might take it for another.
 */
export const method = (): Policy => policy

const policy: Policy = {
  request: (exchange, next) => {
    const { allow, entry } = exchange
    if (allow !== undefined) return fail(exchange, 'method_not_allowed', { allow })
    if (isKnownMethod(exchange.request.head.method, entry)) next(exchange)
    else fail(exchange, 'not_implemented')
  },
}
