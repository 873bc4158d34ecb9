import { type Problem, printProblem } from '../../model/problem.ts'
import type { Settings } from '../../model/settings.ts'
import type { Namespace } from '../api/objects.ts'
import type { Delta } from './delta.ts'
import { isSameList } from './order.ts'
import { createOwnership, type Ownership } from './ownership.ts'
import type { ResolvedRoute } from './resolve.ts'

/** A route with the hostnames that it may serve. */
export interface OwnedRoute {
  readonly route: ResolvedRoute
  readonly hostnames: readonly string[]
  /** The hostnames that it may not serve. */
  readonly problems: readonly Problem[]
}

/** Gives routes to hostnames, kept up to date: a route whose claims are judged as before stays the same object. */
export class Owning {
  readonly #ownership: Ownership
  readonly #owned = new Map<ResolvedRoute, OwnedRoute>()

  constructor(setting: Settings['hostOwnership']) {
    this.#ownership = createOwnership(setting)
  }

  update(routes: Delta<ResolvedRoute>, namespaces: readonly Namespace[]): Delta<OwnedRoute> {
    const gone: OwnedRoute[] = []
    const come: OwnedRoute[] = []
    const again = [...this.#ownership.update(routes, namespaces)]
    for (const route of routes.gone) {
      gone.push(this.#owned.get(route) as OwnedRoute)
      this.#owned.delete(route)
    }
    for (const route of new Set([...routes.come, ...again])) {
      const before = this.#owned.get(route)
      const owned = this.#judge(route)
      if (before !== undefined && isSameVerdict(before, owned)) continue
      if (before !== undefined) gone.push(before)
      this.#owned.set(route, owned)
      come.push(owned)
    }
    return { gone, come }
  }

  #judge(route: ResolvedRoute): OwnedRoute {
    const problems = route.hostnames.flatMap(
      (claim) => this.#ownership.problemOf(route, claim) ?? [],
    )
    if (problems.length === 0)
      return { route, hostnames: route.hostnames.map(({ hostname }) => hostname), problems: none }
    const refused = new Set(problems.map(({ path }) => path))
    const hostnames = route.hostnames
      .filter(({ where }) => !refused.has(where))
      .map(({ hostname }) => hostname)
    return { route, hostnames, problems }
  }
}

const none: readonly never[] = Object.freeze([])

const isSameVerdict = (a: OwnedRoute, b: OwnedRoute): boolean =>
  isSameList(a.hostnames, b.hostnames) &&
  isSameList(a.problems.map(printProblem), b.problems.map(printProblem))
