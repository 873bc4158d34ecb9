/** Every value of every parameter, in order. */
export type Parameters = ReadonlyMap<string, readonly string[]>

const none: Parameters = new Map()

/**
 * The parameters of a query, decoded (WHATWG URL, `application/x-www-form-urlencoded`), for conditions alone: what
 * is forwarded is the query as it came. What cannot be decoded is compared as it stands.
 *
 * @param query with its `?`
 */
export function queryParameters(query: string): Parameters {
  if (query.length < 2) return none
  const parameters = new Map<string, string[]>()
  for (let at = 1; at <= query.length; ) {
    const next = query.indexOf('&', at)
    const end = next < 0 ? query.length : next
    if (end > at) addParameter(parameters, query.slice(at, end))
    at = end + 1
  }
  return parameters
}

function addParameter(parameters: Map<string, string[]>, text: string): void {
  const equals = text.indexOf('=')
  const name = decoded(equals < 0 ? text : text.slice(0, equals))
  const value = equals < 0 ? '' : decoded(text.slice(equals + 1))
  const values = parameters.get(name)
  if (values === undefined) parameters.set(name, [value])
  else values.push(value)
}

function decoded(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return text
  }
}
