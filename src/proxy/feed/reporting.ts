import type { Clock } from '../../base/clock.ts'

/** What proxies tell of their own accord is told at most this often. */
const paceMs = 1000

/**
 * Says what is the case, and says it again when it has changed.
 *
 * @param text undefined: there is nothing to say yet
 * @returns what ends it
 */
export function keepTelling(
  clock: Clock,
  text: () => string | undefined,
  send: (text: string) => void,
): () => void {
  let told: string | undefined
  let timer = clock.after(0, look)
  return () => timer.cancel()
  function look(): void {
    const now = text()
    if (now !== undefined && now !== told) send(now)
    told = now
    timer = clock.after(paceMs, look)
  }
}
