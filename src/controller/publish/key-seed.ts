import type { Clock, Timer } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import { againMs, type FetchedKeys, freshForMs } from '../../model/key-source.ts'
import type { SavedKeys } from '../../model/saved-keys.ts'
import { publicKeys } from './public-keys.ts'

export interface KeySeedOptions {
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  readonly source: string
  readonly load: () => Promise<FetchedKeys>
  /** What was given is not good enough any more: there are other keys, or it has become half as old as it may. */
  readonly changed: () => void
}

/** The keys of one source as the leader knows them: fetched again and again, kept while the issuer is away. */
export class KeySeed {
  readonly #options: KeySeedOptions
  #staleForMs = Number.POSITIVE_INFINITY
  #keys: SavedKeys | undefined
  #given: { readonly jwks: string; readonly atMs: number } | undefined
  #isAway = false
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: KeySeedOptions) {
    this.#options = options
    void this.#refresh()
  }

  /** @param staleForMs how long somebody goes on with old keys */
  update(staleForMs: number): void {
    this.#staleForMs = staleForMs
  }

  /** What a proxy may be given now. */
  give(): SavedKeys | undefined {
    if (this.#keys !== undefined)
      this.#given = { jwks: this.#keys.jwks, atMs: this.#options.clock.nowMs() }
    return this.#keys
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  async #refresh(): Promise<void> {
    const { clock, dice } = this.#options
    const waitMs = await this.#fetch()
    if (this.#isClosed) return
    this.#timer = clock.after(waitMs * (0.9 + 0.1 * dice()), () => void this.#refresh())
  }

  /** @returns after how long it is fetched again */
  async #fetch(): Promise<number> {
    const { clock, source, load } = this.#options
    try {
      const { value, maxAgeMs } = await load()
      const jwks = publicKeys(value)
      if (jwks === undefined) throw new Error('no_usable_key')
      this.#keys = { source, fetchedMs: clock.wallMs(), jwks }
      this.#tell(undefined)
      if (!this.#isClosed && this.#isDue(jwks)) this.#options.changed()
      return freshForMs(maxAgeMs, this.#staleForMs)
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : 'failed')
      return againMs
    }
  }

  #isDue(jwks: string): boolean {
    if (this.#given?.jwks !== jwks) return true
    return this.#options.clock.nowMs() - this.#given.atMs > this.#staleForMs / 2
  }

  /** Once when it begins, once when it is over. */
  #tell(reason: string | undefined): void {
    const { log, source } = this.#options
    if ((reason !== undefined) === this.#isAway || this.#isClosed) return
    this.#isAway = reason !== undefined
    if (reason === undefined)
      log.info('the keys of an issuer are fetched again, for proxies that start', { source })
    else
      log.warn(
        'the keys of an issuer cannot be fetched, for proxies that start; they ask for themselves, too',
        { source, reason },
      )
  }
}
