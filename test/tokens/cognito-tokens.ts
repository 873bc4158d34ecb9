import type { Dice } from '../../src/base/dice.ts'
import { base64url, type SigningKey, signatureOf } from './keys.ts'

/** A token in the making: texts of header and payload, before and after they are signed. */
export interface Draft {
  header: Record<string, unknown>
  payload: Record<string, unknown>
  /** How header and payload become text. */
  print: (part: Record<string, unknown>, which: 'header' | 'payload') => string
  sign: (input: string) => Buffer
  /** The last word. */
  finish: (parts: [string, string, string]) => string
  /** What was changed, for a reader of a failure. */
  readonly changes: string[]
}

export interface Pools {
  /** Issuers of the pools that are accepted. */
  readonly issuers: readonly string[]
  readonly clients: readonly string[]
  readonly keys: readonly SigningKey[]
  readonly stranger: SigningKey
  readonly nowSeconds: number
}

type Change = (draft: Draft, pools: Pools, pick: Pick) => void
type Pick = <T>(from: readonly T[]) => T

const odd: readonly unknown[] = [null, '', 0, 1, -1, true, 'x', [], ['x'], {}, 1e308, 1.5]

/** Values of one claim, some of them good. */
const claim =
  (name: string, values: (pools: Pools, draft: Draft) => readonly unknown[]): Change =>
  (draft, pools, pick) => {
    const value = pick([undefined, ...values(pools, draft), ...odd])
    draft.changes.push(`${name} = ${JSON.stringify(value)}`)
    if (value === undefined) delete draft.payload[name]
    else draft.payload[name] = value
  }

const without =
  (name: string): Change =>
  (draft) => {
    draft.changes.push(`without ${name}`)
    delete draft.payload[name]
  }

/** On either side of what the clock skew allows. */
const onTheEdge: Change = (draft, { nowSeconds }, pick) => {
  const exp = nowSeconds - pick([29, 30, 31])
  draft.changes.push(`exp ${exp - nowSeconds} s from now`)
  draft.payload['exp'] = exp
}

const times = ({ nowSeconds: now }: Pools): readonly number[] =>
  [-100_000, -31, -30, -29, -1, 0, 1, 29, 30, 31, 100_000].map((offset) => now + offset)

const member =
  (name: string, values: readonly unknown[]): Change =>
  (draft, _, pick) => {
    const value = pick([undefined, ...values])
    draft.changes.push(`${name} of the header = ${JSON.stringify(value)}`)
    if (value === undefined) delete draft.header[name]
    else draft.header[name] = value
  }

const text =
  (what: string, change: (text: string) => string, which: 'header' | 'payload'): Change =>
  (draft) => {
    draft.changes.push(`${what} of the ${which}`)
    const { print } = draft
    draft.print = (part, each) => (each === which ? change(print(part, each)) : print(part, each))
  }

const part =
  (what: string, at: 0 | 1 | 2, change: (text: string) => string): Change =>
  (draft) => {
    draft.changes.push(`${what} of part ${at}`)
    const { finish } = draft
    draft.finish = (parts) => {
      parts[at] = change(parts[at])
      return finish(parts)
    }
  }

const signature =
  (what: string, change: (bytes: Buffer) => Buffer): Change =>
  (draft) => {
    draft.changes.push(what)
    const { sign } = draft
    draft.sign = (input) => change(sign(input))
  }

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Something in the bits that do not count, where there are such bits. */
const trailing = (given: string): string =>
  given.length % 4 === 0
    ? given
    : given.slice(0, -1) + letters[letters.indexOf(given.at(-1) ?? 'A') + 1]

const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)])

