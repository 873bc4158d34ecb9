import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { headsOf } from '../policies/set-up.ts'
import { startTokenGateway, type TokenAnswer, type TokenGateway } from './gateway.ts'
import { keyFor, tokenOf } from './keys.ts'
import { codeOf } from './refusal.ts'

/** anyOf and allOf, for every combination of what three members can say, against the sentences of the documentation. */
const key = keyFor('ES256', 'k')
const jwks = JSON.stringify({ keys: [key.jwk] })
const names = ['a', 'b', 'c'] as const

/** What a member says of its own header. `gone` is a member that does not exist. */
const says = ['allow', 'missing', 'bad', 'forbidden', 'unavailable'] as const
type Says = (typeof says)[number] | 'gone'

/** Each takes its credential from a header of its own. The keys of issuer `dead` cannot be found. */
const authorizer = (name: string) => ({
  jwt: {
    issuers: [
      { issuer: 'good', audiences: ['orders'], jwks: { inline: jwks } },
      { issuer: 'dead', audiences: ['orders'], jwks: { secretRef: { name: 'gone' } } },
    ],
    from: [{ header: `x-token-${name}` }],
    forward: { headers: [{ header: `x-user-${name}`, claim: 'sub' }] },
  },
})
const member = (name: string) => ({ authorizer: { name }, scopes: { allOf: [`scope-${name}`] } })
const members = names.map(member)
const withGone = [member('a'), member('gone'), member('c')]

let gateway: TokenGateway
beforeAll(async () => {
  gateway = await startTokenGateway({
    authorizers: Object.fromEntries(names.map((name) => [name, authorizer(name)])),
    rules: {
      '/anyOf': { anyOf: members },
      '/allOf': { allOf: members },
      '/gone/anyOf': { anyOf: withGone },
      '/gone/allOf': { allOf: withGone },
    },
    faulty: true,
  })
})
afterAll(() => gateway.close())

const tokenFor = (name: string, what: Says): string | undefined => {
  const claims = { iss: 'good', aud: 'orders', sub: `user-${name}`, exp: gateway.now + 300 }
  switch (what) {
    case 'allow':
      return tokenOf({ ...claims, scope: `scope-${name}` }, key)
    case 'bad':
      return 'a.b.c'
    case 'forbidden':
      return tokenOf({ ...claims, scope: 'other' }, key)
    case 'unavailable':
      return tokenOf({ ...claims, iss: 'dead' }, key)
    case 'missing':
    case 'gone':
      return undefined
  }
}

/** One answer per row: what the documentation says, word by word. */
interface Expected {
  readonly status: number
  readonly code: string | undefined
  readonly challenges: readonly string[]
  readonly allowed: readonly string[]
}

interface Member {
  readonly name: string
  readonly what: Says
}

const statusOf = {
  allow: 200,
  missing: 401,
  bad: 401,
  forbidden: 403,
  unavailable: 503,
  gone: 503,
} as const
const codeFor = {
  allow: undefined,
  missing: 'credentials_missing',
  bad: 'token_malformed',
  forbidden: 'scope_missing',
  unavailable: 'authorizer_unavailable',
  gone: 'authorizer_unavailable',
} as const
const isPresent = ({ what }: Member): boolean => what !== 'missing' && what !== 'gone'

function challengesOf({ name, what }: Member): string[] {
  const realm = `Bearer realm="shop/${name}"`
  if (what === 'missing') return [realm]
  if (what === 'bad')
    return [
      `${realm}, error="invalid_token", error_description="The token is not a signed JWT in compact form"`,
    ]
  return what === 'forbidden' ? [`${realm}, error="insufficient_scope", scope="scope-${name}"`] : []
}

const refusal = (first: Member, challenges = challengesOf(first)): Expected => ({
  status: statusOf[first.what],
  code: codeFor[first.what],
  challenges,
  allowed: [],
})

/** Members whose credential is present go first. */
const inOrder = (all: readonly Member[]) => [
  ...all.filter(isPresent),
  ...all.filter((each) => !isPresent(each)),
]

