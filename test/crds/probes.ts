import type { Probe } from './access.ts'
import { hostOf, issuerOf, pool, type Variant } from './rich.ts'
import type { Signing, Site } from './site.ts'
import { poolIssuer } from './world.ts'

/** Claims that satisfy every authorizer and every rule. */
const goodClaims = {
  sub: 'someone',
  email_verified: true,
  scope: 'orders/read openid',
  groups: ['staff', 'buyers'],
  vip: 'yes',
}

const withToken = (token: string) => ({ 'x-token': `Token ${token}` })

/** What the conditions of the rule `prefix` ask for. */
const conditioned = { 'x-exact': 'a', 'x-prefix': 'bb', 'x-regex': 'ccc' }
const query = (fields: Readonly<Record<string, string>>): string =>
  `?${new URLSearchParams(fields)}`
const matching = `/prefix/x${query(conditioned)}`

/**
 * Requests to every rule of a rich route: one that everything allows, and for each condition of the rule one that only
 * this condition refuses.
 */
export async function probesOfRoute(variant: Variant, site: Site): Promise<readonly Probe[]> {
  const host = hostOf(variant)
  const issuer = issuerOf('inline', site)
  const sign = (claims: object) => site.sign(issuer, { ...goodClaims, ...claims })
  const tokens = {
    good: await sign({}),
    'without scope': await sign({ scope: 'other' }),
    'without group': await sign({ groups: ['staff'] }),
    'without claim': await sign({ vip: 'no' }),
    'of the decoy': await site.sign(issuer, goodClaims, { bad: true }),
  }
  const callers: readonly Partial<Probe>[] = [
    ...Object.values(tokens).map((token) => ({ headers: withToken(token) })),
    {},
    { headers: withToken(tokens.good), from: '127.0.0.2' },
    { headers: withToken(tokens.good), from: '127.0.0.9' },
  ]
  const good = withToken(tokens.good)
  const simple = [
    ...Object.entries(targets).flatMap(([rule, list]) =>
      list.flatMap((target) => callers.map((caller) => ({ rule, target, ...caller }))),
    ),
    ...callers.map((caller) => ({
      ...caller,
      rule: 'prefix',
      target: matching,
      headers: { ...conditioned, ...caller.headers },
    })),
  ]
  const odd = [...conditionProbes(good), ...oddProbes(good)].map((probe) => ({
    ...probe,
    odd: true as const,
  }))
  return [...simple, ...odd].map((probe, at) => ({
    name: `${at} ${probe.target}`,
    host,
    ...probe,
  }))
}

/** What leads to each rule, but for the one with conditions. */
const targets: Readonly<Record<string, readonly string[]>> = {
  exact: ['/exact'],
  pattern: ['/pattern/7'],
  defaults: ['/defaults/x', '//defaults//x'],
  redirect: ['/redirect/7'],
  'redirect-prefix': ['/old/x'],
  respond: ['/respond'],
  '': ['/elsewhere'],
}

type Draft = Omit<Probe, 'name' | 'host'>

/** What the rule with conditions asks for, but for one of them. */
function conditionProbes(good: Readonly<Record<string, string>>): readonly Draft[] {
  const headers = { ...good, ...conditioned }
  const wrong = ['x-exact', 'x-prefix', 'x-regex', 'x-present'].map((name) => ({ [name]: 'z' }))
  return [
    { target: matching, headers, method: 'PUT' },
    { target: matching.replace('/prefix', '/other'), headers },
    ...wrong.map((one) => ({ target: matching, headers: { ...headers, ...one } })),
    ...wrong.map((one) => ({ target: `/prefix/x${query({ ...conditioned, ...one })}`, headers })),
  ].map((probe) => ({ ...probe, rule: 'prefix' }))
}

const origins = ['https://rule.example', 'https://defaults.example', 'https://evil.example']

/** Preflights, odd names and odd paths. */
const oddProbes = (good: Readonly<Record<string, string>>): readonly Draft[] =>
  Object.entries(targets).flatMap(([rule, [target = '']]) => [
    ...origins.map((origin) => ({
      rule,
      target,
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PUT' },
    })),
    { rule, target, headers: { ...good, x_odd: 'spoofed' } },
    { rule, target: `${target}%2fx`, headers: good },
    { rule, target, method: 'PUT', headers: good },
  ])

const bySource: readonly ((token: string) => Partial<Probe>)[] = [
  (token) => ({ headers: withToken(token) }),
  (token) => ({ headers: { 'x-token': token } }),
  (token) => ({ headers: { 'x-token': `Bearer ${token}` } }),
  (token) => ({ headers: { authorization: `Bearer ${token}` } }),
  (token) => ({ headers: { cookie: `session=${token}` } }),
  (token) => ({ target: `/?access_token=${token}` }),
]

const probesOfTokens = (tokens: readonly string[], first: string, host: string): Probe[] =>
  [
    {},
    ...tokens.map((token) => ({ headers: withToken(token) })),
    ...bySource.map((place) => place(first)),
  ].map((probe, at) => ({ name: `token ${at}`, rule: '', host, target: '/', ...probe }))

type Flaw = readonly [claims: object, how?: Signing]

const flaws = (): readonly Flaw[] => [
  [{}],
  [{}, { bad: true }],
  [{}, { alg: 'RS256' }],
  [{}, { typ: 'JWT' }],
  [{ aud: 'others' }],
  [{ email_verified: false }],
  [{ groups: ['buyers'], 'cognito:groups': ['buyers'] }],
  [{ exp: Date.now() / 1000 - 1 }],
]

/** Tokens of every issuer, good ones and each with one flaw, and a good one in every place. */
export async function probesOfJwt(host: string, site: Site): Promise<readonly Probe[]> {
  const issuers = ['inline', 'uri', 'service', 'config-map', 'secret', 'any']
  const tokens = await Promise.all(
    issuers.flatMap((name) =>
      flaws().map(([claims, how]) =>
        site.sign(issuerOf(name, site), { ...goodClaims, ...claims }, how),
      ),
    ),
  )
  return probesOfTokens(tokens, tokens[0]!, host)
}

/** The same for a user pool, with tokens of both uses. */
export async function probesOfCognito(host: string, site: Site): Promise<readonly Probe[]> {
  const claims = { ...goodClaims, 'cognito:groups': ['staff'], aud: undefined }
  const uses = [
    { token_use: 'id', aud: pool.clientIds[0] },
    { token_use: 'access', client_id: pool.clientIds[0] },
    { token_use: 'id', aud: 'another' },
    { token_use: 'access', client_id: 'another' },
  ]
  const tokens = await Promise.all(
    uses.flatMap((use) =>
      flaws().map(([flaw, how]) =>
        site.sign(poolIssuer, { ...claims, ...flaw, ...use }, { alg: 'RS256', ...how }),
      ),
    ),
  )
  return probesOfTokens(tokens, tokens[0]!, host)
}
