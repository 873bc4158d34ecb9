import type { Clock, Timer } from '../../base/clock.ts'

export interface SpreadOptions<T> {
  readonly clock: Clock
  /** By then all have had their turn. */
  readonly withinMs: number
  /** Over all of the time; by default as fast as does no harm, a hundred at once. */
  readonly evenly?: boolean
  readonly act: (member: T) => void
}

const turnMs = 50
const harmless = 100

/**
 * Does something to many, a few at a time: fifteen thousand clients whose connections close in the same millisecond
 * open them again in the next, all at the same place.
 */
export function spread<T>(
  members: readonly T[],
  { clock, withinMs, evenly = false, act }: SpreadOptions<T>,
): Timer {
  const least = evenly ? 1 : harmless
  const count = Math.max(least, Math.ceil((members.length * turnMs) / withinMs))
  const everyMs = evenly ? Math.max((withinMs * count) / members.length, turnMs) : turnMs
  const startMs = clock.nowMs()
  let at = 0
  let timer: Timer | undefined
  const turn = () => {
    // A turn that comes late makes good for those that were missed, so that all have had theirs in time.
    const turns = Math.floor((clock.nowMs() - startMs) / everyMs) + 1
    const end = Math.min(turns * count, members.length)
    for (; at < end; at++) act(members[at] as T)
    if (at < members.length) timer = clock.after(everyMs, turn)
  }
  turn()
  return { cancel: () => timer?.cancel() }
}
