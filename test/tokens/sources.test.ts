import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { headsOf } from '../policies/set-up.ts'
import { startTokenGateway, type TokenAnswer, type TokenGateway } from './gateway.ts'
import { keyFor, tokenOf } from './keys.ts'
import { codeOf, expectRefusal } from './refusal.ts'

/** Where a credential is looked for, what of it the backend gets, and what the backend is told of the caller. */
const key = keyFor('ES256', 'k')
const iss = 'https://login.shop.example/'
const issuers = [
  { issuer: iss, audiences: ['orders'], jwks: { inline: JSON.stringify({ keys: [key.jwk] }) } },
]
const from = [
  { header: 'Authorization', scheme: 'Bearer' },
  { cookie: 'session' },
  { query: 'access_token' },
]
const headers = [
  { header: 'X-User', claim: 'sub' },
  { header: 'x-groups', claim: 'groups' },
]
const any = (name: string) => ({ anyOf: [{ authorizer: { name } }] })

let gateway: TokenGateway
let token: string
let other: string
beforeAll(async () => {
  gateway = await startTokenGateway({
    authorizers: {
      customers: { jwt: { issuers, from } },
      keeping: { jwt: { issuers, from, forward: { token: 'Keep' } } },
      plain: { jwt: { issuers, from: [{ header: 'X-Token' }] } },
      telling: { jwt: { issuers, forward: { headers, claimsHeader: 'X-Claims' } } },
    },
    rules: {
      '/': any('customers'),
      '/keep': any('keeping'),
      '/plain': any('plain'),
      '/tell': any('telling'),
      '/public': { public: true },
    },
  })
  token = tokenOf(claims(), key)
  other = tokenOf({ ...claims(), sub: 'u2' }, key)
})
afterAll(() => gateway.close())

const claims = () => ({ iss, aud: 'orders', sub: 'u1', exp: gateway.now + 300 })

/** The head that the backend got last: request line and fields, without what the gateway adds by itself. */
function lastHead(): string[] {
  const added =
    /^(x-request-id|traceparent|x-amzn-trace-id|x-forwarded-|x-request-deadline-ms|x-real-ip|forwarded|via|connection)/i
  return (headsOf(gateway.upstream).at(-1) ?? []).filter((line) => !added.test(line))
}

const passed = (answer: TokenAnswer) =>
  expect([answer.status, codeOf(answer)]).toEqual([200, undefined])

/** An X-answer (J15): nothing is forwarded, and the connection is closed. */
function expectTwice(answer: TokenAnswer): void {
  expect({
    status: answer.status,
    code: codeOf(answer),
    connection: answer.field('connection'),
    challenge: answer.field('www-authenticate'),
    reached: answer.reached,
  }).toEqual({
    status: 400,
    code: 'bad_request',
    connection: 'close',
    challenge: undefined,
    reached: 0,
  })
}

