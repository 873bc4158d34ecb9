import type { ApiAuthorizerObject } from '../api/objects.ts'
import type { World } from '../api/world.ts'
import type { CompileOptions } from './compile.ts'
import type { Delta } from './delta.ts'
import type { AuthorizerDraft } from './drafts.ts'
import { draftApiAuthorizer } from './from-api-authorizer.ts'
import { Resolving, type Tables } from './lookup.ts'
import { compareObjects, isSameList } from './order.ts'
import { type ResolvedAuthorizer, resolveAuthorizer } from './resolve-authorizer.ts'
import { Sharing } from './sharing.ts'
import { SortedList } from './sorted-list.ts'
import { identityOf } from './tables.ts'

type Objects = Pick<World, 'authorizers' | 'lastGoodAuthorizers'>

/** The drafts of all authorizers, kept up to date: one is made anew only when its object or its last good is another. */
export class AuthorizerDrafting {
  readonly #options: CompileOptions
  readonly #sharing = new Sharing()
  #objects: Objects = { authorizers: [], lastGoodAuthorizers: [] }
  #drafts: ReadonlyMap<ApiAuthorizerObject, Drafted> = new Map()
  #list: readonly AuthorizerDraft[] = []

  constructor(options: CompileOptions) {
    this.#options = options
  }

  /** Sorted by namespace and name; the very same list while nothing changed. */
  update({ authorizers, lastGoodAuthorizers }: Objects): readonly AuthorizerDraft[] {
    const before = this.#objects
    this.#objects = { authorizers, lastGoodAuthorizers }
    const same =
      isSameList(before.authorizers, authorizers) &&
      isSameList(before.lastGoodAuthorizers, lastGoodAuthorizers)
    if (same) return this.#list
    const lastGoods = new Map(lastGoodAuthorizers.map((object) => [identityOf(object), object]))
    const sorted = [...authorizers].sort(compareObjects)
    this.#drafts = new Map(
      sorted.map((object) => [object, this.#draft(object, lastGoods.get(identityOf(object)))]),
    )
    this.#list = [...this.#drafts.values()].map(({ draft }) => draft)
    return this.#list
  }

  #draft(object: ApiAuthorizerObject, lastGood: ApiAuthorizerObject | undefined): Drafted {
    const before = this.#drafts.get(object)
    if (before !== undefined && before.lastGood === lastGood) return before
    return { lastGood, draft: draftApiAuthorizer(object, lastGood, this.#options, this.#sharing) }
  }
}

interface Drafted {
  readonly lastGood: ApiAuthorizerObject | undefined
  readonly draft: AuthorizerDraft
}

/** The resolved authorizers, kept up to date: one whose references find the same stays the same object. */
export class AuthorizerResolving {
  readonly #resolving = new Resolving(resolveAuthorizer)
  readonly #sorted = new SortedList<ResolvedAuthorizer>((a, b) =>
    compareObjects(a.draft.subject, b.draft.subject),
  )

  /** All of them, sorted by namespace and name. */
  get authorizers(): readonly ResolvedAuthorizer[] {
    return this.#sorted.values
  }

  update(drafts: readonly AuthorizerDraft[], tables: Tables): Delta<ResolvedAuthorizer> {
    const delta = this.#resolving.update(drafts, tables)
    this.#sorted.apply(delta)
    return delta
  }
}
