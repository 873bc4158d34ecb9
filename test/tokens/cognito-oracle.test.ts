import { CognitoJwtVerifier } from 'aws-jwt-verify'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { seededDice } from '../../src/base/dice.ts'
import { cognitoToken, type Pools } from './cognito-tokens.ts'
import { startTokenGateway, type TokenGateway } from './gateway.ts'
import { keyFor } from './keys.ts'

/**
 * aws-jwt-verify, the library that Amazon gives out for user pools, judges the same tokens: whatever it refuses is
 * refused here, and whatever it accepts is accepted, unless one of our rules is stricter. Each of those is named below.
 */
const userPoolIds = ['eu-west-1_AbCdEf', 'us-east-1_GhIjKl'] as const
const issuerOf = (pool: string) => `https://cognito-idp.${pool.split('_')[0]}.amazonaws.com/${pool}`
const keys = [keyFor('RS256', 'first'), keyFor('RS256', 'second')] as const
const clients = ['client0', 'client1'] as const
const setOf = (at: 0 | 1) => ({
  keys: [
    {
      ...keys[at].jwk,
      alg: 'RS256',
      e: 'AQAB',
      kty: 'RSA' as const,
      n: keys[at].jwk.n as string,
      use: 'sig' as const,
    },
  ],
})

const kinds = {
  access: { own: {}, theirs: { tokenUse: 'access' } },
  id: { own: { tokenUse: 'Id' }, theirs: { tokenUse: 'id' } },
  any: { own: { tokenUse: 'Any' }, theirs: { tokenUse: null } },
  staff: {
    own: { tokenUse: 'Any', groups: { anyOf: ['staff', 'admin'] } },
    theirs: { tokenUse: null, groups: ['staff', 'admin'] },
  },
} as const
type Kind = keyof typeof kinds

const wallMs = Date.UTC(2026, 5, 1)
const nowSeconds = wallMs / 1000
const pools: Pools = {
  issuers: userPoolIds.map(issuerOf),
  clients,
  keys,
  stranger: keyFor('RS256', 'first'),
  nowSeconds,
}

/** What a token says, as far as it can be read at all. */
interface Reading {
  readonly token: string
  readonly parts: readonly string[]
  readonly texts: readonly string[]
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

function read(token: string): Reading {
  const parts = token.split('.')
  const texts = parts.slice(0, 2).map((part) => Buffer.from(part, 'base64').toString('utf8'))
  const [header, payload] = texts.map((text) => JSON.parse(text) as Record<string, unknown>)
  return { token, parts, texts, header: header ?? {}, payload: payload ?? {} }
}

const isWrongTime = (value: unknown): boolean =>
  value !== undefined && !(typeof value === 'number' && value >= 0 && value < 1e11)
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
    : 0
/** Nothing that is generated has a value that looks like a name. */
const namesIn = (text: string): string[] =>
  [...text.matchAll(/("(?:[^"\\]|\\.)*"):/g)].map((match) => JSON.parse(match[1] ?? '""') as string)

/** Where we are stricter than Amazon's library, and why. */
const stricter: Readonly<Record<string, (reading: Reading) => boolean>> = {
  'J6 one value has one text: padding and idle bits are refused': ({ parts }) =>
    parts.some((part) => Buffer.from(part, 'base64url').toString('base64url') !== part),
  'J7 no nested token and no compression': ({ header }) =>
    header['cty'] !== undefined || header['zip'] !== undefined,
  'J8 no crit and no b64': ({ header }) =>
    header['crit'] !== undefined || header['b64'] !== undefined,
  'J9 exp is required': ({ payload }) => payload['exp'] === undefined,
  'J9 a token is over when exp plus the skew has come, not a moment after': ({ payload }) =>
    payload['exp'] === nowSeconds - 30,
  'J9 times are neither negative nor beyond the year 5138': ({ payload }) =>
    ['exp', 'nbf', 'iat'].some((name) => isWrongTime(payload[name])),
  'J9 iat is not in the future': ({ payload }) => Number(payload['iat']) > nowSeconds + 30,
  'J11 an issuer is compared to the letter: one name for a pool': ({ payload }) =>
    String(payload['iss']).includes('issuer-cognito-idp'),
  'J12 groups are a list of texts': ({ payload }) => {
    const groups = payload['cognito:groups']
    return !(Array.isArray(groups) && groups.every((each) => typeof each === 'string'))
  },
  'J14 no name twice': ({ texts }) =>
    texts.some((text) => new Set(namesIn(text)).size < namesIn(text).length),
  'J14 no __proto__': ({ texts }) => texts.some((text) => text.includes('__proto__')),
  'J14 no nesting beyond 16': ({ header, payload }) =>
    depthOf(header) > 16 || depthOf(payload) > 16,
  'J14 no token above 8 KiB': ({ token }) => token.length > 8192,
}

const count = 4800
let gateway: TokenGateway
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: wallMs })
  gateway = await startTokenGateway(
    {
      authorizers: Object.fromEntries(
        Object.entries(kinds).map(([name, { own }]) => [
          name,
          {
            cognito: {
              userPools: userPoolIds.map((userPoolId, i) => ({
                region: userPoolId.split('_')[0],
                userPoolId,
                clientIds: [clients[i]],
              })),
              ...own,
            },
          },
        ]),
      ),
      rules: Object.fromEntries(
        Object.keys(kinds).map((name) => [`/${name}`, { anyOf: [{ authorizer: { name } }] }]),
      ),
      keys: Object.fromEntries(
        userPoolIds.map((id, i) => [issuerOf(id), JSON.stringify(setOf(i as 0 | 1))]),
      ),
    },
    { startMs: wallMs - Date.UTC(2026, 0, 1) - 1000 },
  )
  expect(gateway.now).toBe(nowSeconds)
})
afterAll(async () => {
  vi.useRealTimers()
  await gateway.close()
})

