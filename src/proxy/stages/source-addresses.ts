import { canonicalCidr, parseCidrs } from '../../model/address.ts'
import type { Rule } from '../../model/snapshot.ts'
import type { Policy } from './exchange.ts'
import { fail } from './fail.ts'

/**
 * Admits by the derived client address: `deny` first, then `allow`, which admits all when it is empty. An address
 * that is not known is not admitted.
 */
export function sourceAddresses({ authorize }: Rule): Policy | undefined {
  const addresses = authorize.kind === 'deny' ? undefined : authorize.addresses
  if (addresses === undefined) return undefined
  const odd = [...addresses.allow, ...addresses.deny].find(
    (cidr) => canonicalCidr(cidr) === undefined,
  )
  if (odd !== undefined) throw new Error('a configured source address is no CIDR')
  const allow = parseCidrs(addresses.allow)
  const deny = parseCidrs(addresses.deny)
  return {
    request: (exchange, next) => {
      const { client } = exchange
      if (client === '' || deny.contains(client) || !(allow.empty || allow.contains(client)))
        fail(exchange, 'address_denied')
      else next(exchange)
    },
  }
}
