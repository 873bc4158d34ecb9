import { service } from './faults.ts'

/** A broken ApiAuthorizer: a rule that asks it admits nobody, and nothing else is touched. */
export interface AuthorizerFault {
  readonly what: string
  readonly where: string
  readonly right: string
  readonly spec: unknown
  readonly more?: readonly object[]
}

export const issuer = (own: object = {}): object => ({
  issuer: 'https://login.example/',
  audiences: ['a'],
  ...own,
})

export const authorizer = (name: string, spec: unknown, namespace = 'shop'): object => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiAuthorizer',
  metadata: { name, namespace },
  spec,
})

const jwt = (what: string, own: object, where: string, right: string): AuthorizerFault => ({
  what,
  where: `spec.jwt.issuers[0]${where}`,
  right,
  spec: { jwt: { issuers: [issuer(own)] } },
})

const cognito = (what: string, own: object, where: string, right: string): AuthorizerFault => {
  const pool = { region: 'eu-west-1', userPoolId: 'eu-west-1_AbC', clientIds: ['a'], ...own }
  return {
    what,
    where: `spec.cognito.userPools[0]${where}`,
    right,
    spec: { cognito: { userPools: [pool] } },
  }
}

const secret = (name: string, stringData: object) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'shop' },
  stringData,
})

const keysIn = (name: string) => ({ jwks: { secretRef: { name } } })

export const authorizerFaults: readonly AuthorizerFault[] = [
  jwt('C7 an issuer over http', { issuer: 'http://login.example/' }, '.issuer', 'https'),
  jwt('C7 keys at an address', { jwksUri: 'https://10.0.0.1/keys' }, '.jwksUri', '10.0.0.1'),
  jwt('C7 keys in a file', { jwksUri: 'file:///etc/passwd' }, '.jwksUri', 'https'),
  jwt(
    'C7 keys with a password',
    { jwksUri: 'https://me:pw@login.example/' },
    '.jwksUri',
    'holds no user and no password',
  ),
  jwt('J1 HS256', { algorithms: ['HS256'] }, '.algorithms[0]', 'must be one of RS256'),
  jwt('J1 none', { algorithms: ['none'] }, '.algorithms[0]', 'must be one of RS256'),
  jwt(
    'no audience',
    { audiences: undefined },
    '',
    'must have exactly one of audiences, anyAudience: true',
  ),
  {
    ...jwt('C14 a Secret without keys', keysIn('empty'), '.jwks.secretRef', 'jwks.json'),
    more: [secret('empty', { other: 'x' })],
  },
  {
    ...jwt(
      'C14 a Secret that holds no key set',
      keysIn('html'),
      '.jwks.secretRef',
      'it is not a JSON Web Key Set',
    ),
    more: [secret('html', { 'jwks.json': '<html>' })],
  },
  jwt(
    'C14 a Secret that does not exist',
    keysIn('gone'),
    '.jwks.secretRef',
    'Secret "shop/gone" does not exist',
  ),
  jwt(
    'C14 a name that climbs',
    keysIn('../etc'),
    '.jwks.secretRef.name',
    'must be a lower-case name of letters, digits, - and ., not "../etc"',
  ),
  {
    what: 'J9 a skew of an hour',
    where: 'spec.jwt.clockSkew',
    right: '60s',
    spec: { jwt: { issuers: [issuer()], clockSkew: '1h' } },
  },
  {
    what: "U6 a header that is not an authorizer's to set",
    where: 'spec.jwt.forward',
    right: 'header "authorization" cannot be injected; use one of your own',
    spec: {
      jwt: {
        issuers: [issuer()],
        forward: { headers: [{ header: 'authorization', claim: 'sub' }] },
      },
    },
  },
  cognito('a pool of another region', { region: 'us-east-1' }, '.userPoolId', 'us-east-1'),
  cognito('J12 no client', { clientIds: [] }, '.clientIds', 'must have at least 1 members, not 0'),
  {
    what: 'no kind of authorizer',
    where: 'spec',
    right: 'must have exactly one of jwt, cognito',
    spec: {},
  },
  {
    what: 'C11 no spec',
    where: 'spec',
    right: 'is required (an object such as { jwt: … } or { cognito: … } or { mtls: … })',
    spec: undefined,
  },
]

/** A file, or a document in it, that is no object of ours: it owns nothing, and its file says so. */
export interface FileFault {
  readonly what: string
  readonly text: string
  readonly right: string
}

const document = (own: object): string => {
  const metadata = { name: 'x', namespace: 'shop' }
  return JSON.stringify({ apiVersion: 'fairlead.dev/v1alpha1', kind: 'ApiRoute', metadata, ...own })
}

export const fileFaults: readonly FileFault[] = [
  {
    what: 'a list that is not closed',
    text: 'a: [\n',
    right: ':2:1: unexpected end of the stream within a flow collection',
  },
  {
    what: 'a key that is there twice',
    text: 'a: 1\na: 2\n',
    right: ':2:1: duplicated mapping key',
  },
  {
    what: 'a tab',
    text: 'a:\n\tb: 1\n',
    right: ':2:1: tab characters must not be used in indentation',
  },
  {
    what: 'an alias of nothing',
    text: 'a: *b\n',
    right: ':1:6: unidentified alias; a text that begins with * needs quotes',
  },
  { what: 'a NUL', text: 'a: 1\0\n', right: ':1:5: a NUL byte: this is no text file' },
  { what: 'endless nesting', text: '['.repeat(100_000), right: ': nested deeper than 64 levels' },
  {
    what: 'no object',
    text: '- 1\n',
    right: ': document 1: must be an object with apiVersion, kind and metadata',
  },
  {
    what: 'C11 a newer version',
    text: document({ apiVersion: 'fairlead.dev/v2' }),
    right:
      ': document 1: apiVersion: of kind ApiRoute must be fairlead.dev/v1alpha1, not "fairlead.dev/v2"',
  },
  {
    what: 'a kind in another spelling',
    text: document({ kind: 'Apiroute' }),
    right: ': document 1: kind: "Apiroute"; it must be one of ApiRoute',
  },
  {
    what: 'C11 no metadata',
    text: document({ metadata: null }),
    right: ': document 1: metadata: must be an object such as { name: … }, not null',
  },
  {
    what: 'C8 a name of an object in upper case',
    text: document({ metadata: { name: 'X' } }),
    right:
      ': document 1: metadata.name: must be a lower-case name of letters, digits, - and ., not "X"',
  },
  {
    what: 'a Service whose port is no port',
    text: JSON.stringify(service('s', { ports: [{ port: 'http' }] })),
    right: ': document 1: spec.ports[0].port: must be a number, not "http"',
  },
]
