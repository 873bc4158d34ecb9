import type { AuthorizerDraft } from './drafts.ts'
import type { AuthorizerState, Tables } from './lookup.ts'
import { compareTexts, isSameList } from './order.ts'
import type { Meta, World } from './world.ts'

const keyOf = ({ meta }: { readonly meta: Meta }): string => `${meta.namespace}/${meta.name}`

const byKey = <T extends { readonly meta: Meta }>(objects: readonly T[]): ReadonlyMap<string, T> =>
  new Map(objects.map((object) => [keyOf(object), object]))

/** An object that is created anew under the same name has another uid and inherits nothing. */
export const byUid = <T extends { readonly meta: Meta }>(
  objects: readonly T[],
): ReadonlyMap<string, T> => new Map(objects.map((object) => [uidOf(object), object]))

export const uidOf = ({ meta }: { readonly meta: Meta }): string =>
  `${meta.namespace}/${meta.name} ${meta.uid}`

function grouped<T>(
  objects: readonly T[],
  keyOf: (object: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const object of objects) {
    const key = keyOf(object)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [object])
    else group.push(object)
  }
  return groups
}

/** A function that is computed again only when its list has another member. */
export function onceFor<T, Result>(
  compute: (list: readonly T[]) => Result,
): (list: readonly T[]) => Result {
  let last: { readonly list: readonly T[]; readonly result: Result } | undefined
  return (list) => {
    if (last === undefined || !isSameList(last.list, list)) last = { list, result: compute(list) }
    return last.result
  }
}

/** Makes the tables of one World after another. A table whose objects are the very same stays the very same. */
export function createTables(): (world: World, authorizers: readonly AuthorizerDraft[]) => Tables {
  const services = onceFor(byKey<World['services'][number]>)
  const secrets = onceFor(byKey<World['secrets'][number]>)
  const configMaps = onceFor(byKey<World['configMaps'][number]>)
  const grants = onceFor((list: World['referenceGrants']) =>
    grouped(list, ({ meta }) => meta.namespace),
  )
  const slices = onceFor((list: World['endpointSlices']) =>
    grouped(list, (slice) => `${slice.meta.namespace}/${slice.service}`),
  )
  const lastGoodRoutes = onceFor(byUid<World['lastGoodRoutes'][number]>)
  const states = onceFor(statesOf)
  const injected = onceFor(createInjected())
  let before: Tables | undefined
  return (world, authorizers) => {
    const tables = {
      services: services(world.services),
      secrets: secrets(world.secrets),
      configMaps: configMaps(world.configMaps),
      grants: grants(world.referenceGrants),
      slices: slices(world.endpointSlices),
      authorizers: states(authorizers),
      lastGoodRoutes: lastGoodRoutes(world.lastGoodRoutes),
      injected: injected(authorizers),
    }
    if (before === undefined || !isSameList(Object.values(before), Object.values(tables)))
      before = tables
    return before
  }
}

const statesOf = (authorizers: readonly AuthorizerDraft[]): ReadonlyMap<string, AuthorizerState> =>
  new Map(authorizers.map((draft) => [draft.id, stateOf(draft)]))

const stateOf = ({ authorizer, withoutScopes }: AuthorizerDraft): AuthorizerState =>
  authorizer === undefined ? 'broken' : withoutScopes ? 'withoutScopes' : 'usable'

/** Lists that are equal to those before stay the same objects, so that an edit that injects nothing new concerns no route. */
function createInjected(): (authorizers: readonly AuthorizerDraft[]) => Tables['injected'] {
  let before: Tables['injected'] = new Map()
  return (authorizers) => {
    const next = new Map<string, readonly string[]>()
    for (const [namespace, drafts] of grouped(authorizers, ({ origin }) => origin.namespace)) {
      const headers = [...new Set(drafts.flatMap(({ injects }) => injects))].sort(compareTexts)
      const known = before.get(namespace)
      next.set(
        namespace,
        known !== undefined && isSameList(known, headers) ? known : Object.freeze(headers),
      )
    }
    before = next
    return next
  }
}
