import type { CompileOptions } from './compile.ts'
import { draftApiRoute } from './from-api-route.ts'
import { rememberLooks, type Tables } from './lookup.ts'
import { compareTexts, sortAgain } from './order.ts'
import { type ResolvedRoute, resolveRoute } from './resolve.ts'
import type { World } from './world.ts'

/**
 * From objects to resolved routes, again and again: an object is drafted and resolved anew only when it is
 * another, or when something that it looked at is. A new API kind is one more list here.
 */
export function createRouteResolving(
  rules: CompileOptions,
): (world: World, tables: Tables) => readonly ResolvedRoute[] {
  const resolve = rememberLooks((lookup, object: World['routes'][number]) => {
    const lastGood = lookup.get('lastGood', keyOf(object))
    return resolveRoute(lookup, draftApiRoute(object, lastGood, rules))
  })
  let sorted: World['routes'] = []
  return (world, tables) => {
    sorted = sortAgain(sorted, world.routes.filter(isOurs), compareObjects)
    return sorted.map((object) => resolve(object, tables))
  }
}
