import type { Clock, Timer } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import { againMs, type FetchedKeys, freshForMs } from '../../model/key-source.ts'
import type { SavedKeys } from '../../model/saved-keys.ts'
import type { Share } from './share.ts'
import { importKeys, type VerificationKey } from './verification-key.ts'

/** An issuer of an authorizer that verifies with a key set. */
export interface KeyUser {
  readonly authorizer: string
  readonly issuer: string
  readonly staleForMs: number
}

export interface KeySetOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly source: string
  /** Undefined for a set that is never fetched. */
  readonly fetch: (() => Promise<FetchedKeys>) | undefined
  /** The set itself, for one that is not fetched. */
  readonly given: string | undefined
  /** What an earlier process had fetched. */
  readonly saved: SavedKeys | undefined
  /** One of several processes that ask the same issuer: each asks less often. */
  readonly share?: Share
  /** A fetch is over. */
  readonly fetched: (set: KeySet) => void
}

/**
 * The keys of one source: fetched in the background, kept while the issuer cannot be reached, at most one fetch at a
 * time. A withdrawn key stops verifying with the next fetch; nothing that looks keys up ever waits for a refresh of known ones.
 */
export class KeySet {
  readonly source: string
  /** Grows when the keys change: what was verified before has to be verified again. */
  version = 0
  users: readonly KeyUser[] = []
  /** Why the last fetch failed, in a word or two; undefined when it did not, or there was none. */
  fault: string | undefined
  /** A fetch is over, well or not. */
  isTried = false
  readonly #options: KeySetOptions
  #keys: ReadonlyMap<string, VerificationKey> = new Map()
  /** What the keys are, as they would be saved. */
  #text = ''
  /** On the clock that never jumps. */
  #fetchedMs = Number.NEGATIVE_INFINITY
  #fetchedWallMs = 0
  #lastTryMs = Number.NEGATIVE_INFINITY
  #loading: Promise<void> | undefined
  #pending: Promise<void> | undefined
  #timer: Timer | undefined
  #closed = false
  readonly #againMs: number

  constructor(options: KeySetOptions) {
    this.source = options.source
    this.#options = options
    this.#againMs = againMs * (options.share?.of ?? 1)
  }

  /** Tells who verifies with it. The first time it begins to fetch. */
  update(users: readonly KeyUser[]): void {
    this.users = users
    if (this.#loading !== undefined) return
    this.#loading = this.#load()
    if (this.#options.fetch !== undefined) this.#pending = this.#refresh()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  get isFetched(): boolean {
    return this.#options.fetch !== undefined
  }

  get size(): number {
    return this.#keys.size
  }

  /** Milliseconds since the keys were fetched; infinite when they never were. */
  get ageMs(): number {
    if (!this.isFetched) return this.#keys.size > 0 ? 0 : Number.POSITIVE_INFINITY
    return this.#options.clock.nowMs() - this.#fetchedMs
  }

  /** When they were fetched; undefined when they never were, or are not fetched at all. */
  get saved(): SavedKeys | undefined {
    if (!this.isFetched || this.#text === '') return undefined
    return { source: this.source, fetchedMs: this.#fetchedWallMs, jwks: this.#text }
  }

  /** Whether there are keys that were fetched no longer ago than this. */
  isUsable(staleForMs: number): boolean {
    return this.#keys.size > 0 && this.ageMs <= staleForMs
  }

  /** The key of a token, now. */
  find(kid: string, alg: string, staleForMs: number): VerificationKey | undefined {
    const key = this.#keys.get(kid)
    return key?.algorithms.has(alg) === true && this.isUsable(staleForMs) ? key : undefined
  }

  /** Asks the issuer for a key that `find` does not have, unless it was asked just now. Resolves when `find` has all there is. */
  async search(kid: string, alg: string, staleForMs: number): Promise<void> {
    await this.#loading
    if (this.find(kid, alg, staleForMs) !== undefined) return
    const { clock } = this.#options
    if (this.#pending === undefined && this.isFetched && !this.#closed) {
      if (clock.nowMs() - this.#lastTryMs < this.#againMs) return
      this.#timer?.cancel()
      this.#pending = this.#refresh()
    }
    await this.#pending
  }

  async #refresh(): Promise<void> {
    const { clock, dice, fetch, fetched } = this.#options
    await this.#loading
    this.#lastTryMs = clock.nowMs()
    let waitMs = this.#againMs * (1 + 0.1 * dice())
    try {
      const { value, maxAgeMs } = await (fetch as () => Promise<FetchedKeys>)()
      const keys = await importKeys(value)
      // The last good set stays (J18).
      if (keys.size === 0) throw new Error('no_usable_key')
      this.#replace(keys, clock.nowMs(), clock.wallMs())
      this.fault = undefined
      waitMs = freshForMs(maxAgeMs, Math.min(...this.#staleForMs)) * (0.9 + 0.1 * dice())
    } catch (error) {
      this.fault = error instanceof Error ? error.message : 'failed'
    }
    this.isTried = true
    this.#pending = undefined
    if (this.#closed) return
    fetched(this)
    this.#timer = clock.after(waitMs, () => {
      this.#pending ??= this.#refresh()
    })
  }

  get #staleForMs(): readonly number[] {
    return this.users.map(({ staleForMs }) => staleForMs)
  }

  /**
   * Takes what somebody else has fetched, where that is newer than what this process has, and not too old for everybody.
   *
   * @returns whether it was taken
   */
  async seed(given: SavedKeys): Promise<boolean> {
    await this.#loading
    const ageMs = Math.max(0, this.#options.clock.wallMs() - given.fetchedMs)
    const isOf = this.isFetched && given.source === this.source && !this.#closed
    if (!isOf || ageMs > Math.max(...this.#staleForMs)) return false
    const keys = await importText(given.jwks)
    if (keys.size === 0 || this.#closed || given.fetchedMs <= this.#fetchedWallMs) return false
    this.#take(keys, given.fetchedMs)
    return true
  }

  async #load(): Promise<void> {
    const { clock, given, saved } = this.#options
    const text = given ?? saved?.jwks
    if (text === undefined) return
    const keys = await importText(text)
    if (keys.size > 0) this.#take(keys, saved?.fetchedMs ?? clock.wallMs())
  }

  /** The wall clock may have been set back since: keys from the future are as good as new ones. */
  #take(keys: ReadonlyMap<string, VerificationKey>, fetchedWallMs: number): void {
    const { clock } = this.#options
    const ageMs = Math.max(0, clock.wallMs() - fetchedWallMs)
    this.#replace(keys, clock.nowMs() - ageMs, clock.wallMs() - ageMs)
  }

  #replace(keys: ReadonlyMap<string, VerificationKey>, fetchedMs: number, wallMs: number): void {
    this.#fetchedMs = fetchedMs
    this.#fetchedWallMs = wallMs
    const text = JSON.stringify({ keys: [...keys.values()].map(({ jwk }) => jwk) })
    if (text === this.#text) return
    this.#text = text
    this.#keys = keys
    this.version++
  }
}

/** Compile has refused a text that is no key set, and a saved one that is damaged is none. */
async function importText(text: string): Promise<ReadonlyMap<string, VerificationKey>> {
  try {
    return await importKeys(JSON.parse(text))
  } catch {
    return new Map()
  }
}
