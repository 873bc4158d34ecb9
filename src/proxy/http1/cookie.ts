/** The value of the first cookie of that name (RFC 6265 §4.2), undefined without one. */
export function cookieValue(fields: readonly string[], name: string): string | undefined {
  for (const field of fields) {
    for (const part of field.split(';')) {
      const pair = part.trim()
      if (pair.startsWith(name) && pair.charCodeAt(name.length) === 61)
        return pair.slice(name.length + 1)
    }
  }
  return undefined
}
