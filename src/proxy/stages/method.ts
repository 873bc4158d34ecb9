import type { Exchange, Policy } from './exchange.ts'
import { fail } from './fail.ts'

/** Answers 405 where the path has rules but none for the method; after authorization, which may not tell. */
export const method = (): Policy => policy

const policy: Policy = {
  request: (exchange: Exchange, next) => {
    if (exchange.allow === undefined) next(exchange)
    else fail(exchange, 'method_not_allowed', { allow: exchange.allow })
  },
}
