import type { Rule } from '../../model/snapshot.ts'
import type { AuthorizerDraft } from './drafts.ts'
import { compareTexts } from './order.ts'
import type { ResolvedRoute, ResolvedRule } from './resolve.ts'
import type { ClusterDraft } from './resolve-backend.ts'

/** By target: the headers that some authorizer in front of it injects, whatever namespace that is in. */
export type InjectedByTarget = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Which headers a backend takes for proven by the gateway, because some rule's authorizer injects them on
 * the way to it. No other rule may let a client's own through to the same backend (api.md, stripHeaders).
 */
export function injectedByTarget(
  routes: readonly ResolvedRoute[],
  authorizers: readonly AuthorizerDraft[],
): InjectedByTarget {
  const injects = new Map(authorizers.map((draft) => [draft.id, draft.injects]))
  const byTarget = new Map<string, Set<string>>()
  for (const { rules } of routes) {
    for (const rule of rules) addRule(byTarget, rule, injects)
  }
  return byTarget
}

function addRule(
  byTarget: Map<string, Set<string>>,
  { rule, uses }: ResolvedRule,
  injects: ReadonlyMap<string, readonly string[]>,
): void {
  if (uses.length === 0 || !('members' in rule.authorize)) return
  for (const { authorizer } of rule.authorize.members) {
    const headers = injects.get(authorizer) ?? []
    if (headers.length === 0) continue
    for (const { cluster } of uses) {
      const key = targetKeyOf(cluster)
      const known = byTarget.get(key) ?? new Set()
      for (const header of headers) known.add(header)
      byTarget.set(key, known)
    }
  }
}

/** The backend behind a cluster, whatever its port or health settings. */
const targetKeyOf = ({ target }: ClusterDraft): string =>
  target.kind === 'service'
    ? `${target.namespace}/${target.service}`
    : `${target.hostname}:${target.port}`

/** The rule itself if it strips enough already, as most do: their authorizers are of their own namespace. */
export function withStrippedHeaders(
  { rule, uses }: ResolvedRule,
  byTarget: InjectedByTarget,
): Rule {
  const missing = new Set<string>()
  for (const { cluster } of uses) {
    for (const header of byTarget.get(targetKeyOf(cluster)) ?? []) {
      if (!rule.stripHeaders.includes(header)) missing.add(header)
    }
  }
  if (missing.size === 0) return rule
  return Object.freeze({
    ...rule,
    stripHeaders: Object.freeze([...rule.stripHeaders, ...missing].sort(compareTexts)),
  })
}
