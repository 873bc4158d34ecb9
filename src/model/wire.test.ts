import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Authorizer } from './authorization.ts'
import type { Cluster } from './cluster.ts'
import { digestOf, digestOfEntry, digestOfHost, digestOfSnapshot, sha256 } from './digest.ts'
import { defaultSettings } from './settings.ts'
import type { HostEntry, Rule, Snapshot } from './snapshot.ts'
import { decodeSnapshot, encodeSnapshot } from './wire.ts'

const edits = { remove: ['x-old'], set: [{ name: 'x-a', value: '1' }], add: [] }

const rule: Rule = {
  id: 'shop/orders/read',
  route: 'shop/orders',
  name: 'read',
  namespace: 'shop',
  origin: { kind: 'ApiRoute', namespace: 'shop', name: 'orders', generation: 3 },
  action: {
    kind: 'forward',
    backends: [
      { name: 'eu', cluster: 'c1', region: 'eu-west-1', weight: 9, priority: 0, basePath: '/v1' },
    ],
    balance: {
      policy: 'Hash',
      on: { kind: 'cookie', name: 'id', ttlMs: 1000, issue: true },
      locality: 'Ignore',
    },
    retry: {
      attempts: 1,
      on: ['ConnectFailure'],
      statuses: [503],
      backoffMs: 25,
      budgetPercent: 20,
      idempotencyKeys: 'Never',
    },
    failover: { panic: 'Fail', useDrained: false },
    rewrite: { path: { kind: 'prefix', value: '/' }, hostname: 'orders.internal' },
  },
  authorize: {
    kind: 'anyOf',
    members: [
      {
        authorizer: 'shop/customers',
        scopes: { anyOf: ['read'] },
        claims: [{ name: 'vip', anyOf: [true, 1, 'yes'] }],
      },
    ],
    addresses: { allow: ['10.0.0.0/8'], deny: [] },
  },
  paths: { encodedSlash: 'Reject', mergeSlashes: true, underscores: 'Drop' },
  timeouts: { requestMs: 30_000, backendRequestMs: 30_000, connectMs: 1000, idleMs: 60_000 },
  limits: { requestBody: 0, concurrency: 0 },
  stripHeaders: ['x-user'],
  requestHeaders: edits,
  responseHeaders: edits,
  cors: {
    allowOrigins: ['https://shop.example'],
    allowMethods: ['GET'],
    allowHeaders: [],
    exposeHeaders: [],
    allowCredentials: true,
    maxAgeSeconds: 600,
  },
  upgrade: { webSocket: true, maxLifetimeMs: 7_200_000, expiresWithToken: true },
  errors: [
    { codes: ['no_backend'], status: 503, contentType: 'text/html', body: '<h1>Back soon</h1>' },
  ],
}

const cluster: Cluster = {
  id: 'c1',
  name: 'shop/orders:80',
  target: {
    kind: 'service',
    namespace: 'shop',
    service: 'orders',
    port: 80,
    endpoints: [{ address: '10.1.2.3', port: 8080, state: 'ready', zones: ['a'] }],
  },
  health: {
    active: {
      path: '/',
      intervalMs: 5000,
      unhealthyIntervalMs: 1000,
      timeoutMs: 1000,
      healthy: 2,
      unhealthy: 2,
      statuses: [[200, 299]],
    },
    passive: {
      consecutiveFailures: 3,
      failurePercent: 30,
      minRequests: 20,
      windowMs: 10_000,
      slowFactor: 5,
      ejectForMs: 10_000,
      maxEjected: 100,
      statuses: [503],
    },
    slowStartMs: 10_000,
  },
  maxConnections: 1000,
  maxPending: 1000,
}

const authorizer: Authorizer = {
  id: 'shop/customers',
  namespace: 'shop',
  name: 'customers',
  version: 'v1',
  kind: 'jwt',
  issuers: [
    {
      issuer: 'https://a.example',
      audiences: ['orders'],
      algorithms: ['RS256'],
      groupsClaim: 'groups',
      keys: { kind: 'discovery' },
      type: 'at+jwt',
    },
    {
      issuer: 'https://b.example',
      audiences: [],
      algorithms: ['RS256'],
      groupsClaim: 'cognito:groups',
      keys: { kind: 'service', cluster: 'c1', path: '/keys' },
      cognito: { clientIds: ['c'], tokenUse: 'Access' },
    },
  ],
  from: [
    { kind: 'header', name: 'authorization', scheme: 'Bearer' },
    { kind: 'cookie', name: 'session' },
    { kind: 'query', name: 'access_token' },
  ],
  clockSkewMs: 30_000,
  claims: [],
  groups: { allOf: ['staff'] },
  forward: {
    headers: [{ header: 'x-user', claim: 'sub' }],
    claimsHeader: 'x-claims',
    token: 'Remove',
  },
  staleKeysForMs: 1000,
}

