import { parseCidrs } from '../../model/address.ts'
import type { Rule } from '../../model/snapshot.ts'
import type { Policy } from './exchange.ts'
import { fail } from './fail.ts'

/** Admits by the derived client address: `deny` first, then `allow`, which admits all when it is empty. */
export function sourceAddresses(rule: Rule): Policy | undefined {
  const addresses = 'addresses' in rule.authorize ? rule.authorize.addresses : undefined
  if (addresses === undefined) return undefined
  const allow = parseCidrs(addresses.allow)
  const deny = parseCidrs(addresses.deny)
  const limitsToAllowed = addresses.allow.length > 0
  return {
    request: (exchange, next) => {
      const { client } = exchange
      if (deny.contains(client) || (limitsToAllowed && !allow.contains(client))) fail(exchange, 'address_denied')
      else next(exchange)
    },
  }
}
