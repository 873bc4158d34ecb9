import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import type { Authorizer } from '../../model/authorization.ts'
import type { KeySourceOptions } from '../../model/key-source.ts'
import type { SavedKeys } from '../../model/saved-keys.ts'
import type { Limits } from '../../model/settings.ts'
import { type AuthorizerDeps, createAuthorizers, type LiveAuthorizer } from './authorizer.ts'
import { BadSignatures } from './bad-signatures.ts'
import type { KeySet } from './key-set.ts'
import { createKeySets, type KeySets, updateKeySets } from './key-sets.ts'
import type { Share } from './share.ts'
import { SignatureChecks } from './signature-checks.ts'

/** Where fetched keys outlive the process. */
export interface KeyStore {
  /** What was saved of a source by an earlier process. */
  load(source: string): SavedKeys | undefined
  save(all: readonly SavedKeys[]): void
}

export interface AuthorizerObserver {
  cache: AuthorizerDeps['cache']
  /** A fetch of an issuer's keys is over. */
  fetched(authorizer: string, issuer: string, failed: boolean): void
}

export interface AuthorizersOptions extends KeySourceOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  readonly limits: () => Limits
  readonly observer: AuthorizerObserver
  readonly share?: Share
  /** Undefined: keys are fetched anew by every process. */
  readonly store: KeyStore | undefined
}

/** The authorizers in force, and what of them outlives a snapshot: key sets, and the bounds on checking signatures. */
export class Authorizers {
  byId: ReadonlyMap<string, LiveAuthorizer> = new Map()
  keySets: KeySets = new Map()
  readonly #options: AuthorizersOptions
  readonly #checks: SignatureChecks
  readonly #unreachable = new Set<KeySet>()
  /** What the controller has fetched, for sets that are made later. */
  #seeds: ReadonlyMap<string, SavedKeys> = new Map()

  constructor(options: AuthorizersOptions) {
    const { clock, limits } = options
    this.#options = options
    this.#checks = new SignatureChecks({
      most: () => limits().verifications,
      bad: new BadSignatures(clock, () => limits().badSignaturesPerClient),
    })
  }

  /** Makes those of a snapshot. Nothing changes and nothing is fetched before the answer is called. */
  prepare(authorizers: readonly Authorizer[]): () => void {
    const { clock, limits, observer, store } = this.#options
    const keySets = createKeySets(authorizers, this.keySets, {
      ...this.#options,
      savedKeys: (source) => newest(store?.load(source), this.#seeds.get(source)),
      fetched: (set) => this.#fetched(set),
    })
    const byId = createAuthorizers(authorizers, this.byId, {
      clock,
      keySets,
      checks: this.#checks,
      longestToken: () => limits().token,
      cache: observer.cache,
    })
    return () => {
      const dropped = [...this.keySets.values()].filter(({ source }) => !keySets.has(source))
      this.keySets = keySets
      this.byId = byId
      for (const set of dropped) this.#close(set)
      updateKeySets(keySets, authorizers)
    }
  }

  /** Keys that the controller has fetched: they replace older ones, and those that come later replace them. */
  async seed(seeds: readonly SavedKeys[]): Promise<void> {
    this.#seeds = new Map(seeds.map((seed) => [seed.source, seed]))
    const taken = await Promise.all(seeds.map((seed) => this.keySets.get(seed.source)?.seed(seed)))
    if (taken.includes(true)) this.#save()
  }

  #save(): void {
    this.#options.store?.save([...this.keySets.values()].flatMap(({ saved }) => saved ?? []))
  }

  #fetched(set: KeySet): void {
    const { observer } = this.#options
    for (const { authorizer, issuer } of set.users)
      observer.fetched(authorizer, issuer, set.fault !== undefined)
    this.#tell(set)
    if (set.fault === undefined) this.#save()
  }

  /** Once when it begins, once when it is over. */
  #tell(set: KeySet): void {
    const { log } = this.#options
    const { fault } = set
    if ((fault !== undefined) === this.#unreachable.has(set)) return
    const fields = { source: set.source, authorizers: set.users.map((user) => user.authorizer) }
    if (fault === undefined) {
      this.#unreachable.delete(set)
      log.info('the keys of an issuer are fetched again', fields)
    } else {
      this.#unreachable.add(set)
      log.warn('the keys of an issuer cannot be fetched', { ...fields, reason: fault })
      // What it was given by the controller outlives the process, too.
      this.#save()
    }
  }

  #close(set: KeySet): void {
    set.close()
    this.#unreachable.delete(set)
  }

  close(): void {
    for (const set of this.keySets.values()) set.close()
  }
}

const newest = (a: SavedKeys | undefined, b: SavedKeys | undefined): SavedKeys | undefined =>
  a === undefined || (b !== undefined && b.fetchedMs > a.fetchedMs) ? b : a
