import type { Snapshot } from '../../model/snapshot.ts'

/** Parameters that carry secrets by common custom, whether an authorizer reads them or not. */
const usual = [
  'access_token',
  'api_key',
  'apikey',
  'assertion',
  'awsaccesskeyid',
  'client_secret',
  'code',
  'id_token',
  'jwt',
  'key',
  'password',
  'refresh_token',
  'secret',
  'sig',
  'signature',
  'token',
  'x-amz-credential',
  'x-amz-security-token',
  'x-amz-signature',
  'x-api-key',
  'x-goog-credential',
  'x-goog-signature',
]

const namesOf = new WeakMap<Snapshot['authorizers'], ReadonlySet<string>>()

/** Of the snapshot: what any authorizer reads from a query, in lower case. */
function secretNames({ authorizers }: Snapshot): ReadonlySet<string> {
  let names = namesOf.get(authorizers)
  if (names === undefined) {
    const configured = authorizers.flatMap(({ from }) =>
      from.flatMap((source) => (source.kind === 'query' ? source.name.toLowerCase() : [])),
    )
    namesOf.set(authorizers, (names = new Set([...usual, ...configured])))
  }
  return names
}

/** A query as it may be logged: the values of token parameters are replaced, whoever sent them and whether they were read. */
export function loggedQuery(query: string, snapshot: Snapshot): string {
  const secret = secretNames(snapshot)
  // Some backends take `;` for `&`: a token must not hide behind it.
  return query.replace(/([^?&;=]*)=([^?&;]*)/g, (parameter, name: string) =>
    secret.has(meant(name)) ? `${name}=REDACTED` : parameter,
  )
}

/** As backends read a name: decoded, and `token[]` is `token` to some. */
function meant(name: string): string {
  const plain = name.includes('%') ? decoded(name) : name
  return plain.replace(/\[.*$/s, '').toLowerCase()
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
