/** Two lists with the very same members in the same places: nothing changed between two compiles. */
export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

/**
 * Sorts a list that is mostly the `previous` one: what stayed is taken over in its order, so that
 * the sort only has to merge what is new. The order must be total.
 */
export function sortAgain<T>(
  previous: readonly T[],
  next: readonly T[],
  compare: (a: T, b: T) => number,
): readonly T[] {
  const wanted = new Set(next)
  const kept = previous.filter((member) => wanted.has(member))
  if (kept.length === next.length && kept.length === previous.length) return previous
  const known = new Set(kept)
  return [...kept, ...next.filter((member) => !known.has(member))].sort(compare)
}

/** Order by UTF-16 code units: the same on every machine and in every locale. */
export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Oldest first (RFC 3339 in UTC). An object of unknown age ('') counts as younger than any. */
export function compareAges(a: string, b: string): number {
  if (a === b) return 0
  if (a === '' || b === '') return a === '' ? 1 : -1
  return compareTexts(a, b)
}

interface Named {
  readonly meta: { readonly namespace: string; readonly name: string }
}

/** By namespace, then name. */
export const compareObjects = (a: Named, b: Named): number =>
  compareTexts(a.meta.namespace, b.meta.namespace) || compareTexts(a.meta.name, b.meta.name)