describe('J15 one credential, from the first source that has one', () => {
  const twice: Readonly<Record<string, () => [path: string, ...headers: string[]]>> = {
    'two Authorization fields': () => [
      '/',
      `authorization: Bearer ${token}`,
      `authorization: Bearer ${token}`,
    ],
    'two Authorization fields, one of another scheme': () => [
      '/',
      `authorization: Bearer ${token}`,
      'authorization: Basic eDp5',
    ],
    'two Authorization fields, the first of another scheme': () => [
      '/',
      'authorization: Basic eDp5',
      `authorization: Bearer ${token}`,
    ],
    'two Authorization fields in other cases': () => [
      '/',
      `AUTHORIZATION: Bearer ${token}`,
      `Authorization: Bearer ${other}`,
    ],
    'two Authorization fields folded into one': () => [
      '/',
      `authorization: Bearer ${token}, Bearer ${other}`,
    ],
    'folded without a space': () => ['/', `authorization: Bearer ${token},Bearer ${other}`],
    'folded, the second in another case': () => [
      '/',
      `authorization: Bearer ${token}, bearer ${other}`,
    ],
    'two cookies of the name': () => ['/', `cookie: session=${token}; session=${token}`],
    'two cookies of the name in two fields': () => [
      '/',
      `cookie: session=${token}`,
      `cookie: session=${other}`,
    ],
    'two parameters of the name': () => [`/?access_token=${token}&access_token=${token}`],
    'two parameters of the name, one escaped': () => [
      `/?access_token=${token}&access%5Ftoken=${other}`,
    ],
    'two fields of a header without a scheme': () => [
      '/plain',
      `x-token: ${token}`,
      `x-token: ${token}`,
    ],
  }
  test.each(Object.keys(twice))('J15 %s', async (name) => {
    expectTwice(await gateway.get(...twice[name]!()))
  })

  const schemes = ['Bearer', 'bearer', 'BEARER', 'bEaReR']
  test.each(schemes)('J15 the scheme as %s', async (scheme) => {
    passed(await gateway.get('/', `authorization: ${scheme} ${token}`))
    expect(lastHead()).toEqual(['GET / HTTP/1.1', 'host: api.shop.example'])
  })

  const malformed: Readonly<Record<string, () => string>> = {
    'two spaces': () => `Bearer  ${token}`,
    'a tab behind the space': () => `Bearer \t${token}`,
    'two tokens': () => `Bearer ${token} ${token}`,
    'a parameter behind the token': () => `Bearer ${token}; x=1`,
    'a comma behind the token': () => `Bearer ${token},`,
    'two tokens with a comma': () => `Bearer ${token}, ${other}`,
    quotes: () => `Bearer "${token}"`,
    'the scheme twice': () => `Bearer Bearer ${token}`,
  }
  test.each(Object.keys(malformed))('J15 %s', async (name) => {
    const answer = await gateway.get('/', `authorization: ${malformed[name]!()}`)
    expectRefusal(answer, 'token_malformed')
  })

  const missing: Readonly<Record<string, () => string>> = {
    'another scheme': () => `Basic ${token}`,
    'a scheme that begins alike': () => `Bearerx ${token}`,
    'no scheme': () => token,
    'a tab instead of the space': () => `Bearer\t${token}`,
    'the scheme alone': () => 'Bearer',
    'another header': () => 'x',
  }
  test.each(Object.keys(missing))('J15 %s is no credential', async (name) => {
    const field = name === 'another header' ? 'x-authorization' : 'authorization'
    const value = name === 'another header' ? `Bearer ${token}` : missing[name]!()
    expectRefusal(await gateway.get('/', `${field}: ${value}`), 'credentials_missing')
  })

  test('J15 no credential at all', async () => {
    expectRefusal(await gateway.get('/'), 'credentials_missing')
  })

  test('J15 the first source counts, good or bad; the others are removed with it', async () => {
    const bad = 'a.b.c'
    passed(
      await gateway.get(
        `/x?access_token=${bad}&a=1`,
        `authorization: Bearer ${token}`,
        `cookie: a=1; session=${bad}; b=2`,
      ),
    )
    expect(lastHead()).toEqual([
      'GET /x?a=1 HTTP/1.1',
      'host: api.shop.example',
      'cookie: a=1; b=2',
    ])
    passed(await gateway.get(`/x?access_token=${bad}`, `cookie: session=${token}`))
    expect(lastHead()).toEqual(['GET /x HTTP/1.1', 'host: api.shop.example'])
    expectRefusal(
      await gateway.get(
        `/x?access_token=${token}`,
        `authorization: Bearer ${bad}`,
        `cookie: session=${token}`,
      ),
      'token_malformed',
    )
    expectRefusal(
      await gateway.get(`/x?access_token=${token}`, `cookie: session=${bad}`),
      'token_malformed',
    )
  })

  test('J15 a source that is there twice does not matter behind one that is there', async () => {
    passed(
      await gateway.get(
        `/?access_token=1&access_token=2`,
        `authorization: Bearer ${token}`,
        'cookie: session=1; session=2; a=1',
      ),
    )
    expect(lastHead()).toEqual(['GET / HTTP/1.1', 'host: api.shop.example', 'cookie: a=1'])
  })

  test('J15 another scheme leaves the field to the backend', async () => {
    passed(await gateway.get('/', 'authorization: Basic eDp5', `cookie: session=${token}`))
    expect(lastHead()).toEqual([
      'GET / HTTP/1.1',
      'host: api.shop.example',
      'authorization: Basic eDp5',
    ])
  })

  test('J6 a character that looks like another after it is cut to a byte is not that one', async () => {
    const at = token.indexOf('A')
    const twisted = `${token.slice(0, at)}%C5%81${token.slice(at + 1)}`
    expectRefusal(await gateway.get(`/?access_token=${twisted}`), 'token_malformed')
  })
})

