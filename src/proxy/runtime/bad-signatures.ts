import { LRUCache } from 'lru-cache'
import type { Clock } from '../../base/clock.ts'
import { flat } from '../http1/flat.ts'

const windowMs = 10_000
const mostClients = 10_000

/** How many bad signatures each client address has sent in the last ten seconds; bounded, the oldest are forgotten. */
export class BadSignatures {
  readonly #clock: Clock
  readonly #most: () => number
  readonly #clients = new LRUCache<string, { sinceMs: number; count: number }>({ max: mostClients })

  /** @param most after so many a client is over its budget */
  constructor(clock: Clock, most: () => number) {
    this.#clock = clock
    this.#most = most
  }

  count(client: string): void {
    const nowMs = this.#clock.nowMs()
    const known = this.#clients.get(client)
    if (known !== undefined && nowMs - known.sinceMs < windowMs) known.count++
    else this.#clients.set(flat(client), { sinceMs: nowMs, count: 1 })
  }

  isOver(client: string): boolean {
    const known = this.#clients.get(client)
    return (
      known !== undefined &&
      known.count > this.#most() &&
      this.#clock.nowMs() - known.sinceMs < windowMs
    )
  }
}
