import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCompiler } from '../../src/controller/compile/compile.ts'
import type { FailureCode } from '../../src/model/failure.ts'
import { optionsOf, worldOf } from '../golden/case.ts'
import { startTokenGateway, type TokenGateway } from './gateway.ts'
import { base64url, compact, keyFor, tokenOf } from './keys.ts'
import { codeOf, expectRefusal, wantedOf } from './refusal.ts'

/** What a signed token says: times, audience, issuer, use, scopes and groups. */
const key = keyFor('ES256', 'k')
const jwks = JSON.stringify({ keys: [key.jwk] })
const iss = 'https://login.shop.example/'
const issuer = { issuer: iss, audiences: ['orders', 'users'], jwks: { inline: jwks } }

type Outcome = FailureCode | 'passes'
type Rows = Readonly<Record<string, readonly [claims: object, outcome: Outcome]>>

let gateway: TokenGateway
beforeAll(async () => {
  gateway = await startTokenGateway({
    authorizers: {
      customers: { jwt: { issuers: [issuer] } },
      exact: { jwt: { issuers: [issuer], clockSkew: '0s' } },
      lenient: { jwt: { issuers: [issuer], clockSkew: '60s' } },
      anybody: {
        jwt: { issuers: [{ issuer: iss, anyAudience: true, jwks: { inline: jwks } }] },
      },
      typed: { jwt: { issuers: [{ ...issuer, type: 'at+jwt' }] } },
      users: { jwt: { issuers: [{ ...issuer, audiences: ['users'] }] } },
    },
    rules: {
      '/': any('customers'),
      '/exact': any('exact'),
      '/lenient': any('lenient'),
      '/anybody': any('anybody'),
      '/typed': any('typed'),
      '/users': any('users'),
      '/scope': {
        anyOf: [{ authorizer: { name: 'customers' }, scopes: { anyOf: ['read', 'list'] } }],
      },
      '/scopes': {
        anyOf: [{ authorizer: { name: 'customers' }, scopes: { allOf: ['read', 'list'] } }],
      },
      '/groups': {
        anyOf: [{ authorizer: { name: 'customers' }, groups: { allOf: ['eu', 'staff'] } }],
      },
      '/claims': {
        anyOf: [
          {
            authorizer: { name: 'customers' },
            claims: [{ name: 'tier', anyOf: ['gold', 1, true] }],
          },
        ],
      },
    },
  })
})
afterAll(() => gateway.close())

const any = (name: string) => ({ anyOf: [{ authorizer: { name } }] })
const base = () => ({ iss, aud: 'orders', sub: 'u1', exp: gateway.now + 300 })

async function expectOutcome(token: string, outcome: Outcome, path = '/'): Promise<void> {
  const answer = await gateway.bearer(token, path)
  const names: Readonly<Record<string, string>> = {
    '/': 'customers',
    '/exact': 'exact',
    '/lenient': 'lenient',
    '/anybody': 'anybody',
    '/typed': 'typed',
    '/users': 'users',
  }
  if (outcome === 'passes') expect([answer.status, codeOf(answer)]).toEqual([200, undefined])
  else expectRefusal(answer, outcome, `shop/${names[path]}`)
}

const judge = (id: string, path: string, rows: () => Rows) => {
  const names = Object.keys(rows())
  test.each(names)(`${id} %s`, async (name) => {
    const [claims, outcome] = rows()[name]!
    await expectOutcome(tokenOf({ ...base(), ...claims }, key), outcome, path)
  })
}

/** The clock of the gateway, also before there is one. */
const now = () => gateway?.now ?? 0

