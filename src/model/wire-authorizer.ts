import type {
  Authorize,
  AuthorizeMember,
  Authorizer,
  CertificateCondition,
  ClaimCondition,
  CredentialSource,
  ForwardClaims,
  Issuer,
  KeySource,
  SourceAddresses,
  Wanted,
} from './authorization.ts'
import { count, type Decode, list, oneOf, record, scalar, text, union } from './decode.ts'

const wanted: Decode<Wanted> = record({}, { anyOf: list(text), allOf: list(text) })

const claims: Decode<readonly ClaimCondition[]> = list(
  record({ name: text, anyOf: list(scalar) }, {}),
)

const addresses: Decode<SourceAddresses> = record({ allow: list(text), deny: list(text) }, {})

const member: Decode<AuthorizeMember> = record(
  { authorizer: text, claims },
  { scopes: wanted, groups: wanted },
)

const members = record<Extract<Authorize, { members: unknown }>>(
  { kind: oneOf('anyOf', 'allOf'), members: list(member) },
  { addresses },
)

export const authorize = union<Authorize, 'kind'>('kind', {
  public: record({ kind: oneOf('public') }, { addresses }),
  deny: record({ kind: oneOf('deny') }, {}),
  anyOf: members,
  allOf: members,
})

const keys = union<KeySource, 'kind'>('kind', {
  missing: record({ kind: oneOf('missing') }, {}),
  discovery: record({ kind: oneOf('discovery') }, {}),
  uri: record({ kind: oneOf('uri'), uri: text }, {}),
  service: record({ kind: oneOf('service'), cluster: text, path: text }, { ca: text }),
  inline: record({ kind: oneOf('inline'), jwks: text }, {}),
})

const issuer: Decode<Issuer> = record(
  { issuer: text, audiences: list(text), algorithms: list(text), groupsClaim: text, keys },
  {
    cognito: record({ clientIds: list(text), tokenUse: oneOf('Access', 'Id', 'Any') }, {}),
    type: text,
  },
)

const source = union<CredentialSource, 'kind'>('kind', {
  header: record({ kind: oneOf('header'), name: text, scheme: text }, {}),
  cookie: record({ kind: oneOf('cookie'), name: text }, {}),
  query: record({ kind: oneOf('query'), name: text }, {}),
})

const forward: Decode<ForwardClaims> = record(
  { headers: list(record({ header: text, claim: text }, {})), token: oneOf('Remove', 'Keep') },
  { claimsHeader: text },
)

const certificate: Decode<CertificateCondition> = record(
  {
    subjectAltNames: list(text),
    fingerprints: list(text),
    headers: list(record({ header: text, from: oneOf('subjectAltName', 'fingerprint') }, {})),
  },
  {},
)

export const authorizer: Decode<Authorizer> = record(
  {
    id: text,
    namespace: text,
    name: text,
    version: text,
    kind: oneOf('jwt', 'mtls'),
    issuers: list(issuer),
    from: list(source),
    clockSkewMs: count,
    claims,
    forward,
    staleKeysForMs: count,
  },
  { groups: wanted, certificate },
)
