/** A worker that lived this long has served: its end begins a new count. */
const steadyMs = 60_000
const firstMs = 100
const longestMs = 1000
/** So many ends in a row and the breaker opens. */
const mostInRow = 5
const openMs = 30_000

/**
 * How long to wait before a worker that ended is replaced: not at all at first, then longer, at most a second. One that
 * ends again and again soon after its start gets one try in thirty seconds, until a try lasts.
 */
export class RestartPolicy {
  #inRow = 0

  /** @param livedMs how long the worker ran */
  delayMs(livedMs: number): number {
    this.#inRow = livedMs >= steadyMs ? 1 : this.#inRow + 1
    if (this.open) return openMs
    return this.#inRow === 1 ? 0 : Math.min(firstMs * 2 ** (this.#inRow - 2), longestMs)
  }

  /** The breaker: this worker is taken for one that cannot run. */
  get open(): boolean {
    return this.#inRow > mostInRow
  }
}
