/**
 * Whether something that was there is gone: a field, a member of a list, a member of that name. Other values and
 * further fields lose nothing. A text that was cut short, or is only half written yet, always loses something.
 */
export function losesSomething(before: unknown, after: unknown): boolean {
  if (!isCollection(before)) return false
  if (!isCollection(after)) return true
  if (Array.isArray(before)) return !Array.isArray(after) || losesMember(before, after)
  const now = after as Readonly<Record<string, unknown>>
  return Object.entries(before).some(([key, value]) => {
    if (value === undefined) return false
    return !Object.hasOwn(now, key) || now[key] === undefined || losesSomething(value, now[key])
  })
}

function losesMember(before: readonly unknown[], after: readonly unknown[]): boolean {
  if (after.length < before.length) return true
  const named = new Map(after.map((member) => [nameOf(member), member]))
  return before.some((member, at) => {
    const name = nameOf(member)
    const now = name === undefined ? after[at] : named.get(name)
    return now === undefined || losesSomething(member, now)
  })
}

const nameOf = (member: unknown): string | undefined => {
  const name = isCollection(member) ? (member as { name?: unknown }).name : undefined
  return typeof name === 'string' ? name : undefined
}

const isCollection = (value: unknown): value is object =>
  typeof value === 'object' && value !== null