/** All that may be wrong with a token, and much that may not. */
const changes: readonly Change[] = [
  claim('iss', ({ issuers }) => [
    ...issuers,
    ...issuers.map((iss) => `${iss}/`),
    ...issuers.map((iss) => iss.replace('cognito-idp', 'issuer-cognito-idp')),
    ...issuers.map((iss) => iss.replace('https', 'http')),
    ...issuers.map((iss) => iss.toUpperCase()),
    issuers,
    'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other',
  ]),
  claim('iss', (_, { payload: { iss } }) => {
    const own = String(iss)
    return [own.replace('cognito-idp', 'issuer-cognito-idp'), `${own}/`, own.replace('-1', '-2')]
  }),
  claim('client_id', ({ clients }) => [...clients, clients, 'other', ` ${clients[0]}`]),
  claim('aud', ({ clients }) => [
    ...clients,
    clients,
    [clients[0]],
    [clients[0], 1],
    'other',
    { [clients[0] as string]: 1 },
  ]),
  claim('token_use', () => [
    'access',
    'id',
    'ACCESS',
    'refresh',
    ['access'],
    ['access', 'id'],
    'access ',
  ]),
  claim('exp', (pools) => [
    ...times(pools),
    ...times(pools).map(String),
    ...times(pools).map((each) => each * 1000),
  ]),
  ...['exp', 'iat', 'sub', 'jti', 'token_use'].map(without),
  onTheEdge,
  claim('nbf', (pools) => [...times(pools), ...times(pools).map(String)]),
  claim('iat', (pools) => [...times(pools), ...times(pools).map(String)]),
  claim('sub', () => ['u', 'ü', '\ud800', 'x'.repeat(1000)]),
  claim('jti', () => ['j']),
  claim('scope', () => ['openid', 'openid email', ['openid'], ' ']),
  claim('cognito:groups', () => [
    ['staff'],
    ['x', 'staff'],
    ['staff', 1],
    [1, 'staff'],
    'staff',
    ['Staff'],
    { staff: 1 },
  ]),
  claim('cognito:username', () => ['name', 'é', { a: { b: 1 } }]),
  claim('deep', () => [deep(13), deep(14), deep(15), deep(16), deep(200)]),
  claim('long', () => ['x'.repeat(3000), 'x'.repeat(6000), 'x'.repeat(9000)]),
  member('alg', [
    'RS256',
    'RS256',
    'none',
    'None',
    'HS256',
    'RS384',
    'RS512',
    'PS256',
    'ES256',
    'rs256',
    '',
    null,
    ['RS256'],
    1,
  ]),
  member('kid', [
    'first',
    'second',
    'other',
    '',
    'First',
    1,
    null,
    ['first'],
    '__proto__',
    'x'.repeat(257),
  ]),
  member('typ', ['JWT', 'at+jwt', 'jwt', '', 1, null]),
  member('crit', [[], ['exp'], ['b64'], 'exp', null]),
  member('b64', [true, false]),
  member('cty', ['JWT', 'json', '']),
  member('zip', ['DEF', '']),
  member('jku', ['https://evil.example/keys']),
  member('jwk', [{ kty: 'RSA' }]),
  member('x5u', ['file:///etc/passwd']),
  member('deep', [deep(15), deep(16), deep(17)]),
  ...(['header', 'payload'] as const).flatMap((which) => [
    text(
      'a name twice',
      (json) => `{"iss":"x","alg":"none","${which}":1,"${which}":2,${json.slice(1)}`,
      which,
    ),
    text(
      'a name of ours twice, the first wrong',
      (json) => `{"alg":"none","iss":"x","exp":1,${json.slice(1)}`,
      which,
    ),
    text('__proto__', (json) => `{"__proto__":{"exp":1,"iss":"x"},${json.slice(1)}`, which),
    text('constructor', (json) => `{"constructor":{"exp":1},${json.slice(1)}`, which),
    text('white space around', (json) => ` \n${json}\t `, which),
    text('a byte order mark', (json) => `\ufeff${json}`, which),
    text('something behind', (json) => `${json}x`, which),
    text('a list around', (json) => `[${json}]`, which),
    text('half', (json) => json.slice(0, json.length / 2), which),
    text(
      'an escaped name',
      (json) => json.replace('"iss"', '"\\u0069ss"').replace('"alg"', '"\\u0061lg"'),
      which,
    ),
  ]),
  ...([0, 1, 2] as const).flatMap((at) => [
    part('padding', at, (given) => `${given}${'='.repeat((4 - (given.length % 4)) % 4)}`),
    part('too much padding', at, (given) => `${given}==`),
    part('bits that do not count', at, trailing),
    part('the other alphabet', at, (given) => given.replaceAll('-', '+').replaceAll('_', '/')),
    part('a space', at, (given) => `${given.slice(0, 5)} ${given.slice(5)}`),
    part('a newline', at, (given) => `${given}\n`),
    part('a cut', at, (given) => given.slice(0, -2)),
    part('nothing left', at, () => ''),
    part(
      'a flipped letter',
      at,
      (given) => `${given.slice(0, 9)}${given[9] === 'A' ? 'B' : 'A'}${given.slice(10)}`,
    ),
  ]),
  signature('a signature of zeros', (bytes) => Buffer.alloc(bytes.length)),
  signature('a flipped bit of the signature', (bytes) => {
    bytes.writeUInt8((bytes[100] ?? 0) ^ 1, 100)
    return bytes
  }),
  signature('a short signature', (bytes) => bytes.subarray(1)),
  signature('a long signature', (bytes) => Buffer.concat([Buffer.alloc(1), bytes])),
  (draft, { stranger }) => {
    draft.changes.push('signed by a stranger')
    draft.sign = (input) => signatureOf(input, stranger.privateKey, 'RS256')
  },
  (draft, { keys }, pick) => {
    const [key, alg] = [pick(keys), pick(['RS256', 'RS384', 'RS512', 'PS256'])]
    draft.changes.push(`signed by ${key.kid} with ${alg}`)
    draft.header['kid'] = key.kid
    draft.sign = (input) => signatureOf(input, key.privateKey, alg)
  },
  (draft, _, pick) => {
    const form = pick([
      (parts: readonly string[]) => parts.slice(0, 2).join('.'),
      (parts: readonly string[]) => [...parts, parts[2]].join('.'),
      (parts: readonly string[]) => `.${parts.join('.')}`,
      (parts: readonly string[]) => `${parts.join('.')}.`,
      (parts: readonly string[]) => [...parts, 'AA', 'AA'].join('.'),
      (parts: readonly string[]) =>
        JSON.stringify({ protected: parts[0], payload: parts[1], signature: parts[2] }),
      (parts: readonly string[]) => ` ${parts.join('.')}`,
      () => '',
    ])
    draft.changes.push('another form')
    draft.finish = form
  },
]

