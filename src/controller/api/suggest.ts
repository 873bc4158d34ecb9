/** Names and edits beyond these are not worth the time: suggestions are for typing errors. */
const mostNames = 500
const mostEdits = 2

/** `; did you mean "orders"?`, or '' when nothing is near. */
export function didYouMean(wanted: string, names: readonly string[]): string {
  if (names.length > mostNames) return ''
  const near = names
    .map((name) => ({ name, edits: editsBetween(wanted, name) }))
    .filter(({ edits, name }) => edits <= mostEdits && edits < name.length)
    .sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1))[0]
  return near === undefined ? '' : `; did you mean "${near.name}"?`
}

/** Levenshtein's distance, given up beyond `mostEdits`. */
function editsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > mostEdits) return mostEdits + 1
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    if (Math.min(...next) > mostEdits) return mostEdits + 1
    row = next
  }
  return row[b.length] ?? 0
}
