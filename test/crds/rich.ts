/**
 * Valid objects that set every field of the schemas, each to something that its absence would not mean. Where of several
 * fields one is wanted, the variants choose differently.
 */
export type Manifest = Readonly<Record<string, unknown>>

export interface Places {
  /** Backends, and where the key sets are served. Loopback. */
  readonly backend: number
  /** A backend that nobody means: the Service of the same name in the route's own namespace. */
  readonly decoy: number
  readonly keys: number
  /** Key sets as JSON: the one that is meant, and one that is not. */
  readonly good: string
  readonly bad: string
}

export const variants = [0, 1, 2] as const
export type Variant = (typeof variants)[number]

const api = 'fairlead.dev/v1alpha1'

/** Members of a list that are wanted, once as any, once as all. */
const wanted = (variant: Variant, ...members: string[]) =>
  variant === 1 ? { allOf: members } : { anyOf: members }

const sourceAddresses = {
  allow: ['127.0.0.1', '127.0.0.9'],
  deny: ['127.0.0.9'],
}

type Home = 'rule' | 'defaults'

/** The same authorizer twice, so that both ways of wanting something are there. */
const members = (variant: Variant, home: Home) =>
  ([0, 1] as const).map((how) => ({
    authorizer: { name: `customers-${variant}`, namespace: 'platform' },
    scopes: wanted(how, 'orders/read'),
    groups: wanted(how === 0 ? 1 : 0, 'buyers'),
    claims: [{ name: 'vip', anyOf: [true, 1, 'yes', home] }],
  }))

const authorize = (variant: Variant, home: Home) =>
  variant === 2
    ? { public: true, sourceAddresses }
    : { [variant === 1 ? 'allOf' : 'anyOf']: members(variant, home), sourceAddresses }

const hash = (variant: Variant, home: Home) =>
  [
    { header: `x-${home}` },
    { cookie: { name: home, ttl: '1h', issue: true } },
    { sourceAddress: true },
  ][variant]

/**
 * Everything that a rule and `defaults` both have.
 *
 * @param home differs in every value, so that it shows which of the two is in force
 */
function policies(variant: Variant, home: Home) {
  const isRule = home === 'rule'
  const n = isRule ? 2 : 3
  return {
    authorize: authorize(variant, home),
    balance: { policy: 'Hash', locality: 'PreferLocal', hash: hash(variant, home) },
    timeouts: { request: `${n}1s`, backendRequest: `${n}s`, connect: `${n}s`, idle: `${n}0s` },
    retry: {
      attempts: n,
      [variant === 2 ? 'true' : 'on']: ['Timeout', 500 + n],
      backoff: `${n}ms`,
      budget: n,
      idempotencyKeys: isRule ? 'AnyRegion' : 'SameRegion',
    },
    health: health(n, !isRule && variant === 2),
    failover: {
      ...((isRule || variant !== 1) && { panic: 'ServeAll' }),
      ...((isRule || variant === 1) && { useDrained: true }),
    },
    rewrite: {
      path: variant === 0 ? { replacePrefix: `/${home}` } : { replaceFull: `/${home}` },
      hostname: `${home}.internal`,
    },
    requestHeaders: {
      set: [{ name: `x-${home}-set`, value: 'ours' }],
      add: [{ name: `x-${home}-added`, value: 'ours' }],
      remove: [`x-${home}-removed`],
    },
    responseHeaders: {
      set: [{ name: `x-${home}-set`, value: 'ours' }],
      add: [{ name: `x-${home}-added`, value: 'ours' }],
      remove: [`x-${home}-removed`],
    },
    cors: {
      allowOrigins: [`https://${home}.example`],
      allowMethods: ['PUT'],
      allowHeaders: ['x-tenant'],
      exposeHeaders: ['x-served'],
      allowCredentials: true,
      maxAge: `${n}m`,
    },
    limits: { requestBody: `${n}Mi`, concurrency: 1000 * n },
    upgrade: { webSocket: true, maxLifetime: `${n}h`, expiresWithToken: false },
    errors: [{ codes: ['no_backend'], status: 500 + n, contentType: 'text/plain', body: home }],
  }
}

