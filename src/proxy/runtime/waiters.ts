import type { PoolWaiter } from './upstream.ts'

/** Who waits for a connection to one endpoint: first come, first served, and no more than so many. */
export class Waiters {
  readonly #most: number
  readonly #list: PoolWaiter[] = []
  #isClosed = false

  constructor(most: number) {
    this.#most = most
  }

  get count(): number {
    return this.#list.length
  }

  /** Nobody is waited for any more. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  add(waiter: PoolWaiter): void {
    if (this.#isClosed || this.#list.length >= this.#most) waiter.refused('overloaded')
    else this.#list.push(waiter)
  }

  forget(waiter: PoolWaiter): void {
    const at = this.#list.indexOf(waiter)
    if (at >= 0) this.#list.splice(at, 1)
  }

  next(): PoolWaiter | undefined {
    return this.#list.shift()
  }

  close(): void {
    this.#isClosed = true
    for (const waiter of this.#list.splice(0)) waiter.refused('connect_failed')
  }
}
