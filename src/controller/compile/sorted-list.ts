import type { Delta } from './delta.ts'

/**
 * A sorted list that is kept up to date. `values` is never changed: after a change it is another list, so that
 * whoever holds it keeps what he has.
 */
export class SortedList<T> {
  values: readonly T[]
  readonly #compare: (a: T, b: T) => number

  /** @param compare a total order: 0 only for a member and itself; @param values sorted by it */
  constructor(compare: (a: T, b: T) => number, values: readonly T[] = []) {
    this.#compare = compare
    this.values = values
  }

  apply({ gone, come }: Delta<T>): void {
    if (gone.length === 0 && come.length === 0) return
    const leaving = new Set(gone)
    const kept =
      leaving.size === 0 ? this.values : this.values.filter((member) => !leaving.has(member))
    const joining = [...come].sort(this.#compare)
    this.values = Object.freeze(merge(kept, joining, this.#compare))
  }
}

/** Merges two sorted lists; looks for the places of the second by halving when it is the shorter by far. */
function merge<T>(list: readonly T[], joining: readonly T[], compare: (a: T, b: T) => number): T[] {
  const merged: T[] = []
  let at = 0
  for (const member of joining) {
    const to = placeOf(member, list, at, compare)
    for (; at < to; at++) merged.push(list[at] as T)
    merged.push(member)
  }
  for (; at < list.length; at++) merged.push(list[at] as T)
  return merged
}

/** The first place from `from` on whose member is not before `member`. */
function placeOf<T>(
  member: T,
  list: readonly T[],
  from: number,
  compare: (a: T, b: T) => number,
): number {
  let low = from
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(list[middle] as T, member) < 0) low = middle + 1
    else high = middle
  }
  return low
}