describe('J9 times are numbers, and exp is always there', () => {
  const times = (skew: number): Rows => ({
    'exp just now': [{ exp: now() - skew }, 'token_expired'],
    'exp a second before': [{ exp: now() - skew - 1 }, 'token_expired'],
    'exp a second after': [{ exp: now() - skew + 1 }, 'passes'],
    'nbf as far ahead as allowed': [{ nbf: now() + skew }, 'passes'],
    'nbf a second further': [{ nbf: now() + skew + 1 }, 'token_not_yet_valid'],
    'iat as far ahead as allowed': [{ iat: now() + skew }, 'passes'],
    'iat a second further': [{ iat: now() + skew + 1 }, 'token_not_yet_valid'],
  })
  describe('with 30 s of skew', () => judge('J9', '/', () => times(30)))
  describe('without skew', () => judge('J9', '/exact', () => times(0)))
  describe('with 60 s of skew', () => judge('J9', '/lenient', () => times(60)))
  judge('J9', '/', () => ({
    'exp is missing': [{ exp: undefined }, 'token_malformed'],
    'exp is null': [{ exp: null }, 'token_malformed'],
    'exp is a text': [{ exp: String(now() + 300) }, 'token_malformed'],
    'exp is a list': [{ exp: [now() + 300] }, 'token_malformed'],
    'exp is an object': [{ exp: { $date: now() + 300 } }, 'token_malformed'],
    'exp is true': [{ exp: true }, 'token_malformed'],
    'exp is 1e308': [{ exp: 1e308 }, 'token_malformed'],
    'exp is -1': [{ exp: -1 }, 'token_malformed'],
    'exp is 0': [{ exp: 0 }, 'token_expired'],
    'exp in milliseconds': [{ exp: (now() + 300) * 1000 }, 'token_malformed'],
    'exp with a fraction': [{ exp: now() + 300.5 }, 'passes'],
    'nbf is a text': [{ nbf: '0' }, 'token_malformed'],
    'nbf is null': [{ nbf: null }, 'token_malformed'],
    'nbf is -1': [{ nbf: -1 }, 'token_malformed'],
    'nbf is 1e308': [{ nbf: 1e308 }, 'token_malformed'],
    'iat is a text': [{ iat: '0' }, 'token_malformed'],
    'iat is -1': [{ iat: -1 }, 'token_malformed'],
    'iat is 1e308': [{ iat: 1e308 }, 'token_malformed'],
    'nbf and iat past': [{ nbf: now() - 300, iat: now() - 300 }, 'passes'],
  }))
  test.each(['NaN', 'Infinity', '-Infinity', '01', '1.', '0x7fffffff', '1e400', '+1', ''])(
    'J9 exp written as %s',
    async (text) => {
      const payload = `{"iss":"${iss}","aud":"orders","exp":${text}}`
      await expectOutcome(compact('{"alg":"ES256","kid":"k"}', payload, key), 'token_malformed')
    },
  )
  test('J9 more than 60 s of skew are refused', () => {
    const manifest = {
      apiVersion: 'fairlead.dev/v1alpha1',
      kind: 'ApiAuthorizer',
      metadata: { namespace: 'shop', name: 'customers' },
      spec: { jwt: { issuers: [issuer], clockSkew: '61s' } },
    }
    const { statuses } = createCompiler()(worldOf([manifest]), optionsOf([]))
    expect(statuses[0]?.conditions[0]?.message).toContain('spec.jwt.clockSkew: at most 60s')
  })
})

describe('J10 one audience is exactly one of ours', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `a${i}`)
  judge('J10', '/', () => ({
    'aud is missing': [{ aud: undefined }, 'audience_mismatch'],
    'aud is missing, client_id is ours': [{ aud: undefined, client_id: 'orders' }, 'passes'],
    'aud is missing, client_id is of another': [
      { aud: undefined, client_id: 'x' },
      'audience_mismatch',
    ],
    'aud is missing, client_id is a list': [
      { aud: undefined, client_id: [1] },
      'audience_mismatch',
    ],
    'aud is of another, client_id is ours': [
      { aud: 'x', client_id: 'orders' },
      'audience_mismatch',
    ],
    'aud is null, client_id is ours': [{ aud: null, client_id: 'orders' }, 'audience_mismatch'],
    'aud is an empty list, client_id is ours': [
      { aud: [], client_id: 'orders' },
      'audience_mismatch',
    ],
    'aud is a list with ours': [{ aud: ['x', 'orders'] }, 'passes'],
    'aud is a list of ours only': [{ aud: ['orders', 'users'] }, 'passes'],
    'aud is a list without ours': [{ aud: ['x', 'y'] }, 'audience_mismatch'],
    'aud is a list of 100 with ours': [{ aud: [...many(99), 'orders'] }, 'passes'],
    'aud is a list of 101 with ours': [{ aud: ['orders', ...many(100)] }, 'audience_mismatch'],
    'aud is a list of 10,000': [{ aud: ['orders', ...many(10_000)] }, 'headers_too_large'],
    'aud is an object': [{ aud: { orders: true } }, 'audience_mismatch'],
    'aud is a list of lists': [{ aud: [['orders']] }, 'audience_mismatch'],
    'aud is a list with ours and a number': [{ aud: ['orders', 1] }, 'audience_mismatch'],
    'aud is a number': [{ aud: 1 }, 'audience_mismatch'],
    'aud is empty': [{ aud: '' }, 'audience_mismatch'],
    'aud begins like ours': [{ aud: 'orders-admin' }, 'audience_mismatch'],
    'aud is the beginning of ours': [{ aud: 'order' }, 'audience_mismatch'],
    'aud in another case': [{ aud: 'Orders' }, 'audience_mismatch'],
    'aud with a space': [{ aud: 'orders ' }, 'audience_mismatch'],
    'aud of two, with a space between': [{ aud: 'x orders' }, 'audience_mismatch'],
    'aud is a regex': [{ aud: '.*' }, 'audience_mismatch'],
    'aud is __proto__': [{ aud: '__proto__' }, 'audience_mismatch'],
  }))
  describe('with anyAudience', () =>
    judge('J10', '/anybody', () => ({
      'aud is of another': [{ aud: 'x' }, 'passes'],
      'aud is missing': [{ aud: undefined }, 'passes'],
    })))
})

