/** Deeper is no token (J14). */
const deepest = 16

/**
 * Parses JSON that a stranger wrote: no duplicate names (J14: what one parser reads first another reads last), no
 * nesting beyond 16, and only an object at the top. Undefined for anything else.
 */
export function parseStrictObject(text: string): Record<string, unknown> | undefined {
  if (!isPlain(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Looks only for depth and duplicates; whether it is JSON at all is JSON.parse's to say. */
function isPlain(text: string): boolean {
  const open: (Set<string> | undefined)[] = []
  let isName = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : undefined)
      if (open.length > deepest) return false
      isName = char === '{'
    } else if (char === '}' || char === ']') {
      open.pop()
      isName = false
    } else if (char === ',') isName = open.at(-1) !== undefined
    else if (char === ':') isName = false
    else if (char === '"') {
      const end = endOfString(text, i)
      if (end < 0) return false
      if (isName && !isNew(open.at(-1), text.slice(i, end + 1))) return false
      i = end
    }
  }
  return true
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i
  }
  return -1
}

/** Names are compared as they mean, not as they are written: `"iss"` is `"iss"`. */
function isNew(names: Set<string> | undefined, quoted: string): boolean {
  if (names === undefined) return true
  try {
    const name = JSON.parse(quoted) as string
    if (name === '__proto__' || names.has(name)) return false
    names.add(name)
    return true
  } catch {
    return false
  }
}
