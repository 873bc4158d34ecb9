import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Authorizer, Issuer } from '../../model/authorization.ts'
import { fetchOf, type KeySourceOptions, sourceId } from '../../model/key-source.ts'
import type { SavedKeys } from '../../model/saved-keys.ts'
import { KeySet, type KeyUser } from './key-set.ts'
import type { Share } from './share.ts'

/** By source. */
export type KeySets = ReadonlyMap<string, KeySet>

export interface KeySetsOptions extends KeySourceOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly savedKeys: (source: string) => SavedKeys | undefined
  readonly share?: Share
  readonly fetched: (set: KeySet) => void
}

/**
 * One key set for each place that keys of these authorizers come from; one that is there already goes on as it is, so
 * that no edit of an authorizer costs its keys. Nothing is fetched before `update`.
 */
export function createKeySets(
  authorizers: readonly Authorizer[],
  previous: KeySets,
  options: KeySetsOptions,
): KeySets {
  const issuers = authorizers.flatMap(({ issuers }) => issuers)
  return new Map(
    issuers.map((issuer) => {
      const source = sourceId(issuer)
      return [source, previous.get(source) ?? open(issuer, source, options)]
    }),
  )
}

const open = (issuer: Issuer, source: string, options: KeySetsOptions): KeySet =>
  new KeySet({
    ...options,
    source,
    fetch: fetchOf(issuer, options),
    given: issuer.keys.kind === 'inline' ? issuer.keys.jwks : undefined,
    saved: options.savedKeys(source),
  })

/** Tells each set who verifies with it now. */
export function updateKeySets(sets: KeySets, authorizers: readonly Authorizer[]): void {
  const users = new Map<string, KeyUser[]>()
  for (const { id, issuers, staleKeysForMs } of authorizers) {
    for (const issuer of issuers) {
      const user = { authorizer: id, issuer: issuer.issuer, staleForMs: staleKeysForMs }
      const source = sourceId(issuer)
      const known = users.get(source)
      if (known === undefined) users.set(source, [user])
      else known.push(user)
    }
  }
  for (const [source, set] of sets) set.update(users.get(source) ?? [])
}
