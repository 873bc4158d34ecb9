/** Two lists with the very same members in the same places: nothing changed between two compiles. */
export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
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