const health = (n: number, isGrpc: boolean) => ({
  active: {
    ...(isGrpc
      ? { grpc: { service: 'shop.Orders' } }
      : { path: '/healthz', statuses: ['200', '204-206'] }),
    interval: `${n}0s`,
    unhealthyInterval: `${n}s`,
    timeout: `${n}s`,
    healthy: n + 1,
    unhealthy: n + 1,
  },
  passive: {
    consecutiveFailures: n * 100,
    failurePercent: n * 10 + 50,
    minRequests: n * 1000,
    window: `${n}0s`,
    slowFactor: n * 10,
    ejectFor: `${n}s`,
    maxEjected: n * 10,
  },
  slowStart: `${n}0ms`,
})

const conditions = [
  { name: 'x-exact', exact: 'a' },
  { name: 'x-prefix', prefix: 'b' },
  { name: 'x-regex', regex: 'c+' },
  { name: 'x-present', present: false },
]

const stored = { name: 'keys', namespace: 'keys', key: 'set.json' }

/** Certificates and authorities of other namespaces. Those of the same names in the namespace `shop` are others. */
const pairRef = { name: 'tls', namespace: 'keys' }
const caRef = { name: 'authorities', namespace: 'keys', kind: 'Secret', key: 'bundle.pem' }

const backends = (port: number) => [
  {
    name: 'here',
    region: 'eu-west-1',
    weight: 90,
    priority: 1,
    service: { name: 'orders', namespace: 'platform', port: 80 },
    maxConnections: 10,
    maxPending: 20,
  },
  { name: 'there', region: 'us-east-1', weight: 10, priority: 2, url: `http://127.0.0.1:${port}` },
  {
    name: 'never',
    region: 'us-west-2',
    weight: 10,
    priority: 3,
    url: 'https://never.example',
    tls: { serverName: 'secure.example', caRef, clientCertificateRef: pairRef },
  },
]

/** Neither of the two goes with a backend that speaks HTTP/1.1. */
const calls = (variant: Variant) => ({
  name: 'calls',
  matches: [{ path: { prefix: '/shop.Orders' } }],
  authorize: authorize(0, 'rule'),
  upgrade: { webSocket: false },
  ...(variant !== 2 && { health: health(2, true) }),
  backends: [{ name: 'calls', url: 'https://never.example', protocol: 'HTTP2' }],
})

export function richRoute(variant: Variant, places: Places): Manifest {
  return {
    apiVersion: api,
    kind: 'ApiRoute',
    metadata: { namespace: 'shop', name: `route-${variant}`, generation: 1, uid: `r${variant}` },
    spec: {
      className: 'internal',
      hostnames: [hostOf(variant)],
      tls: {
        secretRef: pairRef,
        minVersion: '1.3',
        plaintext: 'Allow',
        clientCertificate: { mode: 'Optional', caRefs: [caRef] },
      },
      paths: { encodedSlash: 'Keep', mergeSlashes: false, underscores: 'Reject' },
      defaults: policies(variant, 'defaults'),
      rules: [
        {
          name: 'prefix',
          matches: [
            {
              path: { prefix: '/prefix' },
              methods: ['GET'],
              headers: conditions,
              query: conditions,
            },
          ],
          backends: backends(places.backend),
          ...policies(0, 'rule'),
        },
        {
          name: 'exact',
          matches: [{ path: { exact: '/exact' } }],
          backends: backends(places.backend),
          ...policies(1, 'rule'),
        },
        {
          name: 'pattern',
          matches: [{ path: { pattern: '/pattern/{id}' } }],
          backends: backends(places.backend),
          ...policies(2, 'rule'),
        },
        {
          name: 'defaults',
          matches: [{ path: { prefix: '/defaults' } }],
          backends: backends(places.backend),
        },
        calls(variant),
        {
          name: 'redirect',
          matches: [{ path: { regex: '/redirect/[0-9]+' } }],
          authorize: authorize(0, 'rule'),
          redirect: {
            status: 308,
            scheme: 'https',
            hostname: 'new.shop.example',
            port: 8443,
            path: { replaceFull: '/new' },
          },
        },
        {
          name: 'redirect-prefix',
          matches: [{ path: { prefix: '/old' } }],
          authorize: authorize(0, 'rule'),
          redirect: { path: { replacePrefix: '/new' } },
        },
        {
          name: 'respond',
          matches: [{ path: { exact: '/respond' } }],
          authorize: authorize(0, 'rule'),
          respond: {
            status: 218,
            body: 'short and stout',
            contentType: 'text/html',
            headers: [{ name: 'x-answer', value: 'yes' }],
          },
        },
      ],
    },
  }
}