const certificates: Authorizer = {
  id: 'shop/partners',
  namespace: 'shop',
  name: 'partners',
  version: 'v1',
  kind: 'mtls',
  certificate: {
    subjectAltNames: ['URI:spiffe://shop/orders'],
    fingerprints: ['ab'.repeat(32)],
    headers: [{ header: 'x-client', from: 'subjectAltName' }],
  },
  issuers: [],
  from: [],
  clockSkewMs: 0,
  claims: [],
  forward: { headers: [], token: 'Keep' },
  staleKeysForMs: 0,
}

function snapshotOf(rules: readonly Rule[]): Snapshot {
  const entries: HostEntry[] = rules.flatMap((each) => [
    {
      match: { path: { kind: 'exact', value: '/a' }, methods: [], headers: [], query: [] },
      rule: each,
    },
    {
      match: {
        path: { kind: 'prefix', value: '/b', literal: 1 },
        methods: ['GET', 'HEAD'],
        headers: [{ name: 'x-a', kind: 'exact', value: '1' }],
        query: [{ name: 'q', kind: 'present', value: true }],
      },
      rule: each,
    },
  ])
  const digest = digestOfHost(
    'api.shop.example',
    { held: true },
    entries.map(({ match, rule }) => digestOfEntry(match, digestOf(rule))),
  )
  const parts = {
    format: 1 as const,
    settings: defaultSettings,
    hosts: [{ hostname: 'api.shop.example', digest, held: true, entries }],
    clusters: [cluster],
    authorizers: [authorizer, certificates],
    secrets: { [sha256('s3cret')]: 's3cret' },
  }
  const whole = digestOfSnapshot({
    settings: digestOf(parts.settings),
    hosts: [digest],
    clusters: [digestOf(cluster)],
    authorizers: [digestOf(authorizer), digestOf(certificates)],
    secrets: Object.keys(parts.secrets),
  })
  return { ...parts, digest: whole }
}

const actions: readonly Rule['action'][] = [
  { kind: 'invalid' },
  {
    kind: 'redirect',
    status: 308,
    scheme: 'https',
    hostname: 'a.example',
    port: 443,
    path: { kind: 'full', template: '/x/{id}' },
  },
  {
    kind: 'respond',
    status: 418,
    body: 'short and stout',
    contentType: 'text/plain',
    headers: [{ name: 'x-tea', value: 'pot' }],
  },
]
const snapshot = snapshotOf([
  rule,
  ...actions.map((action): Rule => ({ ...rule, action, authorize: { kind: 'public' } })),
])

type Json = Record<string | number, unknown>

/** The message with one place of it changed; `undefined` removes it. */
function edited(way: readonly (string | number)[], value: unknown): string {
  const message = JSON.parse(encodeSnapshot(snapshot)) as Json
  const last = way.at(-1) as string | number
  const parent = way.slice(0, -1).reduce<Json>((at, step) => at[step] as Json, message)
  if (value === undefined) delete parent[last]
  else Object.defineProperty(parent, last, { value, enumerable: true })
  return JSON.stringify(message)
}

test('what is encoded decodes to the same snapshot, frozen', () => {
  const decoded = decodeSnapshot(encodeSnapshot(snapshot))
  expect(decoded).toEqual({ snapshot })
  expect('snapshot' in decoded && Object.isFrozen(decoded.snapshot.hosts[0]?.entries)).toBe(true)
})

test('a rule that several entries lead to travels once and is one object again', () => {
  const text = encodeSnapshot(snapshot)
  expect(JSON.parse(text).rules).toHaveLength(4)
  const decoded = decodeSnapshot(text)
  const entries = 'snapshot' in decoded ? (decoded.snapshot.hosts[0]?.entries ?? []) : []
  expect(entries[0]?.rule).toBe(entries[1]?.rule)
})

const someSecret = Object.keys(snapshot.secrets)[0] as string
const firstEntries = JSON.parse(encodeSnapshot(snapshot)).hosts[0].entries as unknown[]

