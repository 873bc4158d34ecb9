/** What has changed from one list to the next. */
export interface Changes<T> {
  /** New and changed, in their order. */
  readonly come: readonly T[]
  /** Keys. */
  readonly gone: readonly string[]
}

/**
 * Compares two lists that are sorted by key. Parts that stayed are mostly the very same ones, so that one change in many costs a
 * glance at each.
 *
 * @param isSame of two parts with one key that are not the very same: whether nothing has changed; by default never
 */
export function changes<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (part: T) => string,
  isSame: (a: T, b: T) => boolean = () => false,
): Changes<T> {
  const come: T[] = []
  const gone: string[] = []
  let at = 0
  for (const part of after) {
    if (part === before[at]) {
      at++
      continue
    }
    const key = keyOf(part)
    while (at < before.length && keyOf(before[at] as T) < key) gone.push(keyOf(before[at++] as T))
    const old = before[at]
    const isKnown = old !== undefined && keyOf(old) === key
    if (isKnown) at++
    if (!isKnown || !isSame(old, part)) come.push(part)
  }
  while (at < before.length) gone.push(keyOf(before[at++] as T))
  return { come, gone }
}