describe('J11 an issuer is compared to the letter', () => {
  judge(
    'J11',
    '/',
    (): Rows => ({
      'without the slash': [{ iss: 'https://login.shop.example' }, 'issuer_unknown'],
      'with two slashes': [{ iss: 'https://login.shop.example//' }, 'issuer_unknown'],
      'host in upper case': [{ iss: 'https://LOGIN.shop.example/' }, 'issuer_unknown'],
      'scheme in upper case': [{ iss: 'HTTPS://login.shop.example/' }, 'issuer_unknown'],
      'http for https': [{ iss: 'http://login.shop.example/' }, 'issuer_unknown'],
      'with the default port': [{ iss: 'https://login.shop.example:443/' }, 'issuer_unknown'],
      'with an escape': [{ iss: 'https://login.shop%2eexample/' }, 'issuer_unknown'],
      'with something behind it': [{ iss: `${iss}x` }, 'issuer_unknown'],
      'with a fragment': [{ iss: `${iss}#` }, 'issuer_unknown'],
      'with a space': [{ iss: ` ${iss}` }, 'issuer_unknown'],
      'a list with ours': [{ iss: [iss] }, 'issuer_unknown'],
      'a list with another and ours': [{ iss: ['https://evil.example/', iss] }, 'issuer_unknown'],
      'an object': [{ iss: { [iss]: 1 } }, 'issuer_unknown'],
      missing: [{ iss: undefined }, 'issuer_unknown'],
      empty: [{ iss: '' }, 'issuer_unknown'],
      'the name __proto__': [{ iss: '__proto__' }, 'issuer_unknown'],
      'the name constructor': [{ iss: 'constructor' }, 'issuer_unknown'],
      ours: [{}, 'passes'],
    }),
  )
})