/** An access or ID token of one of the pools, with up to three changes; three in ten with none. */
export function cognitoToken(
  pools: Pools,
  dice: Dice,
): { readonly token: string; readonly changes: readonly string[] } {
  const pick: Pick = (from) => from[Math.floor(dice() * from.length)] as never
  const which = dice() < 0.5 ? 0 : 1
  const key = pools.keys[which] as SigningKey
  const isAccess = dice() < 0.6
  const client = pools.clients[which]
  const draft: Draft = {
    header: { kid: key.kid, alg: 'RS256' },
    payload: {
      sub: 'u1',
      iss: pools.issuers[which],
      token_use: isAccess ? 'access' : 'id',
      ...(isAccess ? { client_id: client, scope: 'openid' } : { aud: client }),
      ...(dice() < 0.7 && { 'cognito:groups': pick([['staff'], ['users', 'staff'], ['users']]) }),
      exp: pools.nowSeconds + 300,
      iat: pools.nowSeconds - 10,
      auth_time: pools.nowSeconds - 10,
      jti: `${dice()}`,
    },
    print: (members) => JSON.stringify(members),
    sign: (input) => signatureOf(input, key.privateKey, 'RS256'),
    finish: (parts) => parts.join('.'),
    changes: [isAccess ? 'access' : 'id'],
  }
  const count = pick([0, 0, 0, 1, 1, 1, 1, 2, 2, 3])
  for (let i = 0; i < count; i++) pick(changes)(draft, pools, pick)
  const input = `${base64url(draft.print(draft.header, 'header'))}.${base64url(draft.print(draft.payload, 'payload'))}`
  const [head = '', payload = ''] = input.split('.')
  const token = draft.finish([head, payload, base64url(draft.sign(input))])
  return { token, changes: draft.changes }
}
