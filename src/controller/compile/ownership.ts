import type { Problem } from '../../model/problem.ts'
import type { Settings } from '../../model/settings.ts'
import type { HostnameDraft } from './drafts.ts'
import { compareAges, compareTexts } from './order.ts'
import type { ResolvedRoute } from './resolve.ts'
import type { Namespace } from './world.ts'

/** Set by the platform on a namespace: the hostnames that its routes may claim, comma separated. */
export const hostnamesAnnotation = 'fairlead.dev/hostnames'

/** Says why a route may not serve a hostname, or undefined when it may (api.md, host ownership; C4). */
export type Ownership = (route: ResolvedRoute, claim: HostnameDraft) => Problem | undefined

export function ownershipOf(
  setting: Settings['hostOwnership'],
  routes: readonly ResolvedRoute[],
  namespaces: readonly Namespace[],
): Ownership {
  switch (setting) {
    case 'Off':
      return () => undefined
    case 'FirstCome':
      return firstCome(routes)
    case 'Namespace':
      return byNamespace(namespaces)
  }
}

/** The oldest claim decides which namespace a hostname belongs to; its other routes may then share it. */
function firstCome(routes: readonly ResolvedRoute[]): Ownership {
  const firsts = new Map<string, ResolvedRoute>()
  for (const route of routes) {
    for (const { hostname } of route.hostnames) {
      const first = firsts.get(hostname)
      if (first === undefined || isOlder(route, first)) firsts.set(hostname, route)
    }
  }
  return (route, { hostname, where }) => {
    const owner = firsts.get(hostname)?.origin.namespace
    if (owner === undefined || owner === route.origin.namespace) return undefined
    return notOwned(
      where,
      `hostname "${hostname}" belongs to namespace "${owner}", which claimed it first`,
    )
  }
}

const isOlder = (a: ResolvedRoute, b: ResolvedRoute): boolean =>
  (compareAges(a.order.created, b.order.created) || compareTexts(a.order.id, b.order.id)) < 0

/**
 * The most specific listing that covers a hostname decides: a namespace that lists `*.shop.example`
 * may claim any host under it, except those that another namespace lists itself.
 */
function byNamespace(namespaces: readonly Namespace[]): Ownership {
  const owners = new Map<string, Set<string>>()
  for (const { meta, annotations } of namespaces) {
    for (const hostname of listed(annotations[hostnamesAnnotation] ?? '')) {
      owners.set(hostname, (owners.get(hostname) ?? new Set()).add(meta.name))
    }
  }
  return (route, { hostname, where }) => {
    const listing = coveringListings(hostname).find((pattern) => owners.has(pattern))
    if (listing !== undefined && owners.get(listing)?.has(route.origin.namespace)) return undefined
    const right = `annotation ${hostnamesAnnotation} of namespace "${route.origin.namespace}" does not list it`
    return notOwned(where, `hostname "${hostname}" may not be claimed: ${right}`)
  }
}

const listed = (annotation: string): string[] =>
  annotation
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '')

/** `api.shop.example` → itself, `*.shop.example`, `*.example`, `*`: most specific first. */
function coveringListings(hostname: string): string[] {
  const labels = hostname.split('.')
  const wildcards = labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join('.')}`)
  return [...new Set([hostname, ...wildcards, '*'])]
}

const notOwned = (path: string, message: string): Problem => ({
  reason: 'HostnameNotOwned',
  path,
  message,
})
