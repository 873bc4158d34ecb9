import type { Clock, Timer } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import type { Issuer } from '../../model/authorization.ts'
import { fetchOf, isFetched, type KeySourceOptions, sourceId } from '../../model/key-source.ts'
import type { SavedKeys } from '../../model/saved-keys.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { KeySeed } from './key-seed.ts'

export interface KeySeedsOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  readonly fetch: KeySourceOptions['fetch']
  /** All that proxies are to be given, when that has changed. */
  readonly offer: (sets: readonly SavedKeys[]) => void
}

interface Wanted {
  readonly issuer: Issuer
  /** The shortest time that somebody goes on with old keys. */
  readonly staleForMs: number
}

/** Of a storm of changes all are given at once. */
const restMs = 5000
/** What the keys of all issuers may have together; those beyond are not given. */
const mostBytes = 8 * 1024 * 1024

/**
 * Keys of issuers as the leader fetches them, for proxies that start while an issuer is away (J20). They are no part of the
 * configuration: that keys were fetched again changes nothing at a proxy.
 */
export class KeySeeds {
  readonly #options: KeySeedsOptions
  readonly #seeds = new Map<string, KeySeed>()
  #snapshot: Snapshot | undefined
  #leads = false
  #resting: Timer | undefined
  #isOwed = false

  constructor(options: KeySeedsOptions) {
    this.#options = options
  }

  lead(): void {
    this.#leads = true
    this.#arrange()
  }

  follow(): void {
    this.#leads = false
    this.#resting?.cancel()
    this.#resting = undefined
    this.#isOwed = false
    for (const seed of this.#seeds.values()) seed.close()
    this.#seeds.clear()
  }

  /** What is published from now on. */
  update(snapshot: Snapshot): void {
    const before = this.#snapshot?.authorizers
    this.#snapshot = snapshot
    if (this.#leads && snapshot.authorizers !== before) this.#arrange()
  }

  #arrange(): void {
    const wanted = wantedOf(this.#snapshot)
    for (const [source, seed] of this.#seeds) {
      if (wanted.has(source)) continue
      seed.close()
      this.#seeds.delete(source)
    }
    for (const [source, { issuer, staleForMs }] of wanted) {
      const seed = this.#seeds.get(source) ?? this.#open(source, issuer)
      this.#seeds.set(source, seed)
      seed.update(staleForMs)
    }
  }

  #open(source: string, issuer: Issuer): KeySeed {
    const { clock, dice, log, fetch } = this.#options
    const endpointOf = (cluster: string) => this.#endpointOf(cluster)
    const load = fetchOf(issuer, { fetch, endpointOf }) as NonNullable<ReturnType<typeof fetchOf>>
    return new KeySeed({ clock, dice, log, source, load, changed: () => this.#offer() })
  }

  /** Of several another one each time: one may be gone. */
  #endpointOf(id: string) {
    const target = this.#snapshot?.clusters.find((cluster) => cluster.id === id)?.target
    if (target?.kind !== 'service') return undefined
    return target.endpoints[Math.floor(this.#options.dice() * target.endpoints.length)]
  }

  /** At once, then not for a while. */
  #offer(): void {
    if (this.#resting !== undefined) {
      this.#isOwed = true
      return
    }
    this.#options.offer(this.#fitting())
    this.#resting = this.#options.clock.after(restMs, () => {
      this.#resting = undefined
      const isOwed = this.#isOwed
      this.#isOwed = false
      if (isOwed) this.#offer()
    })
  }

  #fitting(): readonly SavedKeys[] {
    let room = mostBytes
    return [...this.#seeds.values()].flatMap((seed) => {
      const keys = seed.give()
      if (keys === undefined) return []
      room -= keys.jwks.length + keys.source.length
      return room < 0 ? [] : keys
    })
  }
}

function wantedOf(snapshot: Snapshot | undefined): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Wanted>()
  for (const { issuers, staleKeysForMs } of snapshot?.authorizers ?? []) {
    for (const issuer of issuers.filter(isFetched)) {
      const source = sourceId(issuer)
      const before = wanted.get(source)?.staleForMs ?? Number.POSITIVE_INFINITY
      wanted.set(source, { issuer, staleForMs: Math.min(before, staleKeysForMs) })
    }
  }
  return wanted
}
