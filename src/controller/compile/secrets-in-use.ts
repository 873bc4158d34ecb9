import { sha256 } from '../../model/digest.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { AttachedRoute } from './attach.ts'
import type { Delta } from './delta.ts'
import type { Confidential } from './lower.ts'
import { compareTexts } from './order.ts'
import type { Pair } from './pair.ts'

type Secrets = Snapshot['secrets']

/** The confidential texts that routes with hosts need, kept up to date. Nobody else's are pushed. */
export class SecretsInUse {
  readonly #counts = new Map<string, number>()
  readonly #texts = new Map<string, string>()
  #secrets: Secrets = Object.freeze({})

  update(routes: Delta<AttachedRoute>): void {
    let changed = false
    for (const route of routes.come) changed = this.#count(route, 1) || changed
    for (const route of routes.gone) changed = this.#count(route, -1) || changed
    if (!changed) return
    this.#secrets = sorted([...this.#texts])
  }

  /** Together with the pair that is shown where no host has its own. */
  with(pair: Pair | undefined): Confidential {
    if (pair === undefined) return { defaultPair: undefined, secrets: this.#secrets }
    const defaultPair = sha256(pair.text)
    const secrets = sorted([...this.#texts, [defaultPair, pair.text]])
    return { defaultPair, secrets }
  }

  /** @returns whether there is another text, or one less */
  #count({ owned }: AttachedRoute, by: number): boolean {
    if (owned.hostnames.length === 0) return false
    let changed = false
    for (const [print, text] of owned.route.secrets) {
      const before = this.#counts.get(print) ?? 0
      const count = before + by
      changed ||= (before === 0) !== (count === 0)
      if (count === 0) {
        this.#counts.delete(print)
        this.#texts.delete(print)
      } else {
        this.#counts.set(print, count)
        this.#texts.set(print, text)
      }
    }
    return changed
  }
}

const sorted = (texts: readonly (readonly [string, string])[]): Secrets =>
  Object.freeze(Object.fromEntries([...texts].sort(([a], [b]) => compareTexts(a, b))))
