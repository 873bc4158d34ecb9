import type { Problem } from '../../model/problem.ts'
import type { Settings } from '../../model/settings.ts'
import type { Namespace } from '../api/objects.ts'
import type { Delta } from './delta.ts'
import type { HostnameDraft } from './drafts.ts'
import { compareAges, compareTexts, isSameList } from './order.ts'
import type { ResolvedRoute } from './resolve.ts'

/** Decides which hostnames a route may serve (api.md, host ownership; hostile-inputs C4). */
export interface Ownership {
  /** Takes over what changed, and tells the routes whose claims must be judged again besides those that come. */
  update(routes: Delta<ResolvedRoute>, namespaces: readonly Namespace[]): Iterable<ResolvedRoute>
  /** Why a route may not serve a hostname, or undefined when it may. */
  problemOf(route: ResolvedRoute, claim: HostnameDraft): Problem | undefined
}

export function createOwnership(setting: Settings['hostOwnership']): Ownership {
  switch (setting) {
    case 'Off':
      return { update: () => [], problemOf: () => undefined }
    case 'FirstCome':
      return new FirstCome()
    case 'Namespace':
      return new ByNamespace()
  }
}

interface Claim {
  routes: ResolvedRoute[]
  /** The namespace of the oldest claim. */
  owner: string
}

/** The oldest claim decides which namespace a hostname belongs to; all routes of that namespace share it. */
class FirstCome implements Ownership {
  readonly #claims = new Map<string, Claim>()

  update({ gone, come }: Delta<ResolvedRoute>): Iterable<ResolvedRoute> {
    const leaving = new Set(gone)
    const touched = new Set<string>()
    for (const route of [...gone, ...come])
      for (const { hostname } of route.hostnames) touched.add(hostname)
    for (const hostname of touched) {
      const claim = this.#claims.get(hostname)
      if (claim !== undefined) claim.routes = claim.routes.filter((route) => !leaving.has(route))
    }
    for (const route of come)
      for (const { hostname } of route.hostnames) this.#claimed(hostname).routes.push(route)
    return [...touched].flatMap((hostname) => this.#judge(hostname))
  }

  problemOf({ origin }: ResolvedRoute, { hostname, where }: HostnameDraft): Problem | undefined {
    const owner = this.#claims.get(hostname)?.owner
    if (owner === undefined || owner === origin.namespace) return undefined
    return notOwned(
      where,
      `hostname "${hostname}" belongs to namespace "${owner}", which claimed it first`,
    )
  }

  #claimed(hostname: string): Claim {
    const known = this.#claims.get(hostname)
    if (known !== undefined) return known
    const claim = { routes: [], owner: '' }
    this.#claims.set(hostname, claim)
    return claim
  }

  /** The other claims of a hostname that has another owner now. */
  #judge(hostname: string): readonly ResolvedRoute[] {
    const claim = this.#claimed(hostname)
    const [first, ...rest] = claim.routes
    if (first === undefined) {
      this.#claims.delete(hostname)
      return []
    }
    const oldest = rest.reduce((oldest, route) => (isOlder(route, oldest) ? route : oldest), first)
    if (oldest.origin.namespace === claim.owner) return []
    claim.owner = oldest.origin.namespace
    return claim.routes
  }
}

const isOlder = (a: ResolvedRoute, b: ResolvedRoute): boolean =>
  (compareAges(a.order.created, b.order.created) || compareTexts(a.order.id, b.order.id)) < 0

/** Set by the platform on a namespace: the hostnames that its routes may claim, comma separated. */
const hostnamesAnnotation = 'fairlead.dev/hostnames'

/**
 * The most specific listing that covers a hostname decides: a namespace that lists `*.shop.example`
 * may claim any host under it, except those that another namespace lists itself.
 */
class ByNamespace implements Ownership {
  readonly #routes = new Set<ResolvedRoute>()
  #namespaces: readonly Namespace[] = []
  #owners: ReadonlyMap<string, ReadonlySet<string>> = new Map()

  update(
    { gone, come }: Delta<ResolvedRoute>,
    namespaces: readonly Namespace[],
  ): Iterable<ResolvedRoute> {
    for (const route of gone) this.#routes.delete(route)
    for (const route of come) this.#routes.add(route)
    if (isSameList(this.#namespaces, namespaces)) return []
    this.#namespaces = namespaces
    this.#owners = ownersOf(namespaces)
    return this.#routes
  }

  problemOf({ origin }: ResolvedRoute, { hostname, where }: HostnameDraft): Problem | undefined {
    const listing = listingsOver(hostname).find((pattern) => this.#owners.has(pattern))
    if (listing !== undefined && this.#owners.get(listing)?.has(origin.namespace)) return undefined
    const right = `annotation ${hostnamesAnnotation} of namespace "${origin.namespace}" does not list it`
    return notOwned(where, `hostname "${hostname}" may not be claimed: ${right}`)
  }
}

function ownersOf(namespaces: readonly Namespace[]): ReadonlyMap<string, ReadonlySet<string>> {
  const owners = new Map<string, Set<string>>()
  for (const { meta, annotations } of namespaces) {
    for (const hostname of (annotations[hostnamesAnnotation] ?? '').toLowerCase().split(',')) {
      const pattern = hostname.trim()
      owners.set(pattern, (owners.get(pattern) ?? new Set()).add(meta.name))
    }
  }
  return owners
}

/** `api.shop.example` → itself, `*.shop.example`, `*.example`, `*`: most specific first. */
function listingsOver(hostname: string): string[] {
  const labels = hostname.split('.').slice(1)
  return [...new Set([hostname, ...labels.map((_, at) => `*.${labels.slice(at).join('.')}`), '*'])]
}

const notOwned = (path: string, message: string): Problem => ({
  reason: 'HostnameNotOwned',
  path,
  message,
})