describe('K10: what is not understood is refused, with the place', () => {
  test.each<[string, (string | number)[], unknown, string]>([
    [
      'an unknown field of a rule',
      ['rules', 0, 'mtls'],
      {},
      'rules[0].mtls: this field is not known',
    ],
    ['an unknown field of the whole', ['rateLimits'], [], 'rateLimits: this field is not known'],
    [
      'a field called __proto__',
      ['rules', 0, '__proto__'],
      {},
      '__proto__: this field is not known',
    ],
    [
      'an unknown authorization',
      ['rules', 0, 'authorize', 'kind'],
      'noneOf',
      'rules[0].authorize: kind must be one of public, deny, anyOf, allOf',
    ],
    [
      'a kind that is a method of Object',
      ['rules', 0, 'authorize', 'kind'],
      'constructor',
      'rules[0].authorize: kind must be',
    ],
    [
      'a missing field',
      ['rules', 0, 'stripHeaders'],
      undefined,
      'rules[0]: "stripHeaders" is missing',
    ],
    [
      'a text for a number',
      ['clusters', 0, 'maxPending'],
      '1',
      'clusters[0].maxPending: a whole number is wanted',
    ],
    [
      'a negative number',
      ['clusters', 0, 'maxPending'],
      -1,
      'clusters[0].maxPending: a whole number is wanted',
    ],
    ['null for an object', ['hosts', 0], null, 'hosts[0]: an object is wanted'],
    ['an object for a list', ['hosts'], {}, 'hosts: a list is wanted'],
    [
      'an unknown failure code',
      ['rules', 0, 'errors', 0, 'codes'],
      ['x'],
      'rules[0].errors[0].codes[0]: one of',
    ],
    [
      'a status range of three',
      ['clusters', 0, 'health', 'active', 'statuses'],
      [[1, 2, 3]],
      'statuses[0]: two statuses are wanted',
    ],
    [
      'a rule that does not exist',
      ['hosts', 0, 'entries', 0, 'rule'],
      99,
      'rules[99] does not exist',
    ],
    ['another format', ['format'], 2, 'format: one of 1 is wanted'],
  ])('%s', (_name, way, value, want) => {
    expect(decodeSnapshot(edited(way, value))).toEqual({ problem: expect.stringContaining(want) })
  })
})

describe('K5: what was changed on the way is refused', () => {
  test.each<[string, (string | number)[], unknown, string]>([
    [
      'a rule',
      ['rules', 0, 'authorize'],
      { kind: 'public' },
      'the digest of host "api.shop.example" does not match',
    ],
    [
      'the order of entries',
      ['hosts', 0, 'entries'],
      firstEntries.toReversed(),
      'the digest of host',
    ],
    ['a host that holds its place', ['hosts', 0, 'held'], false, 'the digest of host'],
    [
      'an endpoint',
      ['clusters', 0, 'target', 'endpoints', 0, 'address'],
      '10.9.9.9',
      'the digest of the snapshot',
    ],
    ['an authorizer left out', ['authorizers'], [], 'the digest of the snapshot'],
    ['a setting', ['settings', 'trustedProxies'], ['0.0.0.0/0'], 'the digest of the snapshot'],
    ['a secret', ['secrets', someSecret], 'x', 'does not match its fingerprint'],
    ['a host left out', ['hosts'], [], 'the digest of the snapshot'],
  ])('%s', (_name, way, value, want) => {
    expect(decodeSnapshot(edited(way, value))).toEqual({ problem: expect.stringContaining(want) })
  })

  test('a cut message', () => {
    const text = encodeSnapshot(snapshot)
    expect(decodeSnapshot(text.slice(0, -1))).toEqual({ problem: 'the snapshot is not JSON' })
  })
})

test('decoding never throws, whatever the JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(decodeSnapshot(JSON.stringify(value))).toHaveProperty('problem')
    }),
  )
})

test('any one value exchanged for another is refused or changes nothing', () => {
  const text = encodeSnapshot(snapshot)
  const places = [...text.matchAll(/(?<=:)("[^"]*"|\d+|true|false|null)/g)]
  fc.assert(
    fc.property(
      fc.constantFrom(...places),
      fc.constantFrom('"x"', '0', '7', 'null', '[]', '{}', 'true'),
      (place, value) => {
        const changed =
          text.slice(0, place.index) + value + text.slice(place.index + place[0].length)
        const decoded = decodeSnapshot(changed)
        if ('snapshot' in decoded) expect(decoded.snapshot).toEqual(snapshot)
      },
    ),
  )
})
