import type { Clock, Timer } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Fetched } from './fetch-json.ts'
import { importKeys, type VerificationKey } from './verification-key.ts'

const shortestMs = 60_000
const longestMs = 24 * 3_600_000
const usualMs = 10 * 60_000
const afterFailureMs = 10_000
/** A key that nobody knows is asked for at most this often (J21, J22). */
const unknownMs = 10_000

export interface KeySetOptions {
  readonly clock: Clock
  readonly dice: Dice
  /** Undefined for a set that is given and never fetched. */
  readonly fetch: (() => Promise<Fetched>) | undefined
  readonly given: string | undefined
  readonly staleForMs: number
  readonly refreshed: (error: Error | undefined) => void
}

/**
 * The keys of one issuer: fetched in the background, kept while the issuer cannot be reached, at most one fetch at a
 * time. A withdrawn key stops verifying with the next fetch; nothing that looks keys up ever waits for a refresh of known ones.
 */
export class KeySet {
  /** Grows when the keys change: what was verified before has to be verified again. */
  version = 0
  readonly #options: KeySetOptions
  #keys: readonly VerificationKey[] = []
  #fetchedMs = Number.NEGATIVE_INFINITY
  #lastTryMs = Number.NEGATIVE_INFINITY
  #known = ''
  #pending: Promise<void> | undefined
  #timer: Timer | undefined
  #closed = false

  constructor(options: KeySetOptions) {
    this.#options = options
    this.#pending = options.fetch === undefined ? this.#take(options.given ?? '') : this.#refresh()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  /** Milliseconds since the keys were fetched. */
  get ageMs(): number {
    return this.#options.fetch === undefined ? 0 : this.#options.clock.nowMs() - this.#fetchedMs
  }

  /** Keys that may be used: none when they were last fetched too long ago. */
  get usable(): boolean {
    return this.#keys.length > 0 && this.ageMs <= this.#options.staleForMs
  }

  /** Keys for a token, now. */
  find(kid: string | undefined, alg: string): readonly VerificationKey[] {
    if (!this.usable) return []
    return this.#keys.filter(
      (key) => key.algorithms.has(alg) && (kid === undefined || key.kid === kid),
    )
  }

  /** Keys for a token that `find` does not have, after asking the issuer if it was not asked just now. */
  async search(kid: string | undefined, alg: string): Promise<readonly VerificationKey[]> {
    if (this.#pending !== undefined) await this.#pending
    else if (
      this.#options.fetch !== undefined &&
      this.#options.clock.nowMs() - this.#lastTryMs >= unknownMs
    ) {
      this.#timer?.cancel()
      this.#pending = this.#refresh()
      await this.#pending
    }
    return this.find(kid, alg)
  }

  async #refresh(): Promise<void> {
    this.#lastTryMs = this.#options.clock.nowMs()
    let waitMs = afterFailureMs
    try {
      const { value, maxAgeMs } = await (this.#options.fetch as () => Promise<Fetched>)()
      if (!(await this.#replace(value))) throw new Error('no_usable_key')
      this.#fetchedMs = this.#options.clock.nowMs()
      waitMs = Math.min(Math.max((maxAgeMs ?? usualMs) * 0.8, shortestMs), longestMs)
      this.#options.refreshed(undefined)
    } catch (error) {
      this.#options.refreshed(error instanceof Error ? error : new Error('failed'))
    }
    this.#pending = undefined
    if (this.#closed) return
    this.#timer = this.#options.clock.after(waitMs * (0.9 + 0.1 * this.#options.dice()), () => {
      this.#pending ??= this.#refresh()
    })
  }

  async #take(text: string): Promise<void> {
    try {
      await this.#replace(JSON.parse(text))
    } catch {
      // Compile has refused such a set; without keys every token gets 503.
      this.#keys = []
    }
    this.#pending = undefined
  }

  /** False when nothing in it can be used: the last good set stays (J18). */
  async #replace(value: unknown): Promise<boolean> {
    const text = JSON.stringify(value)
    if (text === this.#known) return true
    const keys = await importKeys(value)
    if (keys.length === 0) return false
    this.#known = text
    this.#keys = keys
    this.version++
    return true
  }
}