function theirVerifier(kind: Kind) {
  const verifier = CognitoJwtVerifier.create(
    userPoolIds.map(
      (userPoolId, i) =>
        ({
          userPoolId,
          clientId: clients[i] as string,
          graceSeconds: 30,
          ...kinds[kind].theirs,
        }) as never,
    ),
  )
  for (const [i, id] of userPoolIds.entries()) verifier.cacheJwks(setOf(i as 0 | 1), id)
  return (token: string): string | undefined => {
    try {
      verifier.verifySync(token as never)
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
}

describe('aws-jwt-verify as the oracle', () => {
  const met = new Map<string, number>()
  const verdicts = { accepted: 0, refused: 0, stricter: 0 }

  test.each(Object.keys(kinds) as Kind[])('tokenUse and groups as in %s', async (kind) => {
    const dice = seededDice(kind.length * 7919)
    const theirs = theirVerifier(kind)
    const ours = gateway.proxy.proxy.runtime.authorizers.get(`shop/${kind}`)!
    for (let i = 0; i < count / 4; i++) {
      const { token, changes } = cognitoToken(pools, dice)
      const why = theirs(token)
      const result = await ours.verify(token, '192.0.2.1')
      const told = {
        changes,
        token,
        theirs: why,
        ours: 'fault' in result ? result.fault : undefined,
      }
      if (told.ours === undefined) {
        verdicts.accepted++
        if (why !== undefined) expect(told).toEqual({ ...told, theirs: undefined })
        continue
      }
      expect(['authorizer_unavailable', 'overloaded']).not.toContain(told.ours)
      if (why !== undefined) {
        verdicts.refused++
        continue
      }
      const rules = Object.keys(stricter).filter((rule) => stricter[rule]!(read(token)))
      if (rules.length === 0) expect(told).toEqual({ ...told, ours: undefined })
      for (const rule of rules) met.set(rule, (met.get(rule) ?? 0) + 1)
      verdicts.stricter++
    }
  })

  test('every rule that is stricter was met, and there was enough of everything', () => {
    expect([...met.keys()].sort()).toEqual(Object.keys(stricter).sort())
    expect(verdicts.accepted + verdicts.refused + verdicts.stricter).toBe(count)
    expect(Math.min(verdicts.accepted, verdicts.refused)).toBeGreaterThan(count / 5)
    expect(verdicts.stricter).toBeGreaterThan(100)
  })

  test('through the proxy the verdict is the same', async () => {
    const dice = seededDice(42)
    const ours = gateway.proxy.proxy.runtime.authorizers.get('shop/staff')!
    for (let i = 0; i < 150; i++) {
      const { token } = cognitoToken(pools, dice)
      if (token === '' || /[^\x21-\x7e]/.test(token) || token.length > 10_000) continue
      const result = await ours.verify(token, '192.0.2.1')
      const { status } = await gateway.bearer(token, '/staff')
      expect([token, status]).toEqual([
        token,
        'ok' in result ? 200 : result.fault === 'group_missing' ? 403 : 401,
      ])
    }
  })
})
