import { host, type Manifest, route } from '../manifests.ts'

/** One way of breaking an object, and what its status must say of it. */
export interface Fault {
  readonly name: string
  /** The nth object of this kind, at a host of its own. */
  readonly manifest: (hostname: string, name: string) => Manifest
  /** Where, what, and what would be right. */
  readonly says: readonly [where: string, what: string, right: string]
  /** A path that was meant; `/orders/7` unless the fault is in one. */
  readonly path?: string
  /** Not even its host can be read, so that it has no place to hold. */
  readonly isPlaceless?: true
}

const backend = (service: object) => [
  { name: 'eu', service: { name: 'orders-eu', port: 80, ...service } },
]
const good = { backends: backend({}) }

/** A fault in the one rule of a route. */
const inRule =
  (rule: object): Fault['manifest'] =>
  (hostname, name) =>
    route(name, { ...good, ...rule }, hostname)

const match = (path: object) => inRule({ matches: [{ path }] })

export const faults: readonly Fault[] = [
  {
    name: 'misspelt-field',
    manifest: inRule({ timeout: { request: '1s' } }),
    says: ['spec.rules[0].timeout', 'is not a field', 'timeouts'],
  },
  {
    name: 'misspelt-authorize',
    manifest: inRule({ authorize: undefined, authorise: { public: true } }),
    says: ['spec.rules[0].authorise', 'is not a field', 'authorize'],
  },
  {
    name: 'no-authorize',
    manifest: inRule({ authorize: undefined }),
    says: ['spec.rules[0]', 'authorize is required', 'public: true'],
  },
  {
    name: 'unknown-service',
    manifest: inRule({ backends: backend({ name: 'order-eu' }) }),
    says: [
      'spec.rules[0].backends[0]',
      '"shop/order-eu" does not exist',
      'did you mean "orders-eu"',
    ],
  },
  {
    name: 'unknown-port',
    manifest: inRule({ backends: backend({ port: 8080 }) }),
    says: ['spec.rules[0].backends[0]', 'has no port 8080', 'it has 80'],
  },
  {
    name: 'unknown-authorizer',
    manifest: inRule({ authorize: { anyOf: [{ authorizer: { name: 'customer' } }] } }),
    says: [
      'spec.rules[0].authorize.anyOf[0]',
      '"shop/customer" does not exist',
      'did you mean "customers"',
    ],
  },
  {
    name: 'other-namespace',
    manifest: inRule({ backends: backend({ namespace: 'vault' }) }),
    says: ['spec.rules[0].backends[0]', '"vault/orders-eu" may not be used', 'ReferenceGrant'],
  },
  {
    name: 'metadata-service',
    manifest: inRule({ backends: [{ name: 'eu', url: 'http://169.254.169.254/' }] }),
    says: ['spec.rules[0].backends[0].url', '"169.254.169.254" is refused', 'metadata'],
  },
  {
    name: 'not-http',
    manifest: inRule({ backends: [{ name: 'eu', url: 'ftp://files.shop.example/' }] }),
    says: ['spec.rules[0].backends[0].url', 'is not a URL', 'write https://'],
  },
  {
    name: 'two-actions',
    manifest: inRule({ redirect: { status: 302 } }),
    says: ['spec.rules[0]', 'must have exactly one', 'backends, redirect, respond'],
  },
  {
    name: 'two-paths',
    manifest: match({ exact: '/a', prefix: '/a' }),
    says: [
      'spec.rules[0].matches[0].path',
      'must have exactly one',
      'exact, prefix, pattern, regex',
    ],
  },
  {
    name: 'not-re2',
    path: '/a/c',
    manifest: match({ regex: '/a/(?=b)c' }),
    says: ['spec.rules[0].matches[0].path.regex', '(?=', 'RE2'],
  },
  {
    name: 'not-canonical',
    path: '/b',
    manifest: match({ prefix: '/a/../b' }),
    says: ['spec.rules[0].matches[0].path.prefix', 'is not a canonical path', 'write "/b"'],
  },
  {
    name: 'half-a-segment',
    manifest: match({ pattern: '/orders/{id' }),
    says: ['spec.rules[0].matches[0].path.pattern', 'mixes text and braces', 'write {name}'],
  },
  {
    name: 'method-in-lower-case',
    manifest: inRule({ matches: [{ methods: ['get'] }] }),
    says: ['spec.rules[0].matches[0].methods[0]', 'not "get"', 'upper case'],
  },
  {
    name: 'no-duration',
    manifest: inRule({ timeouts: { request: '1 minute' } }),
    says: ['spec.rules[0].timeouts.request', 'not "1 minute"', '250ms, 30s or 1h30m'],
  },
  {
    name: 'no-quantity',
    manifest: inRule({ limits: { requestBody: '10MB' } }),
    says: ['spec.rules[0].limits.requestBody', 'not "10MB"', '64Ki or 10Mi'],
  },
  {
    name: 'open-cors',
    manifest: inRule({ cors: { allowOrigins: ['*'], allowCredentials: true } }),
    says: ['spec.rules[0].cors', 'cannot go with', 'list the origins'],
  },
  {
    name: 'header-with-line-break',
    manifest: inRule({ requestHeaders: { set: [{ name: 'x-a', value: 'a\r\nb: c' }] } }),
    says: ['spec.rules[0].requestHeaders.set[0].value', 'not "a\\r\\nb: c"', 'visible ASCII'],
  },
  {
    name: 'no-hostname',
    manifest: (hostname, name) => route(name, good, hostname.replace('.shop', '_!.shop')),
    says: ['spec.hostnames[0]', 'is not a hostname', `write ${host}`],
    isPlaceless: true,
  },
]
