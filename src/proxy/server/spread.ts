import type { Clock, Timer } from '../../base/clock.ts'

export interface SpreadOptions<T> {
  readonly clock: Clock
  /** By then all have had their turn. */
  readonly withinMs: number
  readonly act: (member: T) => void
}

const turnMs = 50
const fewest = 100

/**
 * Does something to many, a few at a time: fifteen thousand clients whose connections close in the same millisecond
 * open them again in the next, all at the same place.
 */
export function spread<T>(
  members: readonly T[],
  { clock, withinMs, act }: SpreadOptions<T>,
): Timer {
  const count = Math.max(fewest, Math.ceil((members.length * turnMs) / withinMs))
  let at = 0
  let timer: Timer | undefined
  const turn = () => {
    const end = at + count
    for (; at < end && at < members.length; at++) act(members[at] as T)
    if (at < members.length) timer = clock.after(turnMs, turn)
  }
  turn()
  return { cancel: () => timer?.cancel() }
}
