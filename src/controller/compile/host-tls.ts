import { canonicalJson, digestOf, digestOfEntry } from '../../model/digest.ts'
import type { HostTls } from '../../model/snapshot.ts'
import type { AttachedRoute } from './attach.ts'
import type { Candidate, RouteOrder } from './candidate.ts'
import { compareAges, compareTexts } from './order.ts'
import { invalid } from './resolve.ts'

/** How a host is served over TLS, and the routes that wanted it otherwise. */
export interface HostTlsVerdict {
  readonly tls: HostTls | undefined
  /** Whose word it is. */
  readonly winner: AttachedRoute | undefined
  readonly losers: readonly RouteOrder[]
  /** Losers that must not be served as the winner wants it: theirs could be the stricter wish (invariant 3). */
  readonly held: ReadonlySet<RouteOrder>
}

const none: HostTlsVerdict = {
  tls: undefined,
  winner: undefined,
  losers: [],
  held: new Set(),
}

/** A handshake knows a hostname only, so a host has one TLS: that of the first of its routes, by age and name, that has one. */
export function tlsOf(hostname: string, routes: readonly AttachedRoute[]): HostTlsVerdict {
  const wishes = routes
    .flatMap((route) => {
      const tls = route.owned.route.tls?.ofHost(hostname)
      return tls === undefined ? [] : [{ route, tls }]
    })
    .sort((a, b) => compareOrders(orderOf(a.route), orderOf(b.route)))
  const [first, ...others] = wishes
  if (first === undefined) return none
  const losers = others.filter(({ tls }) => canonicalJson(tls) !== canonicalJson(first.tls))
  const held = losers.filter(({ tls }) => rulesOf(tls) !== rulesOf(first.tls))
  return {
    tls: first.tls,
    winner: first.route,
    losers: losers.map(({ route }) => orderOf(route)),
    held: new Set(held.map(({ route }) => orderOf(route))),
  }
}

const orderOf = ({ owned }: AttachedRoute): RouteOrder => owned.route.order

const compareOrders = (a: RouteOrder, b: RouteOrder): number =>
  compareAges(a.created, b.created) || compareTexts(a.id, b.id) || compareTexts(a.kind, b.kind)

/** Everything but the certificate that is shown. */
const rulesOf = ({ pair: _, ...rules }: HostTls): string => canonicalJson(rules)

const heldCandidates = new WeakMap<Candidate, Candidate>()

/** The same place, answered with 503. */
export function hold(candidate: Candidate): Candidate {
  const known = heldCandidates.get(candidate)
  if (known !== undefined) return known
  const { match, rule } = candidate.entry
  const broken = Object.freeze({ ...rule, action: invalid })
  const digest = digestOfEntry(match, digestOf(broken))
  const held = { ...candidate, entry: Object.freeze({ match, rule: broken }), digest }
  heldCandidates.set(candidate, held)
  return held
}
