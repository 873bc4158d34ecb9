import type { CompileOptions } from './compile.ts'
import type { AuthorizerDraft } from './drafts.ts'
import { draftApiAuthorizer } from './from-api-authorizer.ts'
import { rememberLooks, type Tables } from './lookup.ts'
import { compareObjects, sortAgain } from './order.ts'
import { type ResolvedAuthorizer, resolveAuthorizer } from './resolve-authorizer.ts'
import { Sharing } from './sharing.ts'
import { byUid, onceFor, uidOf } from './tables.ts'
import type { World } from './world.ts'

type AuthorizerObject = World['authorizers'][number]

/** Drafts every authorizer, again and again: one that is the same object, with the same last good, keeps its draft. */
export function createAuthorizerDrafting(
  rules: CompileOptions,
): (world: World) => readonly AuthorizerDraft[] {
  const known = new WeakMap<
    AuthorizerObject,
    { readonly lastGood: object | undefined; readonly draft: AuthorizerDraft }
  >()
  const lastGoods = onceFor(byUid<AuthorizerObject>)
  const sharing = new Sharing()
  let sorted: readonly AuthorizerObject[] = []
  return (world) => {
    const earlier = lastGoods(world.lastGoodAuthorizers)
    sorted = sortAgain(sorted, world.authorizers, compareObjects)
    return sorted.map((object) => {
      const lastGood = earlier.get(uidOf(object))
      const before = known.get(object)
      if (before !== undefined && before.lastGood === lastGood) return before.draft
      const draft = draftApiAuthorizer(object, lastGood, rules, sharing)
      known.set(object, { lastGood, draft })
      return draft
    })
  }
}

/** Resolves every authorizer, again and again: one whose references find the same stays the same object. */
export function createAuthorizerResolving(): (
  drafts: readonly AuthorizerDraft[],
  tables: Tables,
) => readonly ResolvedAuthorizer[] {
  const resolve = rememberLooks(resolveAuthorizer)
  return (drafts, tables) => drafts.map((draft) => resolve(draft, tables))
}
