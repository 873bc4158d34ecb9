import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCompiler } from '../../src/controller/compile/compile.ts'
import { type Manifest, optionsOf, worldOf } from '../golden/case.ts'
import { type Given, startTokenGateway, type TokenGateway } from './gateway.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import { keyFor, tokenOf } from './keys.ts'
import { codeOf, expectRefusal } from './refusal.ts'

/** Manifests that are wrong, from the start or later: nothing opens, and nobody is asked whom no manifest may name. */
const iss = 'https://login.shop.example/'
const key = keyFor('ES256', 'k')
const inline = JSON.stringify({ keys: [key.jwk] })
const good = { jwt: { issuers: [{ issuer: iss, audiences: ['orders'], jwks: { inline } }] } }
const any = (name: string, namespace?: string) => ({
  anyOf: [{ authorizer: { name, ...(namespace !== undefined && { namespace }) } }],
})

let gateway: TokenGateway
let recorder: Issuer
beforeEach(async () => {
  recorder = await startIssuer(key)
  gateway = await startTokenGateway({
    authorizers: { customers: good },
    rules: { '/': any('customers'), '/public': { public: true } },
  })
})
afterEach(async () => {
  expect(gateway.proxy.errors).toEqual([])
  await gateway.close()
  await recorder.close()
})

const claims = (own: object = {}) => ({
  iss,
  aud: 'orders',
  sub: 'u',
  exp: gateway.now + 300,
  ...own,
})
const faulty = (given: Given) => gateway.apply({ ...given, faulty: true })
const rules = { '/': any('customers'), '/public': { public: true } }