describe('J13 scopes are exact members', () => {
  interface Row {
    readonly claims: object
    readonly any: boolean
    readonly all: boolean
  }
  const rows: Readonly<Record<string, Row>> = {
    'no scope': { claims: {}, any: false, all: false },
    'an empty scope': { claims: { scope: '' }, any: false, all: false },
    one: { claims: { scope: 'read' }, any: true, all: false },
    both: { claims: { scope: 'read list' }, any: true, all: true },
    'both and more, in another order': { claims: { scope: 'x list y read' }, any: true, all: true },
    'one among others': { claims: { scope: 'a list' }, any: true, all: false },
    'two spaces': { claims: { scope: 'read  list' }, any: true, all: true },
    'a tab between': { claims: { scope: 'read\tlist' }, any: false, all: false },
    'a newline between': { claims: { scope: 'read\nlist' }, any: false, all: false },
    'a comma between': { claims: { scope: 'read,list' }, any: false, all: false },
    'a plus between': { claims: { scope: 'read+list' }, any: false, all: false },
    'longer than what is asked': { claims: { scope: 'read:all list.x' }, any: false, all: false },
    'shorter than what is asked': { claims: { scope: 'rea' }, any: false, all: false },
    'another case': { claims: { scope: 'Read LIST' }, any: false, all: false },
    'a list in scope': { claims: { scope: ['read', 'list'] }, any: false, all: false },
    'an object in scope': { claims: { scope: { read: true } }, any: false, all: false },
    'a list in scp': { claims: { scp: ['read', 'list'] }, any: true, all: true },
    'a text in scp': { claims: { scp: 'read' }, any: false, all: false },
    'a list with a number in scp': { claims: { scp: ['read', 1] }, any: false, all: false },
    'a list of one text with a space in scp': {
      claims: { scp: ['read list'] },
      any: false,
      all: false,
    },
    'scope, which goes before scp': {
      claims: { scope: 'x', scp: ['read'] },
      any: false,
      all: false,
    },
    'the name __proto__': { claims: { scope: '__proto__ toString' }, any: false, all: false },
  }
  test.each(Object.entries(rows))('J13 %s', async (_, { claims, any: anyOf, all: allOf }) => {
    const token = tokenOf({ ...base(), ...claims }, key)
    const answers = [await gateway.bearer(token, '/scope'), await gateway.bearer(token, '/scopes')]
    const passed = [anyOf, allOf]
    answers.forEach((answer, i) => {
      expect({
        status: answer.status,
        code: codeOf(answer),
        challenge: answer.field('www-authenticate'),
        wanted: passed[i] ? undefined : wantedOf(answer),
        reached: answer.reached > 0,
      }).toEqual({
        status: passed[i] ? 200 : 403,
        code: passed[i] ? undefined : 'scope_missing',
        challenge: passed[i]
          ? undefined
          : 'Bearer realm="shop/customers", error="insufficient_scope", scope="read list"',
        wanted: passed[i] ? undefined : ['read', 'list'],
        reached: passed[i],
      })
    })
  })
})

describe('J16 a token of one kind does not pass for another', () => {
  const typed = (typ: unknown, unique: number) =>
    tokenOf({ ...base(), jti: `${unique}` }, key, { typ })
  test.each([
    ['at+jwt', 'passes'],
    ['AT+JWT', 'passes'],
    ['application/at+jwt', 'passes'],
    ['Application/At+Jwt', 'passes'],
    ['JWT', 'token_use_mismatch'],
    ['jwt', 'token_use_mismatch'],
    ['at+jwt;x=1', 'token_use_mismatch'],
    [' at+jwt', 'token_use_mismatch'],
    ['application/application/at+jwt', 'token_use_mismatch'],
    ['logout+jwt', 'token_use_mismatch'],
    ['', 'token_use_mismatch'],
    [undefined, 'token_use_mismatch'],
    [['at+jwt'], 'token_use_mismatch'],
    [1, 'token_use_mismatch'],
  ] as const)('J16 typ %j where at+jwt is asked: %s', async (typ, outcome) => {
    await expectOutcome(typed(typ, 1), outcome, '/typed')
  })

  test('J16 what one authorizer remembers another does not know, whoever is asked first', async () => {
    const plain = typed('JWT', 2)
    await expectOutcome(plain, 'passes', '/')
    await expectOutcome(plain, 'token_use_mismatch', '/typed')
    await expectOutcome(plain, 'passes', '/')
    const access = typed('at+jwt', 3)
    await expectOutcome(access, 'passes', '/typed')
    await expectOutcome(access, 'audience_mismatch', '/users')
    await expectOutcome(access, 'passes', '/typed')
  })
})

