import type { CompileOptions } from './compile.ts'
import { draftApiRoute } from './from-api-route.ts'
import { rememberLooks, type Tables } from './lookup.ts'
import { compareObjects, sortAgain } from './order.ts'
import { type ResolvedRoute, resolveRoute } from './resolve.ts'
import { Sharing } from './sharing.ts'
import { uidOf } from './tables.ts'
import type { ApiRouteObject, World } from './world.ts'

const defaultClass = 'fairlead'

/**
 * From objects to resolved routes, again and again: an object is drafted and resolved anew only when it is
 * another, or when something that it looked at is. A new API kind is one more list here.
 */
export function createRouteResolving(
  options: CompileOptions,
): (world: World, tables: Tables) => readonly ResolvedRoute[] {
  const sharing = new Sharing()
  const resolve = rememberLooks((lookup, object: ApiRouteObject) => {
    const lastGood = lookup.get('lastGoodRoutes', uidOf(object))
    return resolveRoute(lookup, draftApiRoute(object, lastGood, options, sharing))
  })
  const isOurs = ({ spec }: ApiRouteObject): boolean =>
    (spec.className ?? defaultClass) === options.className
  let sorted: readonly ApiRouteObject[] = []
  return (world, tables) => {
    sorted = sortAgain(sorted, world.routes.filter(isOurs), compareObjects)
    return sorted.map((object) => resolve(object, tables))
  }
}
