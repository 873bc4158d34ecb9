import { type CidrSet, isAddress } from '../../model/address.ts'
import { flat } from '../http1/flat.ts'

/**
 * The address of the client: the peer's, or, if the peer is trusted, the rightmost address of X-Forwarded-For that is
 * not trusted itself. An entry that is no address ends the search: what stands left of it is anyone's invention.
 */
export function clientAddress(
  peer: string,
  forwardedFor: readonly string[],
  trusted: CidrSet,
): string {
  if (trusted.empty || !trusted.contains(peer)) return peer
  let client = peer
  const entries = forwardedFor.join(',').split(',')
  for (let i = entries.length - 1; i >= 0; i--) {
    const text = (entries[i] as string).trim()
    if (text === '') continue
    const entry = bare(text)
    if (!isAddress(entry)) return client
    client = flat(entry)
    if (!trusted.contains(client)) return client
  }
  return client
}

/** Some proxies write a port or brackets, dual-stack ones the mapped form of IPv4. */
function bare(entry: string): string {
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::\d+)?$/.exec(entry)
  const address = (bracketed?.[1] ?? entry).toLowerCase()
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(address) ? address.slice(0, address.indexOf(':')) : address
}
