/** What left a collection and what joined it, by identity. One edit in many objects is a small Delta. */
export interface Delta<T> {
  readonly gone: readonly T[]
  readonly come: readonly T[]
}

export const hasChanges = ({ gone, come }: Delta<unknown>): boolean =>
  gone.length > 0 || come.length > 0

/** The difference of two lists of distinct objects. Costs a glance at what stayed in its place. */
export function diff<T>(previous: readonly T[], next: readonly T[]): Delta<T> {
  const shorter = Math.min(previous.length, next.length)
  let from = 0
  while (from < shorter && previous[from] === next[from]) from++
  let tail = 0
  while (tail < shorter - from && previous.at(-1 - tail) === next.at(-1 - tail)) tail++
  const before = new Set(previous.slice(from, previous.length - tail))
  const after = new Set(next.slice(from, next.length - tail))
  return {
    gone: [...before].filter((member) => !after.has(member)),
    come: [...after].filter((member) => !before.has(member)),
  }
}

/** The group of a key, made when there is none yet. */
export function groupIn<Key, T>(groups: Map<Key, T[]>, key: Key): T[] {
  const known = groups.get(key)
  if (known !== undefined) return known
  const group: T[] = []
  groups.set(key, group)
  return group
}
