/** Members of a public JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2) that a verifier needs. */
const publicMembers = ['kty', 'use', 'key_ops', 'alg', 'kid', 'crv', 'x', 'y', 'n', 'e'] as const

/** Members that only private and symmetric keys have. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

const mostKeys = 100

/**
 * A key set as it may travel in a snapshot: public members only. A private or symmetric key is a fault and
 * not cut down silently, because whoever can read it can sign (hostile-inputs J2, J18).
 */
export function publicKeySet(text: string): { readonly jwks: string } | { readonly fault: string } {
  const keys = keysOf(parse(text))
  if (keys === undefined) return { fault: 'it is not a JSON Web Key Set: {"keys": [...]}' }
  if (keys.length === 0) return { fault: 'it holds no key' }
  if (keys.length > mostKeys)
    return { fault: `it holds ${keys.length} keys; at most ${mostKeys} are allowed` }
  const secret = keys.findIndex((key) => secretMembers.some((member) => Object.hasOwn(key, member)))
  if (secret >= 0)
    return { fault: `keys[${secret}] is a private or symmetric key; only public keys belong here` }
  return { jwks: JSON.stringify({ keys: keys.map(publicPart) }) }
}

const publicPart = (key: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    publicMembers
      .filter((member) => Object.hasOwn(key, member))
      .map((member) => [member, key[member]]),
  )

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function keysOf(value: unknown): readonly Readonly<Record<string, unknown>>[] | undefined {
  if (!isRecord(value) || !Array.isArray(value['keys'])) return undefined
  return value['keys'].every(isRecord) ? value['keys'] : undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
