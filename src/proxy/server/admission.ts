import type { Limits } from '../../model/settings.ts'

/** Counts connections, in all and of each client address, over all listeners, and says when there are too many (R17). */
export class Admission {
  /** Connections that were admitted and are there. */
  open = 0
  readonly #counts = new Map<string, number>()
  readonly #isTrusted: (address: string) => boolean

  constructor(isTrusted: (address: string) => boolean) {
    this.#isTrusted = isTrusted
  }

  /** The reason of a refusal, or undefined when the connection counts from now on. */
  admit(address: string, limits: Limits): 'connections' | 'connections_per_client' | undefined {
    if (this.open >= limits.connections) return 'connections'
    const count = this.#counts.get(address) ?? 0
    if (count >= limits.connectionsPerClient && !this.#isTrusted(address))
      return 'connections_per_client'
    this.#counts.set(address, count + 1)
    this.open++
    return undefined
  }

  release(address: string): void {
    this.open--
    const count = this.#counts.get(address) ?? 0
    if (count > 1) this.#counts.set(address, count - 1)
    else this.#counts.delete(address)
  }
}
