import { canonicalJson, rememberText } from '../../model/digest.ts'

/** Distinct values remembered; beyond this the memory starts anew, which costs sharing and nothing else. */
const mostValues = 2000

/**
 * Makes equal values one frozen object. Ten thousand routes mostly have the same timeouts, retries and
 * health: shared, they cost a pointer each.
 */
export class Sharing {
  readonly #known = new Map<string, unknown>()

  share<T extends object>(value: T): T {
    const key = canonicalJson(value)
    const known = this.#known.get(key)
    if (known !== undefined) return known as T
    if (this.#known.size >= mostValues) this.#known.clear()
    deepFreeze(value)
    rememberText(value, key)
    this.#known.set(key, value)
    return value
  }
}

/** Freezes plain data all the way down. */
function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part)
}
