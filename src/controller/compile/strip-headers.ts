import type { Rule } from '../../model/snapshot.ts'
import { type Delta, groupIn } from './delta.ts'
import type { ClusterDraft } from './draft-cluster.ts'
import type { AuthorizerDraft } from './drafts.ts'
import { compareTexts, isSameList } from './order.ts'
import type { OwnedRoute } from './owned.ts'
import type { ResolvedRule } from './resolve.ts'

interface TargetUse {
  /** The routes with a rule that forwards there. */
  users: readonly OwnedRoute[]
  /** The headers that some authorizer in front of it injects, sorted. */
  injected: readonly string[]
}

const none: readonly never[] = Object.freeze([])

/**
 * Which headers each backend takes for proven by the gateway, because some rule's authorizer injects them on the
 * way to it, kept up to date. No other rule may let a client's own through to the same backend (api.md).
 */
export class InjectedByTarget {
  readonly #targets = new Map<string, TargetUse>()
  #authorizers: readonly AuthorizerDraft[] = []
  #injects: ReadonlyMap<string, readonly string[]> = new Map()

  /** Takes over what changed, and tells the routes that may have to strip other headers now. */
  update(routes: Delta<OwnedRoute>, authorizers: readonly AuthorizerDraft[]): Iterable<OwnedRoute> {
    const touched = this.#move(routes)
    if (isSameList(this.#authorizers, authorizers))
      return touched.flatMap((target) => this.#judge(target))
    this.#authorizers = authorizers
    this.#injects = new Map(
      authorizers.flatMap(({ id, injects }) => (injects.length === 0 ? [] : [[id, injects]])),
    )
    return [...this.#targets.keys()].flatMap((target) => this.#judge(target))
  }

  /** The rule itself if it strips enough already, as most do: their authorizers are of their own namespace. */
  complete({ rule, uses }: ResolvedRule): Rule {
    const missing = new Set<string>()
    for (const { cluster } of uses) {
      for (const header of this.#targets.get(targetOf(cluster))?.injected ?? none) {
        if (!rule.stripHeaders.includes(header)) missing.add(header)
      }
    }
    if (missing.size === 0) return rule
    const stripHeaders = Object.freeze([...rule.stripHeaders, ...missing].sort(compareTexts))
    return Object.freeze({ ...rule, stripHeaders })
  }

  /** Moves users in and out, and tells the targets that were touched. */
  #move({ gone, come }: Delta<OwnedRoute>): string[] {
    const leaving = new Set(gone)
    const joining = new Map<string, OwnedRoute[]>()
    for (const route of gone) for (const target of targetsOf(route)) groupIn(joining, target)
    for (const route of come)
      for (const target of targetsOf(route)) groupIn(joining, target).push(route)
    for (const [target, routes] of joining) {
      const { users = none, injected = none } = this.#targets.get(target) ?? {}
      this.#targets.set(target, {
        users: [...users.filter((user) => !leaving.has(user)), ...routes],
        injected,
      })
    }
    return [...joining.keys()]
  }

  /** Counts the headers of a target again; its users, if they are others. */
  #judge(target: string): readonly OwnedRoute[] {
    const use = this.#targets.get(target)
    if (use === undefined) return none
    if (use.users.length === 0) {
      this.#targets.delete(target)
      return none
    }
    const injected = this.#injects.size === 0 ? none : this.#injectedAt(target, use.users)
    if (isSameList(use.injected, injected)) return none
    use.injected = injected
    return use.users
  }

  #injectedAt(target: string, users: readonly OwnedRoute[]): readonly string[] {
    const headers = new Set<string>()
    for (const { route } of users) {
      for (const { rule, uses } of route.rules) {
        if (
          !('members' in rule.authorize) ||
          !uses.some(({ cluster }) => targetOf(cluster) === target)
        )
          continue
        for (const { authorizer } of rule.authorize.members) {
          for (const header of this.#injects.get(authorizer) ?? none) headers.add(header)
        }
      }
    }
    return [...headers].sort(compareTexts)
  }
}

/** The backend behind a cluster, whatever its port or health settings. */
const targetOf = ({ target }: ClusterDraft): string =>
  target.kind === 'service'
    ? `${target.namespace}/${target.service}`
    : `${target.hostname}:${target.port}`

const targetsOf = ({ route, hostnames }: OwnedRoute): ReadonlySet<string> =>
  new Set(
    hostnames.length === 0
      ? []
      : route.rules.flatMap(({ uses }) => uses.map(({ cluster }) => targetOf(cluster))),
  )