describe('groups and claims that a rule asks for', () => {
  test.each<[string, object, boolean]>([
    ['both', { groups: ['eu', 'staff'] }, true],
    ['one is missing', { groups: ['staff'] }, false],
    ['a text', { groups: 'staff' }, false],
    ['a list with a number', { groups: ['eu', 'staff', 1] }, false],
    ['another claim', { 'cognito:groups': ['eu', 'staff'] }, false],
    ['none', {}, false],
  ])('groups: %s', async (_, claims, passes) => {
    const answer = await gateway.bearer(tokenOf({ ...base(), ...claims }, key), '/groups')
    expect(answer.status).toBe(passes ? 200 : 403)
    if (passes) return
    expect([codeOf(answer), wantedOf(answer)]).toEqual(['group_missing', ['eu', 'staff']])
    expect([answer.field('www-authenticate'), answer.reached]).toEqual([undefined, 0])
  })

  test.each<[string, object, boolean]>([
    ['one of the values', { tier: 'gold' }, true],
    ['a number', { tier: 1 }, true],
    ['a boolean', { tier: true }, true],
    ['a list that contains one', { tier: ['x', 'gold'] }, true],
    ['another value', { tier: 'silver' }, false],
    ['a text like a number', { tier: '1' }, false],
    ['a text like a boolean', { tier: 'true' }, false],
    ['another case', { tier: 'Gold' }, false],
    ['null', { tier: null }, false],
    ['an object', { tier: { gold: 1 } }, false],
    ['an empty list', { tier: [] }, false],
    ['none', {}, false],
  ])('claims: %s', async (_, claims, passes) => {
    const answer = await gateway.bearer(tokenOf({ ...base(), ...claims }, key), '/claims')
    expect([answer.status, codeOf(answer)]).toEqual(
      passes ? [200, undefined] : [403, 'claim_mismatch'],
    )
  })
})

