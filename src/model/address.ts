import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** A set of CIDRs that was parsed once. */
export interface CidrSet {
  readonly empty: boolean
  /** @param address as a socket reports it; anything else is in no set */
  contains(address: string): boolean
}

const rememberedAddresses = 1024

/** IPv4-mapped IPv6 addresses are the IPv4 address they map; zones of link-local peers are read over. */
function parse(text: string): Address | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return undefined
  return ipaddr.process(text)
}

/** The one text of an address: IPv6 in its short form, IPv4 that is mapped into IPv6 as IPv4. Undefined for anything else. */
export const canonicalAddress = (text: string): string | undefined => address(text)?.toString()

/** Whether a text is an address in the usual notation: no decimal, octal or short forms of IPv4, no zone. */
export const isAddress = (text: string): boolean => address(text) !== undefined

/** `::1.2.3.4` is the IPv4 address to ipaddr.js, and another one to the kernel: nobody's. */
const address = (text: string): Address | undefined =>
  text.includes('%') || /^::[0-9]+\./.test(text) ? undefined : parse(text)

/** The canonical text of a CIDR or a single address, undefined for anything else. */
export function canonicalCidr(text: string): string | undefined {
  const [start = '', bits, ...rest] = text.split('/')
  const parsed = address(start)
  if (parsed === undefined || rest.length > 0) return undefined
  const longest = parsed.kind() === 'ipv4' ? 32 : 128
  if (bits === undefined) return `${parsed}/${longest}`
  if (!/^(0|[1-9][0-9]{0,2})$/.test(bits) || Number(bits) > longest) return undefined
  return `${parsed}/${bits}`
}

/** Texts that are no CIDR match nothing: they were refused when they were configured. */
export function parseCidrs(list: readonly string[]): CidrSet {
  const ranges = list.flatMap((text) => {
    const cidr = canonicalCidr(text)
    return cidr === undefined ? [] : [ipaddr.parseCIDR(cidr)]
  })
  if (ranges.length === 0) return nothing
  const known = new Map<string, boolean>()
  return {
    empty: false,
    contains(address) {
      let inside = known.get(address)
      if (inside === undefined) {
        const parsed = parse(address)
        inside =
          parsed !== undefined &&
          ranges.some(
            ([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits),
          )
        if (known.size >= rememberedAddresses) known.clear()
        known.set(address, inside)
      }
      return inside
    },
  }
}

const nothing: CidrSet = { empty: true, contains: () => false }

const refusedRanges = new Set([
  'unspecified',
  'broadcast',
  'multicast',
  'linkLocal',
  'loopback',
  'reserved',
  'ipv4Mapped',
  '6to4',
  'teredo',
  'rfc6145',
  'rfc6052',
])
/** Metadata services outside the link-local range (Alibaba, Oracle classic, AWS over IPv6). */
const metadata = parseCidrs([
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fd00:ec2::254/128',
  '168.63.129.16/32',
])

/** What IPv6 has of unicast, global and private. Outside are loopback, link-local, and IPv4 in other clothes. */
const unicastV6 = parseCidrs(['2000::/3', 'fc00::/7'])

/**
 * Whether no backend, issuer or authorizer may be at this address (C6, C7): loopback, link-local, cloud metadata,
 * and what is no unicast address. Private networks are allowed: that is where Pods are.
 *
 * @param allowLoopback for development
 */
export function isForbiddenAddress(text: string, allowLoopback: boolean): boolean {
  const parsed = address(text)
  if (parsed === undefined) return true
  const range = parsed.range()
  if (range === 'loopback') return !allowLoopback
  if (parsed.kind() === 'ipv6' && !unicastV6.contains(text)) return true
  return refusedRanges.has(range) || metadata.contains(text)
}