describe('J24 an authorizer that is not there, or not right, lets nobody through', () => {
  const broken: Readonly<Record<string, () => Given>> = {
    deleted: () => ({ authorizers: {}, rules }),
    'of another name': () => ({ authorizers: { customer: good }, rules }),
    'of another namespace, not granted': () => ({
      authorizers: { customers: good },
      rules: { '/': any('customers', 'other') },
    }),
    'without a kind': () => ({ authorizers: { customers: {} }, rules }),
    'of two kinds': () => ({
      authorizers: { customers: { ...good, cognito: { userPools: [] } } },
      rules,
    }),
    'with a misspelt field': () => ({
      authorizers: { customers: { jwt: { ...good.jwt, clams: [] } } },
      rules,
    }),
    'without issuers': () => ({ authorizers: { customers: { jwt: { issuers: [] } } }, rules }),
    'without audiences': () => ({
      authorizers: { customers: { jwt: { issuers: [{ issuer: iss, jwks: { inline } }] } } },
      rules,
    }),
    'with anyAudience: false': () => ({
      authorizers: {
        customers: { jwt: { issuers: [{ issuer: iss, anyAudience: false, jwks: { inline } }] } },
      },
      rules,
    }),
    'with HS256': () => ({
      authorizers: {
        customers: { jwt: { issuers: [{ ...good.jwt.issuers[0], algorithms: ['HS256'] }] } },
      },
      rules,
    }),
    'with none': () => ({
      authorizers: {
        customers: { jwt: { issuers: [{ ...good.jwt.issuers[0], algorithms: ['none'] }] } },
      },
      rules,
    }),
    'with a private key': () => ({
      authorizers: {
        customers: {
          jwt: {
            issuers: [
              {
                issuer: iss,
                audiences: ['orders'],
                jwks: {
                  inline: JSON.stringify({
                    keys: [{ ...key.privateKey.export({ format: 'jwk' }), kid: 'k' }],
                  }),
                },
              },
            ],
          },
        },
      },
      rules,
    }),
    'with blank fields': () => ({
      authorizers: { customers: { jwt: { issuers: null, from: null } } },
      rules,
    }),
    'that is null': () => ({ authorizers: { customers: null }, rules }),
    'with an issuer twice': () => ({
      authorizers: { customers: { jwt: { issuers: [good.jwt.issuers[0], good.jwt.issuers[0]] } } },
      rules,
    }),
    'that would inject authorization': () => ({
      authorizers: {
        customers: {
          jwt: { ...good.jwt, forward: { headers: [{ header: 'Authorization', claim: 'sub' }] } },
        },
      },
      rules,
    }),
    'whose header of claims is that of its credential': () => ({
      authorizers: {
        customers: {
          jwt: {
            ...good.jwt,
            from: [{ header: 'x-user' }],
            forward: { headers: [{ header: 'x-user', claim: 'sub' }] },
          },
        },
      },
      rules,
    }),
  }
  test.each(Object.keys(broken))('J24 %s', async (name) => {
    const token = tokenOf(claims(), key)
    expect((await gateway.bearer(token)).status).toBe(200)
    faulty(broken[name]!())
    for (const answer of [
      await gateway.bearer(token),
      await gateway.get('/'),
      await gateway.get('/', 'x-user: admin'),
    ]) {
      expect([answer.status, codeOf(answer), answer.reached]).toEqual([
        503,
        'authorizer_unavailable',
        0,
      ])
      expect(answer.field('www-authenticate')).toBeUndefined()
    }
    gateway.apply({ authorizers: { customers: good }, rules })
    expect((await gateway.bearer(token)).status).toBe(200)
  })

  const rulesOf: Readonly<Record<string, unknown>> = {
    'no authorize': undefined,
    'an empty one': {},
    'no member': { anyOf: [] },
    'public: false': { public: false },
    'a misspelt field': { anyof: [{ authorizer: { name: 'customers' } }] },
    'public and members': { public: true, anyOf: [{ authorizer: { name: 'customers' } }] },
    'anyOf and allOf': {
      anyOf: [{ authorizer: { name: 'customers' } }],
      allOf: [{ authorizer: { name: 'customers' } }],
    },
    'a member without a name': { anyOf: [{ authorizer: {} }] },
    'a blank member': { anyOf: [null] },
  }
  test.each(Object.keys(rulesOf))('J24 a rule with %s holds its place', async (name) => {
    faulty({
      authorizers: { customers: good },
      rules: { '/': { public: true }, '/orders': rulesOf[name] },
    })
    for (const answer of [
      await gateway.get('/orders/1'),
      await gateway.bearer(tokenOf(claims(), key), '/orders/1'),
    ])
      expect([answer.status, codeOf(answer), answer.reached]).toEqual([503, 'rule_invalid', 0])
  })

  test('J24 a working member of anyOf still admits, and a missing one makes 503 of 401', async () => {
    faulty({
      authorizers: { customers: good },
      rules: {
        '/': { anyOf: [{ authorizer: { name: 'gone' } }, { authorizer: { name: 'customers' } }] },
      },
    })
    expect((await gateway.bearer(tokenOf(claims(), key))).status).toBe(200)
    expectRefusal(await gateway.get('/'), 'authorizer_unavailable')
    expectRefusal(await gateway.bearer('a.b.c'), 'authorizer_unavailable')
  })

  test('J24 keys that a reference does not lead to are not looked for elsewhere', async () => {
    const published = { issuer: recorder.url, audiences: ['orders'] }
    const refs: readonly object[] = [
      { secretRef: { name: 'gone' } },
      { configMapRef: { name: 'gone' } },
      { secretRef: { name: 'keys', namespace: 'other' } },
      { service: { name: 'gone', port: 80 } },
    ]
    for (const jwks of refs) {
      const issuers = [{ ...published, jwks }, good.jwt.issuers[0]]
      faulty({ authorizers: { customers: { jwt: { issuers } } }, rules })
      expectRefusal(
        await gateway.bearer(tokenOf(claims({ iss: recorder.url }), key)),
        'authorizer_unavailable',
      )
      expect((await gateway.bearer(tokenOf(claims(), key))).status).toBe(200)
    }
    expect(recorder.fetches).toEqual([])
  })
})

describe('keys that a Service serves', () => {
  const service = (port: number): Manifest[] => [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'login' },
      spec: { ports: [{ port: 80 }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        namespace: 'shop',
        name: 'login-1',
        labels: { 'kubernetes.io/service-name': 'login' },
      },
      addressType: 'IPv4',
      ports: [{ port }],
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    },
  ]
  test('are fetched at once, from an endpoint, and again from another when it moves', async () => {
    const issuers = [
      {
        issuer: iss,
        audiences: ['orders'],
        jwks: { service: { name: 'login', port: 80, path: '/keys' } },
      },
    ]
    const at = ({ keysUrl }: Issuer) => ({
      authorizers: { customers: { jwt: { issuers } } },
      rules,
      more: service(Number(new URL(keysUrl).port)),
    })
    gateway.apply(at(recorder))
    expect((await gateway.bearer(tokenOf(claims(), key))).status).toBe(200)
    expect(recorder.fetches).toEqual(['/keys'])
    const next = keyFor('ES256', 'next')
    const moved = await startIssuer(next)
    gateway.apply(at(moved))
    gateway.clock.advance(10_000)
    expect((await gateway.bearer(tokenOf(claims(), next))).status).toBe(200)
    expect([recorder.fetches.length, moved.fetches]).toEqual([1, ['/keys']])
    await moved.close()
  })
})