describe('J11 J12 user pools', () => {
  const pools = ['eu-west-1_AbCdEf', 'us-east-1_GhIjKl']
  const poolIssuer = (pool: string) =>
    `https://cognito-idp.${pool.split('_')[0]}.amazonaws.com/${pool}`
  const cognito = (own: object) => ({
    cognito: {
      userPools: pools.map((userPoolId, i) => ({
        region: userPoolId.split('_')[0],
        userPoolId,
        clientIds: [`client${i}`, 'shared'],
      })),
      ...own,
    },
  })
  const rs = keyFor('RS256', 'k')
  let pool: TokenGateway
  beforeAll(async () => {
    const set = JSON.stringify({ keys: [rs.jwk] })
    pool = await startTokenGateway({
      authorizers: {
        access: cognito({}),
        id: cognito({ tokenUse: 'Id' }),
        any: cognito({ tokenUse: 'Any' }),
        staff: cognito({ groups: { anyOf: ['staff'] } }),
      },
      rules: {
        '/access': any('access'),
        '/id': any('id'),
        '/any': any('any'),
        '/staff': any('staff'),
      },
      keys: Object.fromEntries(pools.map((each) => [poolIssuer(each), set])),
    })
  })
  afterAll(() => pool.close())

  const access = () => ({
    iss: poolIssuer(pools[0]!),
    sub: 'u',
    token_use: 'access',
    client_id: 'client0',
    scope: 'openid',
    exp: gateway.now + 300,
  })
  const id = () => ({
    iss: poolIssuer(pools[0]!),
    sub: 'u',
    token_use: 'id',
    aud: 'client0',
    exp: gateway.now + 300,
  })

  type PoolRow = readonly [path: string, claims: () => object, outcome: Outcome]
  const rows: Readonly<Record<string, PoolRow>> = {
    'J12 an access token': ['/access', access, 'passes'],
    'J12 an access token of the second region': [
      '/access',
      () => ({ ...access(), iss: poolIssuer(pools[1]!), client_id: 'client1' }),
      'passes',
    ],
    'J12 an id token where access is asked': ['/access', id, 'token_use_mismatch'],
    'J12 an id token': ['/id', id, 'passes'],
    'J12 an access token where id is asked': ['/id', access, 'token_use_mismatch'],
    'J12 an access token where any is asked': ['/any', access, 'passes'],
    'J12 an id token where any is asked': ['/any', id, 'passes'],
    'J12 token_use is missing': [
      '/access',
      () => ({ ...access(), token_use: undefined }),
      'token_use_mismatch',
    ],
    'J12 token_use is missing where any is asked': [
      '/any',
      () => ({ ...access(), token_use: undefined }),
      'token_use_mismatch',
    ],
    'J12 token_use is a list': [
      '/access',
      () => ({ ...access(), token_use: ['access'] }),
      'token_use_mismatch',
    ],
    'J12 token_use is a list where any is asked': [
      '/any',
      () => ({ ...access(), token_use: ['access', 'id'] }),
      'token_use_mismatch',
    ],
    'J12 token_use is refresh': [
      '/any',
      () => ({ ...access(), token_use: 'refresh' }),
      'token_use_mismatch',
    ],
    'J12 token_use in another case': [
      '/access',
      () => ({ ...access(), token_use: 'Access' }),
      'token_use_mismatch',
    ],
    'J12 an app client of nobody': [
      '/access',
      () => ({ ...access(), client_id: 'client9' }),
      'audience_mismatch',
    ],
    'J12 an app client of the other pool': [
      '/access',
      () => ({ ...access(), client_id: 'client1' }),
      'audience_mismatch',
    ],
    'J12 an id token for an app client of the other pool': [
      '/id',
      () => ({ ...id(), aud: 'client1' }),
      'audience_mismatch',
    ],
    'J12 no client_id': [
      '/access',
      () => ({ ...access(), client_id: undefined }),
      'audience_mismatch',
    ],
    'J12 no client_id, aud instead': [
      '/access',
      () => ({ ...access(), client_id: undefined, aud: 'client0' }),
      'audience_mismatch',
    ],
    'J12 client_id is a list': [
      '/access',
      () => ({ ...access(), client_id: ['client0'] }),
      'audience_mismatch',
    ],
    'J12 an id token with client_id instead of aud': [
      '/id',
      () => ({ ...id(), aud: undefined, client_id: 'client0' }),
      'audience_mismatch',
    ],
    'J12 aud of an id token is a list': [
      '/id',
      () => ({ ...id(), aud: ['client0'] }),
      'audience_mismatch',
    ],
    'J12 claims in types that no user pool writes': [
      '/access',
      () => ({ ...access(), scope: ['openid'] }),
      'token_malformed',
    ],
    'J12 a group': ['/staff', () => ({ ...access(), 'cognito:groups': ['staff'] }), 'passes'],
    'J12 a group that is a text': [
      '/staff',
      () => ({ ...access(), 'cognito:groups': 'staff' }),
      'group_missing',
    ],
    'J12 a group among what is no text': [
      '/staff',
      () => ({ ...access(), 'cognito:groups': ['staff', 1] }),
      'group_missing',
    ],
    'J12 a group in groups': [
      '/staff',
      () => ({ ...access(), groups: ['staff'] }),
      'group_missing',
    ],
    'J12 no group': ['/staff', access, 'group_missing'],
    'J11 another pool of the region': [
      '/access',
      () => ({ ...access(), iss: poolIssuer('eu-west-1_Other') }),
      'issuer_unknown',
    ],
    'J11 the pool in another region': [
      '/access',
      () => ({ ...access(), iss: 'https://cognito-idp.us-east-1.amazonaws.com/eu-west-1_AbCdEf' }),
      'issuer_unknown',
    ],
    'J11 the pool with a slash': [
      '/access',
      () => ({ ...access(), iss: `${poolIssuer(pools[0]!)}/` }),
      'issuer_unknown',
    ],
    'J11 the pool in another case': [
      '/access',
      () => ({ ...access(), iss: poolIssuer(pools[0]!).toLowerCase() }),
      'issuer_unknown',
    ],
    'J11 the pool by http': [
      '/access',
      () => ({ ...access(), iss: poolIssuer(pools[0]!).replace('https', 'http') }),
      'issuer_unknown',
    ],
    'J11 the pool on a host of somebody else': [
      '/access',
      () => ({
        ...access(),
        iss: `https://cognito-idp.eu-west-1.amazonaws.com.evil.example/${pools[0]}`,
      }),
      'issuer_unknown',
    ],
  }
  test.each(Object.entries(rows))('%s', async (_, [path, claims, outcome]) => {
    const answer = await pool.bearer(tokenOf(claims(), rs), path)
    if (outcome === 'passes') expect([answer.status, codeOf(answer)]).toEqual([200, undefined])
    else expectRefusal(answer, outcome, `shop/${path.slice(1)}`)
    if (outcome === 'group_missing') expect(wantedOf(answer)).toEqual(['staff'])
  })

  test('J12 a refresh token is no JWT', async () => {
    const head = base64url(JSON.stringify({ cty: 'JWT', enc: 'A256GCM', alg: 'RSA-OAEP' }))
    const token = [head, ...Array.from({ length: 4 }, () => base64url('x'.repeat(48)))].join('.')
    expectRefusal(await pool.bearer(token, '/any'), 'token_malformed', 'shop/any')
  })

  test('J12 a token of the pool by another algorithm than RS256', async () => {
    expectRefusal(
      await pool.bearer(tokenOf(access(), key), '/access'),
      'token_malformed',
      'shop/access',
    )
  })
})
