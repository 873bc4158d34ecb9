import type { ApiRouteObject } from '../api/objects.ts'
import type { World } from '../api/world.ts'
import type { CompileOptions } from './compile.ts'
import type { Delta } from './delta.ts'
import { draftApiRoute } from './from-api-route.ts'
import { Resolving, type Tables } from './lookup.ts'
import { type ResolvedRoute, resolveRoute } from './resolve.ts'
import { Sharing } from './sharing.ts'
import { identityOf } from './tables.ts'

const defaultClass = 'fairlead'

/**
 * From objects to resolved routes, kept up to date: an object is drafted and resolved anew only when it is another,
 * or when something that it looked at is. A new API kind is one more front here.
 */
export class RouteResolving {
  readonly #className: string
  readonly #resolving: Resolving<ApiRouteObject, ResolvedRoute>

  constructor(options: CompileOptions) {
    const sharing = new Sharing()
    this.#className = options.className
    this.#resolving = new Resolving((lookup, object) => {
      const lastGood = lookup.get('lastGoodRoutes', identityOf(object))
      return resolveRoute(lookup, draftApiRoute(object, lastGood, options, sharing), sharing)
    })
  }

  update(world: World, tables: Tables): Delta<ResolvedRoute> {
    return this.#resolving.update(
      world.routes.filter((object) => this.#isOurs(object)),
      tables,
    )
  }

  #isOurs({ spec }: ApiRouteObject): boolean {
    return (spec.className ?? defaultClass) === this.#className
  }
}
