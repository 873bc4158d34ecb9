import type { Rule } from '../../model/snapshot.ts'
import { type Candidate, candidatesOf } from './candidate.ts'
import type { Delta } from './delta.ts'
import type { AuthorizerDraft } from './drafts.ts'
import { isSameList } from './order.ts'
import type { OwnedRoute } from './owned.ts'
import { InjectedByTarget } from './strip-headers.ts'

/** A route at the hosts that it may serve, its rules complete and ready to be ranked. */
export interface AttachedRoute {
  readonly owned: OwnedRoute
  readonly rules: readonly Rule[]
  readonly candidates: readonly Candidate[]
}

/** Completes the rules of owned routes, kept up to date: a route whose rules stay as they are stays the same object. */
export class Attaching {
  readonly #injected = new InjectedByTarget()
  readonly #attached = new Map<OwnedRoute, AttachedRoute>()

  update(routes: Delta<OwnedRoute>, authorizers: readonly AuthorizerDraft[]): Delta<AttachedRoute> {
    const gone: AttachedRoute[] = []
    const come: AttachedRoute[] = []
    const again = this.#injected.update(routes, authorizers)
    for (const route of routes.gone) {
      gone.push(this.#attached.get(route) as AttachedRoute)
      this.#attached.delete(route)
    }
    for (const route of new Set([...routes.come, ...again])) {
      const before = this.#attached.get(route)
      const rules = route.route.rules.map((rule) => this.#injected.complete(rule))
      if (before !== undefined && isSameRules(before.rules, rules)) continue
      if (before !== undefined) gone.push(before)
      const attached = attach(route, rules)
      this.#attached.set(route, attached)
      come.push(attached)
    }
    return { gone, come }
  }
}

function attach(owned: OwnedRoute, rules: readonly Rule[]): AttachedRoute {
  const { route, hostnames } = owned
  if (hostnames.length === 0) return { owned, rules, candidates: [] }
  const sources = route.rules.map(({ matches, where }, at) => ({
    rule: rules[at] as Rule,
    matches,
    where,
  }))
  return { owned, rules, candidates: candidatesOf(route.order, sources) }
}

/** Of the same route: only the stripped headers can differ. */
const isSameRules = (a: readonly Rule[], b: readonly Rule[]): boolean =>
  a.every((rule, at) => isSameList(rule.stripHeaders, b[at]?.stripHeaders ?? []))
