import type { AttachedRoute } from './attach.ts'
import { type Delta, diff } from './delta.ts'
import type { ResolvedAuthorizer } from './resolve-authorizer.ts'
import type { ClusterUse } from './resolve-backend.ts'

/** Which authorizers the attached rules name, kept up to date. Nobody else's keys are fetched. */
export class AuthorizersInUse {
  readonly #counts = new Map<string, number>()
  #used: readonly ResolvedAuthorizer[] = []

  /** @param authorizers all of them, in the order wanted */
  update(
    routes: Delta<AttachedRoute>,
    authorizers: readonly ResolvedAuthorizer[],
  ): Delta<ResolvedAuthorizer> {
    for (const route of routes.come) this.#count(route, 1)
    for (const route of routes.gone) this.#count(route, -1)
    const before = this.#used
    this.#used = authorizers.filter(
      ({ draft, authorizer }) => authorizer !== undefined && this.#counts.has(draft.id),
    )
    return diff(before, this.#used)
  }

  /** Those that can be used and are named, in the order of `update`. */
  get used(): readonly ResolvedAuthorizer[] {
    return this.#used
  }

  #count({ owned, rules }: AttachedRoute, by: number): void {
    if (owned.hostnames.length === 0) return
    for (const { authorize } of rules) {
      if (!('members' in authorize)) continue
      for (const { authorizer } of authorize.members) {
        const count = (this.#counts.get(authorizer) ?? 0) + by
        if (count === 0) this.#counts.delete(authorizer)
        else this.#counts.set(authorizer, count)
      }
    }
  }
}

/** The uses of clusters by attached rules and by authorizers in use. */
export function clusterUses(
  routes: Delta<AttachedRoute>,
  authorizers: Delta<ResolvedAuthorizer>,
): Delta<ClusterUse> {
  return {
    gone: [...routes.gone.flatMap(usesOfRoute), ...authorizers.gone.flatMap(({ uses }) => uses)],
    come: [...routes.come.flatMap(usesOfRoute), ...authorizers.come.flatMap(({ uses }) => uses)],
  }
}

const usesOfRoute = ({ owned }: AttachedRoute): readonly ClusterUse[] =>
  owned.hostnames.length === 0 ? [] : owned.route.rules.flatMap(({ uses }) => uses)
