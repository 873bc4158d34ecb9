import { type CidrSet, isAddress } from '../../model/address.ts'

/**
 * The address of the client: the peer's, or, if the peer is trusted, the rightmost address of X-Forwarded-For that is
 * not trusted itself. An entry that is no address ends the search: what stands left of it is anyone's invention.
 */
export function clientAddress(peer: string, forwardedFor: readonly string[], trusted: CidrSet): string {
  if (trusted.empty || !trusted.contains(peer)) return peer
  let client = peer
  const entries = forwardedFor.join(',').split(',')
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = bare((entries[i] as string).trim())
    if (!isAddress(entry)) return client
    client = entry
    if (!trusted.contains(entry)) return client
  }
  return client
}

/** Some proxies write a port or brackets. */
function bare(entry: string): string {
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::\d+)?$/.exec(entry)
  if (bracketed !== null) return bracketed[1] as string
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(entry) ? entry.slice(0, entry.indexOf(':')) : entry
}