describe('the credential is cut out and nothing else moves', () => {
  const head = (target: string, ...fields: string[]) => [
    `GET ${target} HTTP/1.1`,
    'host: api.shop.example',
    ...fields,
  ]
  const queries: Readonly<Record<string, string>> = {
    '?access_token=T': '',
    '?access_token=T&a=1': '?a=1',
    '?a=1&access_token=T': '?a=1',
    '?a=1&access_token=T&b=2': '?a=1&b=2',
    '?a=1&&access_token=T&&b=2': '?a=1&&&b=2',
    '?access_token=T&': '?',
    '?&access_token=T': '?',
    '?b=%20+%2f%2F&access_token=T&a[]=1&a[]=2;c=3&A=%E4': '?b=%20+%2f%2F&a[]=1&a[]=2;c=3&A=%E4',
    '?access%5ftoken=T&access_tokens=1&x=access_token=2': '?access_tokens=1&x=access_token=2',
    '?q=1=2=&access_token=T&=&==': '?q=1=2=&=&==',
  }
  test.each(Object.entries(queries))('query %s becomes %s', async (given, want) => {
    passed(await gateway.get(`/x${given.replace('T', token)}`))
    expect(lastHead()).toEqual(head(`/x${want}`))
  })

  const cookies: Readonly<Record<string, readonly [given: string[], want: string[]]>> = {
    'the only one': [['session=T'], []],
    'the first': [['session=T; a=1'], ['a=1']],
    'the last': [['a=1; session=T'], ['a=1']],
    'one between': [['a=1; session=T; b=2'], ['a=1; b=2']],
    'without spaces': [['a=1;session=T;b=2'], ['a=1;b=2']],
    'with odd neighbours': [
      ['a="x y"; session=T; =; b; sessions=1; xsession=2;c=%20'],
      ['a="x y"; =; b; sessions=1; xsession=2;c=%20'],
    ],
    'in the second field': [
      ['a=1', 'b=2; session=T', 'c=3'],
      ['a=1', 'b=2', 'c=3'],
    ],
    'alone in the second field': [
      ['a=1', 'session=T', 'c=3'],
      ['a=1', 'c=3'],
    ],
  }
  test.each(Object.entries(cookies))('cookie: %s', async (_, [given, want]) => {
    const fields = given.map((text) => `Cookie: ${text.replace('T', token)}`)
    passed(await gateway.get('/', 'x-before: 1', ...fields, 'x-after: 2'))
    const printed = (text: string) =>
      expect.stringMatching(
        new RegExp(`^cookie: ${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'i'),
      )
    expect(lastHead()).toEqual(head('/', 'x-before: 1', ...want.map(printed), 'x-after: 2'))
  })

  test('a header, among others of every kind', async () => {
    passed(
      await gateway.get(
        '/',
        'X-A: 1',
        `Authorization: Bearer ${token}`,
        'x-a: 2',
        'Accept:  */* ',
        'x-b:',
      ),
    )
    const [, , ...fields] = lastHead()
    expect(fields.map((line) => line.toLowerCase())).toEqual([
      'x-a: 1',
      'x-a: 2',
      'accept: */*',
      'x-b: ',
    ])
  })

  test('token: Keep leaves all of it where it is', async () => {
    const fields = ['x-a: 1', `authorization: Bearer ${token}`, `cookie: a=1; session=${other}`]
    passed(await gateway.get(`/keep?access_token=${other}&a=1`, ...fields))
    expect(lastHead()).toEqual(head(`/keep?access_token=${other}&a=1`, ...fields))
  })

  test('a public rule does not touch what may be a credential for somebody else', async () => {
    const fields = [`authorization: Bearer ${token}`, 'cookie: session=1']
    passed(await gateway.get('/public?access_token=1', ...fields))
    expect(lastHead()).toEqual(head('/public?access_token=1', ...fields))
  })
})

describe('what the backend is told of the caller', () => {
  const tell = (own: object) =>
    gateway.get('/tell', `authorization: Bearer ${tokenOf({ ...claims(), ...own }, key)}`)
  const fieldOf = (name: string) =>
    lastHead()
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2)

  test('claims as headers, and all of them as base64url JSON', async () => {
    passed(await tell({ groups: ['a', 'b'], name: 'Zoë €', nested: { a: [1, null] } }))
    expect([fieldOf('x-user'), fieldOf('x-groups')]).toEqual(['u1', 'a,b'])
    const text = fieldOf('x-claims') ?? ''
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))).toEqual({
      ...claims(),
      groups: ['a', 'b'],
      name: 'Zoë €',
      nested: { a: [1, null] },
    })
  })

  const good: readonly (readonly [unknown, string | undefined])[] = [
    ['u', 'u'],
    ['a b', 'a b'],
    ['!~', '!~'],
    ['a,b', 'a,b'],
    [7, '7'],
    [1.5, '1.5'],
    [true, 'true'],
    [null, undefined],
    [undefined, undefined],
  ]
  test.each(good)('sub %j becomes %j', async (sub, want) => {
    passed(await tell({ sub }))
    expect(fieldOf('x-user')).toBe(want)
  })

  const hostile: readonly unknown[] = [
    'a\r\nx-admin: true',
    'a\n',
    '\ra',
    'a\0b',
    '\t',
    'a\tb',
    ' a',
    'a ',
    ' ',
    '',
    '\x7f',
    '\x80',
    'é',
    'Ċ',
    'čĊ',
    '\u2028',
    '€',
    '\ud800',
    { a: 1 },
    [['a', 'b']],
    [{}],
    ['a,b'],
    ['a', 'b\n'],
    ['a', ''],
    ['ä'],
  ]
  test.each(hostile)('sub %j is 403 claim_unrepresentable', async (sub) => {
    const answer = await tell({ sub })
    expect([answer.status, codeOf(answer), answer.reached]).toEqual([
      403,
      'claim_unrepresentable',
      0,
    ])
  })

  test('what a client says of itself is gone, on every rule of the namespace', async () => {
    const said = [
      'X-User: admin',
      'x-user: admin',
      'x_user: admin',
      'x-groups: root',
      'X-CLAIMS: e30',
    ]
    passed(
      await gateway.get(
        '/tell',
        ...said.filter((line) => !line.includes('_')),
        `authorization: Bearer ${token}`,
      ),
    )
    expect(lastHead().filter((line) => /^x-(user|groups)/i.test(line))).toEqual(['x-user: u1'])
    passed(await gateway.get('/public', ...said.filter((line) => !line.includes('_'))))
    expect(lastHead()).toEqual(['GET /public HTTP/1.1', 'host: api.shop.example'])
    const alias = await gateway.get('/public', 'x_user: admin')
    expect([alias.status, alias.reached]).toEqual([400, 0])
  })

  test('a claim whose name every object has is not taken from there', async () => {
    gateway.apply({
      authorizers: {
        odd: {
          jwt: {
            issuers,
            forward: {
              headers: [
                { header: 'x-odd', claim: 'toString' },
                { header: 'x-proto', claim: '__proto__' },
              ],
            },
          },
        },
      },
    })
    passed(await gateway.get('/', `authorization: Bearer ${token}`))
    expect(lastHead()).toEqual(['GET / HTTP/1.1', 'host: api.shop.example'])
  })
})

afterEach(() => expect(gateway.proxy.errors).toEqual([]))