export const hostOf = (variant: Variant): string => `v${variant}.shop.example`

export const issuerOf = (name: string, { keys }: Places): string =>
  `http://127.0.0.1:${keys}/${name}/`

/** What both kinds of authorizers have. */
const token = (variant: Variant) => ({
  from: [{ header: 'x-token', scheme: 'Token' }, { cookie: 'session' }, { query: 'access_token' }],
  clockSkew: '0s',
  claims: [{ name: 'email_verified', anyOf: [true] }],
  groups: wanted(variant, 'staff'),
  forward: {
    headers: [{ header: 'x-user', claim: 'sub' }],
    claimsHeader: 'x-claims',
    token: 'Keep',
  },
  staleKeysFor: '1h',
})

/** Each issuer takes its keys from somewhere else. */
export function richJwt(variant: Variant, places: Places): Manifest {
  const issuer = (name: string, rest: object) => ({
    issuer: issuerOf(name, places),
    audiences: ['orders'],
    algorithms: ['ES256'],
    type: 'at+jwt',
    ...rest,
  })
  return {
    apiVersion: api,
    kind: 'ApiAuthorizer',
    metadata: {
      namespace: 'platform',
      name: `customers-${variant}`,
      generation: 1,
      uid: `j${variant}`,
    },
    spec: {
      jwt: {
        issuers: [
          issuer('inline', { jwks: { inline: places.good } }),
          issuer('uri', { jwksUri: `http://127.0.0.1:${places.keys}/good` }),
          issuer('service', {
            jwks: { service: { name: 'login', namespace: 'keys', port: 80, path: '/good' } },
          }),
          issuer('config-map', { jwks: { configMapRef: stored } }),
          issuer('secret', { jwks: { secretRef: stored } }),
          { issuer: issuerOf('any', places), anyAudience: true, jwks: { inline: places.good } },
        ],
        ...token(variant),
      },
    },
  }
}

export const pool = { region: 'eu-west-1', userPoolId: 'eu-west-1_AbCdEf', clientIds: ['3n4b5'] }

export const richCognito = (variant: Variant): Manifest => ({
  apiVersion: api,
  kind: 'ApiAuthorizer',
  metadata: {
    namespace: 'platform',
    name: `customers-${variant}`,
    generation: 1,
    uid: `c${variant}`,
  },
  spec: {
    cognito: { userPools: [pool], tokenUse: variant === 0 ? 'Id' : 'Any', ...token(variant) },
  },
})

export const richMtls = (variant: Variant): Manifest => ({
  apiVersion: api,
  kind: 'ApiAuthorizer',
  metadata: {
    namespace: 'platform',
    name: `customers-${variant}`,
    generation: 1,
    uid: `m${variant}`,
  },
  spec: {
    mtls: {
      subjectAltNames: ['URI:spiffe://shop/orders', `DNS:client-${variant}.example`],
      fingerprints: ['ab'.repeat(32), `${'CD:'.repeat(31)}0f`],
      forward: {
        headers: [
          { header: 'x-client-name', from: 'subjectAltName' },
          { header: 'x-client-key', from: 'fingerprint' },
        ],
      },
    },
  },
})