describe('C7 where keys may be said to be', () => {
  const manifest = (issuer: object): Manifest => ({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiAuthorizer',
    metadata: { namespace: 'shop', name: 'customers' },
    spec: { jwt: { issuers: [{ issuer: iss, audiences: ['a'], ...issuer }] } },
  })
  const compile = (issuer: object, allowLoopback: boolean) => {
    const options = optionsOf([{ kind: 'CompileOptions', allowLoopback }])
    const conditions = createCompiler()(worldOf([manifest(issuer)]), options).statuses[0]!
      .conditions
    return {
      accepted: conditions.every(({ status }) => status === 'True'),
      message: conditions.map(({ message }) => message).join(' '),
    }
  }
  const refused: readonly (readonly [url: string, says: RegExp])[] = [
    ['http://login.shop.example/keys', /must begin with https:\/\//],
    ['ftp://login.shop.example/keys', /must begin with https:\/\//],
    ['file:///etc/passwd', /must begin with https:\/\//],
    ['unix:/var/run/docker.sock', /must begin with https:\/\//],
    ['data:application/json,{}', /must begin with https:\/\//],
    ['login.shop.example/keys', /is not a URL|must begin with https/],
    ['//login.shop.example/keys', /is not a URL/],
    ['/keys', /is not a URL/],
    ['https://', /is not a URL/],
    ['https://login.shop.example\\@evil.example/', /is not a URL/],
    ['https://login.shop.example/ keys', /is not a URL/],
    ['https://user@login.shop.example/', /no user and no password/],
    ['https://user:pass@login.shop.example/', /no user and no password/],
    ['https://127.0.0.1/keys', /refused: an address is no name/],
    ['https://2130706433/keys', /"127.0.0.1" is refused/],
    ['https://0x7f000001/keys', /"127.0.0.1" is refused/],
    ['https://017700000001/keys', /"127.0.0.1" is refused/],
    ['https://127.1/keys', /"127.0.0.1" is refused/],
    ['https://0.0.0.0/keys', /"0.0.0.0" is refused/],
    ['https://0/keys', /"0.0.0.0" is refused/],
    ['https://169.254.169.254/keys', /is refused/],
    ['https://10.0.0.1/keys', /an address is no name; use jwks.service/],
    ['https://93.184.216.34/keys', /an address is no name/],
    ['https://[::1]/keys', /is refused/],
    ['https://[::ffff:127.0.0.1]/keys', /is refused/],
    ['https://[fd00:ec2::254]/keys', /is refused/],
    ['https://localhost/keys', /this machine/],
    ['https://LOCALHOST/keys', /this machine/],
    ['https://localhost./keys', /this machine/],
    ['https://keys.localhost/keys', /this machine/],
    ['https://metadata.google.internal/keys', /metadata service/],
    ['https://metadata.goog/keys', /metadata service/],
    ['https://127。0。0。1/keys', /"127.0.0.1" is refused/],
    ['https://①②⑦.0.0.1/keys', /"127.0.0.1" is refused/],
    ['https://%31%32%37.0.0.1/keys', /"127.0.0.1" is refused/],
  ]
  test.each(refused)('C7 %s', (url, says) => {
    for (const issuer of [{ jwksUri: url }, { issuer: url }]) {
      const { accepted, message } = compile(issuer, false)
      expect(accepted).toBe(false)
      expect(message).toMatch(says)
      expect(message).toMatch(/^spec\.jwt\.issuers\[0\]\.(jwksUri|issuer): /)
    }
  })

  test.each([
    ['http://127.0.0.1:8080/keys', true],
    ['http://localhost:8080/keys', true],
    ['http://[::1]:8080/keys', true],
    ['https://127.0.0.1/keys', true],
    ['https://login.shop.example/keys', true],
    ['http://login.shop.example/keys', false],
    ['http://10.0.0.1/keys', false],
    ['https://10.0.0.1/keys', false],
    ['http://0.0.0.0/keys', false],
    ['http://169.254.169.254/keys', false],
    ['http://user@localhost/keys', false],
  ])('C7 %s in development: %s', (url, isGood) => {
    for (const issuer of [{ jwksUri: url }, { issuer: url }])
      expect(compile(issuer, true).accepted).toBe(isGood)
  })

  test('C7 an issuer whose keys are given may be called anything', () => {
    expect(compile({ issuer: 'http://10.0.0.1', jwks: { inline } }, false).accepted).toBe(true)
  })
})
