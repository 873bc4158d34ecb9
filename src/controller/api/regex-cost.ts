/** More than this in one regex is refused without a look at it: compiling it may take longer than reading the whole object. */
export const mostRegexCost = 1024

/** A class of Unicode is a table of a thousand ranges: in memory and time it is worth so many characters. */
const unicodeClass = 16

/**
 * About how many steps a byte of its subject a regex of RE2's syntax needs, told from its text alone: what a counted repeat
 * holds counts as often as it may be repeated. It costs nothing, where compiling a hostile regex takes milliseconds.
 */
export function regexCost(pattern: string): number {
  const groups: Group[] = [{ cost: 0, last: 0 }]
  for (const [token, low, high] of pattern.matchAll(tokens)) {
    const group = groups.at(-1) as Group
    if (token.startsWith('(')) groups.push({ cost: 1, last: 0 })
    else if (token === ')' && groups.length > 1) {
      groups.pop()
      add(groups.at(-1) as Group, group.cost)
    } else if (low !== undefined) add(group, group.last * (times(low, high) - 1), group.last)
    else add(group, costOf(token))
  }
  return groups.reduce((sum, { cost }) => sum + cost, 0)
}

interface Group {
  cost: number
  /** Of what a repeat would follow. */
  last: number
}

/** Groups with what says of which kind they are, counted repeats, quoted text, classes, escapes, and any other character. */
const tokens =
  /\((?:\?(?:P?<\w+>|[a-zA-Z-]*:?))?|\{(\d+)(?:,(\d*))?\}|\[\^?\]?(?:\\.|[^\]\\])*\]|\\[pP](?:\{[^}]*\}|.)|\\x\{[^}]*\}|\\?./gsu

/** A character is one step; a class is looked through. */
const costOf = (token: string): number =>
  /\\[pP]/.test(token) ? unicodeClass : 1 + Math.floor(token.length / 16)

/** A repeat without an end is one more at the end of what it is at least. */
const times = (low: string, high: string | undefined): number =>
  high === undefined || high === '' ? Number(low) + (high === '' ? 1 : 0) : Number(high)

/** Far above every bound: beyond it a product would become infinite, and infinite times nothing no number at all. */
const ceiling = 1e9

function add(group: Group, cost: number, last = cost): void {
  group.cost = Math.min(group.cost + Math.max(cost, 0), ceiling)
  group.last = last
}