const oracle = {
  /** Any allow is allow; else 503 if any is 503; else 403 if any; else 401 with all challenges in order. */
  anyOf(given: readonly Member[]): Expected {
    const all = inOrder(given)
    const first = (status: number) => all.find(({ what }) => statusOf[what] === status)
    const allow = first(200)
    if (allow !== undefined)
      return { status: 200, code: undefined, challenges: [], allowed: [allow.name] }
    const decided = first(503) ?? first(403)
    if (decided !== undefined) return refusal(decided)
    return refusal(all[0]!, all.flatMap(challengesOf))
  },
  /** The first 401 or 403 in order wins; else 503 if any. */
  allOf(given: readonly Member[]): Expected {
    const all = inOrder(given)
    const denied = all.find(({ what }) => statusOf[what] === 401 || statusOf[what] === 403)
    if (denied !== undefined) return refusal(denied)
    const undecided = all.find(({ what }) => statusOf[what] === 503)
    if (undecided !== undefined) return refusal(undecided)
    return { status: 200, code: undefined, challenges: [], allowed: all.map(({ name }) => name) }
  },
}

function told(answer: TokenAnswer): Expected {
  const head = answer.status === 200 ? (headsOf(gateway.upstream).at(-1) ?? []) : []
  const prefix = 'www-authenticate: '
  return {
    status: answer.status,
    code: codeOf(answer),
    challenges: answer.fields
      .filter((line) => line.startsWith(prefix))
      .map((line) => line.slice(prefix.length)),
    allowed: head.flatMap((line) => /^x-user-(.): user-\1$/.exec(line)?.[1] ?? []),
  }
}

async function ask(path: string, all: readonly Member[]): Promise<TokenAnswer> {
  const headers = all.flatMap(({ name, what }) => {
    const token = tokenFor(name, what)
    return token === undefined ? [] : [`x-token-${name}: ${token}`]
  })
  const answer = await gateway.get(path, ...headers)
  if (answer.status !== 200) expect(answer.reached).toBe(0)
  return answer
}

const combinations = says.flatMap((a) => says.flatMap((b) => says.map((c) => [a, b, c] as const)))

describe.each(['anyOf', 'allOf'] as const)('%s', (kind) => {
  test.each(combinations)('%s, %s, %s', async (...whats) => {
    const all = names.map((name, i): Member => ({ name, what: whats[i]! }))
    expect(told(await ask(`/${kind}`, all))).toEqual(oracle[kind](all))
  })

  const pairs = says.flatMap((a) => says.map((c) => [a, c] as const))
  test.each(pairs)('%s, gone, %s', async (a, c) => {
    const all: Member[] = [
      { name: 'a', what: a },
      { name: 'gone', what: 'gone' },
      { name: 'c', what: c },
    ]
    expect(told(await ask(`/gone/${kind}`, all))).toEqual(oracle[kind](all))
  })
})

describe('what the backend gets', () => {
  test('of anyOf: the credential of the member that allowed is gone, the others stay', async () => {
    const all: Member[] = [
      { name: 'a', what: 'bad' },
      { name: 'b', what: 'allow' },
      { name: 'c', what: 'allow' },
    ]
    await ask('/anyOf', all)
    const head = headsOf(gateway.upstream).at(-1) ?? []
    expect(
      head.filter((line) => /^x-(token|user)/.test(line)).map((line) => line.split(':')[0]),
    ).toEqual(['x-token-a', 'x-token-c', 'x-user-b'])
  })

  test('of allOf: every credential is gone, every member has told its own', async () => {
    await ask(
      '/allOf',
      names.map((name) => ({ name, what: 'allow' as const })),
    )
    const head = headsOf(gateway.upstream).at(-1) ?? []
    expect(head.filter((line) => /^x-(token|user)/.test(line))).toEqual(
      names.map((name) => `x-user-${name}: user-${name}`),
    )
  })
})
