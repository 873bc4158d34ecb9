import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FailureCode } from '../../src/model/failure.ts'
import { startTokenGateway, type TokenGateway } from './gateway.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import {
  base64url,
  compact,
  keyFor,
  signatureIn,
  signatureOf,
  tokenOf,
  withSignature,
} from './keys.ts'
import { bytesOf, derOf, numberOf, orderOfEd25519, orderOfP256, reversed } from './numbers.ts'
import { expectRefusal } from './refusal.ts'

/** The form and the signature of a token: what is not exactly a signed JWT of the issuer is 401 and reaches nobody. */
const iss = 'https://login.shop.example/'
const rs = keyFor('RS256', 'rs')
const ps = keyFor('PS256', 'ps')
const es = keyFor('ES256', 'es')
const es384 = keyFor('ES384', 'es384')
const es512 = keyFor('ES512', 'es512')
const ed = keyFor('EdDSA', 'ed')
const stranger = keyFor('RS256', 'rs')

let issuer: Issuer
let gateway: TokenGateway
let claims: Record<string, unknown>

beforeAll(async () => {
  issuer = await startIssuer(rs, ps, es, es384, es512, ed)
  const issuers = [{ issuer: iss, audiences: ['orders'], jwksUri: issuer.keysUrl }]
  gateway = await startTokenGateway({ authorizers: { customers: { jwt: { issuers } } } })
  claims = { iss, aud: 'orders', sub: 'u1', exp: gateway.now + 300 }
})

afterAll(async () => {
  await gateway.close()
  await issuer.close()
})

interface Row {
  readonly name: string
  readonly token: () => string
  readonly code: FailureCode
}

const refuse = (rows: readonly Row[]) =>
  test.each(rows.map((row) => [row.name, row] as const))('%s', async (_, { token, code }) => {
    expectRefusal(await gateway.bearer(token()), code)
  })

const header = (members: object): string => JSON.stringify({ kid: 'rs', typ: 'JWT', ...members })
const body = (): string => JSON.stringify(claims)
/** Signed by RS256, whatever its header says. */
const saying = (members: object): string => compact(header(members), body(), rs)
const unsigned = (members: object): string => `${base64url(header(members))}.${base64url(body())}.`

describe('J1 the header only chooses among the algorithms that are allowed', () => {
  const names = ['none', 'None', 'nOnE', 'NONE', 'rs256', 'RS1', 'HS256', 'ES256K', 'RS256 ', '']
  refuse([
    ...names.map((alg) => ({
      name: `J1 alg ${JSON.stringify(alg)}, signed`,
      token: () => saying({ alg }),
      code: 'token_malformed' as const,
    })),
    ...['none', 'None', 'nOnE'].map((alg) => ({
      name: `J1 alg ${alg} without a signature`,
      token: () => unsigned({ alg }),
      code: 'token_malformed' as const,
    })),
    { name: 'J1 alg is missing', token: () => saying({}), code: 'token_malformed' },
    { name: 'J1 alg is a list', token: () => saying({ alg: ['RS256'] }), code: 'token_malformed' },
    { name: 'J1 alg is an object', token: () => saying({ alg: {} }), code: 'token_malformed' },
    { name: 'J1 alg is null', token: () => saying({ alg: null }), code: 'token_malformed' },
    {
      name: 'J1 alg is __proto__',
      token: () => saying({ alg: '__proto__' }),
      code: 'token_malformed',
    },
  ])

  test('J1 an algorithm that the issuer is not allowed is refused though its key is published', async () => {
    const { signal, close } = await restricted(['ES256'])
    expectRefusal(await signal.bearer(tokenOf(claims, rs)), 'token_malformed')
    expect((await signal.bearer(tokenOf(claims, es))).status).toBe(200)
    await close()
  })
})

async function restricted(algorithms: readonly string[]) {
  const issuers = [{ issuer: iss, audiences: ['orders'], jwksUri: issuer.keysUrl, algorithms }]
  const signal = await startTokenGateway({ authorizers: { customers: { jwt: { issuers } } } })
  return { signal, close: () => signal.close() }
}

describe('J2 a public key is no secret: HMAC keyed with it proves nothing', () => {
  const pem = rs.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const secrets: Readonly<Record<string, string | Buffer>> = {
    'the PEM': pem,
    'the PEM without its last newline': pem.trimEnd(),
    'the PEM behind a space': ` ${pem}`,
    'the PEM behind a BOM': `\ufeff${pem}`,
    'the PEM behind a comment': `# key\n${pem}`,
    'the PKCS#1 PEM': rs.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    'the DER': rs.publicKey.export({ type: 'spki', format: 'der' }),
    'the JWK': JSON.stringify(rs.jwk),
    'the modulus': Buffer.from(rs.jwk.n as string, 'base64url'),
    nothing: '',
  }
  const forged = (alg: string, secret: string | Buffer): string => {
    const input = `${base64url(header({ alg }))}.${base64url(body())}`
    return `${input}.${createHmac(`sha${alg.slice(2)}`, secret)
      .update(input)
      .digest('base64url')}`
  }
  refuse(
    Object.entries(secrets).flatMap(([what, secret]) =>
      ['HS256', 'HS384', 'HS512'].map((alg) => ({
        name: `J2 ${alg} with ${what}`,
        token: () => forged(alg, secret),
        code: 'token_malformed' as const,
      })),
    ),
  )
})

describe('J3 keys that a token brings along are ignored, and nobody is asked for them', () => {
  const places = (url: string): Readonly<Record<string, unknown>> => ({
    jwk: stranger.jwk,
    jku: `${url}/keys`,
    x5u: `${url}/cert`,
    x5c: [base64url('certificate')],
    'jku of a metadata service': 'http://169.254.169.254/latest/meta-data',
    'jku of a file': 'file:///etc/passwd',
    'x5u of a file': 'file:///etc/passwd',
    'x5u of a socket': 'unix:/var/run/docker.sock',
  })
  let recorder: Issuer
  beforeAll(async () => {
    recorder = await startIssuer(stranger)
  })
  afterAll(() => recorder.close())

  test.each(Object.keys(places('')))('J3 %s', async (what) => {
    const asked = issuer.fetches.length
    const extra = { [what.split(' ')[0]!]: places(recorder.url)[what] }
    const forged = tokenOf(claims, stranger, extra)
    expectRefusal(await gateway.bearer(forged), 'signature_invalid')
    expectRefusal(
      await gateway.bearer(tokenOf(claims, stranger, { ...extra, kid: 'own' })),
      'key_unknown',
    )
    expect(recorder.fetches).toEqual([])
    expect(issuer.fetches.length).toBe(asked)
  })
})

describe('J4 a kid is a name to look up and nothing else', () => {
  const of = (kid: unknown) => () => compact(JSON.stringify({ alg: 'RS256', kid }), body(), rs)
  refuse([
    ...[
      '../../dev/null',
      "' UNION SELECT 'k'--",
      'r\0s',
      '__proto__',
      'constructor',
      '',
      'RS',
      'rs ',
    ].map((kid) => ({
      name: `J4 kid ${JSON.stringify(kid)}`,
      token: of(kid),
      code: 'key_unknown' as const,
    })),
    { name: 'J4 kid of 256 characters', token: of('k'.repeat(256)), code: 'key_unknown' },
    { name: 'J4 kid of 257 characters', token: of('k'.repeat(257)), code: 'token_malformed' },
    { name: 'J4 kid is a number', token: of(1), code: 'token_malformed' },
    { name: 'J4 kid is a list', token: of(['rs']), code: 'token_malformed' },
    { name: 'J4 kid is an object', token: of({ rs: 1 }), code: 'token_malformed' },
    { name: 'J4 kid is null', token: of(null), code: 'token_malformed' },
    { name: 'J4 kid is missing', token: of(undefined), code: 'token_malformed' },
  ])

  test('J4 a kid of 64 KB does not fit into a head', async () => {
    const answer = await gateway.bearer(of('k'.repeat(65_536))())
    expect(answer.status).toBe(431)
    expect(answer.reached).toBe(0)
  })
})

describe('J5 signatures that no signer makes', () => {
  const n = orderOfP256
  const pairs: Readonly<Record<string, readonly [bigint, bigint]>> = {
    'r = s = 0': [0n, 0n],
    'r = 0, s = 1': [0n, 1n],
    'r = 1, s = 0': [1n, 0n],
    'r = s = 1': [1n, 1n],
    'r = n, s = 1': [n, 1n],
    'r = 1, s = n': [1n, n],
    'r = s = n': [n, n],
    'r = n + 1, s = 1': [n + 1n, 1n],
    'r = 0, s = n': [0n, n],
    'r = n - 1, s = n - 1': [n - 1n, n - 1n],
    'r = s = 2^256 - 1': [2n ** 256n - 1n, 2n ** 256n - 1n],
  }
  const good = () => tokenOf(claims, es)
  const changed = (change: (signature: Buffer) => Buffer) => () => {
    const token = good()
    return withSignature(token, change(signatureIn(token)))
  }
  const rsa = (change: (signature: Buffer) => Buffer) => () => {
    const token = tokenOf(claims, rs)
    return withSignature(token, change(signatureIn(token)))
  }
  const modulus = numberOf(Buffer.from(rs.jwk.n as string, 'base64url'))
  const moved = (by: bigint) => rsa((bytes) => bytesOf(numberOf(bytes) + by, 256))
  const twisted = (alg: string, kid: string) => () =>
    compact(JSON.stringify({ alg, kid }), body(), es, 'ES256')
  const invalid = (name: string, token: () => string): Row => ({
    name: `J5 ${name}`,
    token,
    code: 'signature_invalid',
  })
  refuse([
    ...Object.entries(pairs).map(([name, [r, s]]) =>
      invalid(`ES256 ${name}`, () =>
        withSignature(good(), Buffer.concat([bytesOf(r, 32), bytesOf(s, 32)])),
      ),
    ),
    invalid('ES256 in DER', changed(derOf)),
    invalid(
      'ES256 of 63 bytes',
      changed((bytes) => bytes.subarray(0, 63)),
    ),
    invalid(
      'ES256 of 65 bytes',
      changed((bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
    ),
    invalid(
      'ES256 behind a zero',
      changed((bytes) => Buffer.concat([Buffer.alloc(1), bytes])),
    ),
    invalid(
      'ES256 r and s exchanged',
      changed((bytes) => Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)])),
    ),
    invalid(
      'ES256 of one byte',
      changed((bytes) => bytes.subarray(0, 1)),
    ),
    invalid('ES384 all zero', () => withSignature(tokenOf(claims, es384), Buffer.alloc(96))),
    invalid('ES512 all zero', () => withSignature(tokenOf(claims, es512), Buffer.alloc(132))),
    invalid('EdDSA all zero', () => withSignature(tokenOf(claims, ed), Buffer.alloc(64))),
    invalid('EdDSA S + L', () => {
      const token = tokenOf(claims, ed)
      const signature = signatureIn(token)
      const s = numberOf(reversed(signature.subarray(32))) + orderOfEd25519
      const twin = Buffer.concat([signature.subarray(0, 32), reversed(bytesOf(s, 32))])
      return withSignature(token, twin)
    }),
    invalid('EdDSA of 63 bytes', () => {
      const token = tokenOf(claims, ed)
      return withSignature(token, signatureIn(token).subarray(0, 63))
    }),
    invalid('RS256 off by one', moved(1n)),
    invalid('RS256 off by minus one', moved(-1n)),
    invalid(
      'RS256 one bit',
      rsa((bytes) => bytesOf(numberOf(bytes) ^ (1n << 1000n), 256)),
    ),
    invalid(
      'RS256 s + n',
      rsa((bytes) => bytesOf(numberOf(bytes) + modulus, 257)),
    ),
    invalid(
      'RS256 n - s',
      rsa((bytes) => bytesOf(modulus - numberOf(bytes), 256)),
    ),
    invalid(
      'RS256 a byte short',
      rsa((bytes) => bytes.subarray(1)),
    ),
    invalid(
      'RS256 behind a zero',
      rsa((bytes) => Buffer.concat([Buffer.alloc(1), bytes])),
    ),
    invalid(
      'RS256 all zero',
      rsa((bytes) => Buffer.alloc(bytes.length)),
    ),
    invalid(
      'RS256 of the value one',
      rsa((bytes) => Buffer.concat([Buffer.alloc(bytes.length - 1), Buffer.from([1])])),
    ),
    invalid('RS256 by another key of the same kid', () => tokenOf(claims, stranger)),
    invalid('PS256 made as RS256', () =>
      compact(header({ alg: 'PS256', kid: 'ps' }), body(), ps, 'RS256'),
    ),
    invalid('RS256 made as PS256', () => compact(header({ alg: 'RS256' }), body(), rs, 'PS256')),
    invalid('RS512 made as RS256', () => compact(header({ alg: 'RS512' }), body(), rs, 'RS256')),
    { name: 'J5 ES384 with a P-256 key', token: twisted('ES384', 'es'), code: 'key_unknown' },
    { name: 'J5 ES256 with a P-384 key', token: twisted('ES256', 'es384'), code: 'key_unknown' },
    { name: 'J5 EdDSA with a P-256 key', token: twisted('EdDSA', 'es'), code: 'key_unknown' },
    { name: 'J5 RS256 with a P-256 key', token: twisted('RS256', 'es'), code: 'key_unknown' },
    { name: 'J5 ES256 with an RSA key', token: twisted('ES256', 'rs'), code: 'key_unknown' },
  ])
})

describe('J6 one value has one text', () => {
  const parts = () => tokenOf(claims, rs).split('.') as [string, string, string]
  const spelt = (at: 0 | 1 | 2, change: (text: string) => string) => () => {
    const all = parts()
    all[at] = change(all[at])
    return all.join('.')
  }
  /** Two parts of other lengths, so that there are bits to spare. */
  const trailing = (text: string): string => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) + 1]
  }
  const odd = (): string => compact(header({ alg: 'RS256', pad: '' }), body(), rs)
  const where = ['header', 'payload', 'signature'] as const
  const changes: Readonly<Record<string, (text: string) => string>> = {
    'with padding': (text) => `${text}=`,
    'with two of padding': (text) => `${text}==`,
    'with a space behind it': (text) => `${text} `,
    'with a tab in it': (text) => `${text.slice(0, 4)}\t${text.slice(4)}`,
    'with a character that is none of the alphabet': (text) =>
      `${text.slice(0, 4)}*${text.slice(4)}`,
    'with a plus': (text) => `${text.slice(0, 4)}+${text.slice(5)}`,
    'with a slash': (text) => `${text.slice(0, 4)}/${text.slice(5)}`,
    'with an escape': (text) => `${text.slice(0, 4)}%2D${text.slice(5)}`,
    'one character short': (text) =>
      text.slice(0, text.length - (text.length % 4 === 2 ? 1 : (text.length % 4) + 3)),
  }
  refuse([
    ...Object.entries(changes).flatMap(([what, change]) =>
      // Behind the last part it would be the white space around a field.
      where.slice(0, what.startsWith('with a space') ? 2 : 3).map((name, at) => ({
        name: `J6 ${name} ${what}`,
        token: spelt(at as 0 | 1 | 2, change),
        code: 'token_malformed' as const,
      })),
    ),
    {
      name: 'J6 signature with something in the bits that do not count',
      token: () => spelt(2, trailing)(),
      code: 'token_malformed',
    },
    {
      name: 'J6 header with something in the bits that do not count',
      token: () => {
        const [head, ...rest] = odd().split('.') as [string, string, string]
        expect(head.length % 4).not.toBe(0)
        return [trailing(head), ...rest].join('.')
      },
      code: 'token_malformed',
    },
    {
      name: 'J6 signature in the other alphabet',
      token: () => {
        const [head, payload, signature] = parts()
        const bytes = Buffer.from(signature, 'base64url')
        const text = bytes.toString('base64').replaceAll('=', '')
        return `${head}.${payload}.${text === signature ? `+${text.slice(1)}` : text}`
      },
      code: 'token_malformed',
    },
  ])
})

describe('J7 nothing but three parts of JSON', () => {
  const parts = () => tokenOf(claims, rs).split('.') as [string, string, string]
  refuse(
    Object.entries<() => string>({
      'no part': (): string => '.',
      'one part': () => parts()[0],
      'two parts': () => parts().slice(0, 2).join('.'),
      'three parts, the first empty': () => `.${parts()[1]}.${parts()[2]}`,
      'three parts, the second empty': () => `${parts()[0]}..${parts()[2]}`,
      'three parts, the last empty': () => `${parts()[0]}.${parts()[1]}.`,
      'four parts': () => `${parts().join('.')}.${parts()[2]}`,
      'five parts, as a JWE has': () => [...parts(), parts()[0], parts()[1]].join('.'),
      'five parts that say they are a JWE': () =>
        [
          base64url(JSON.stringify({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: 'rs' })),
          'AA',
          'AA',
          'AA',
          'AA',
        ].join('.'),
      'a dot at the end': () => `${parts().join('.')}.`,
      'the JSON serialization': () => {
        const [head, payload, signature] = parts()
        return JSON.stringify({ payload, signatures: [{ protected: head, signature }] })
      },
      'a flattened JSON serialization': () => {
        const [head, payload, signature] = parts()
        return JSON.stringify({ payload, protected: head, signature })
      },
      'a nested token': () =>
        compact(header({ alg: 'RS256', cty: 'JWT' }), tokenOf(claims, rs), rs),
      'cty without a nested token': () => saying({ alg: 'RS256', cty: 'JWT' }),
      'a compressed payload': () => saying({ alg: 'RS256', zip: 'DEF' }),
      'a payload that is a list': () => compact(header({ alg: 'RS256' }), `[${body()}]`, rs),
      'a payload that is a text': () => compact(header({ alg: 'RS256' }), '"x"', rs),
      'a payload that is null': () => compact(header({ alg: 'RS256' }), 'null', rs),
      'a payload that is no JSON': () => compact(header({ alg: 'RS256' }), body().slice(0, -1), rs),
      'a payload behind a BOM': () => compact(header({ alg: 'RS256' }), `\ufeff${body()}`, rs),
      'a header behind a BOM': () => compact(`\ufeff${header({ alg: 'RS256' })}`, body(), rs),
      'a payload with something behind it': () =>
        compact(header({ alg: 'RS256' }), `${body()}{}`, rs),
    }).map(([name, token]) => ({ name: `J7 ${name}`, token, code: 'token_malformed' as const })),
  )
})

describe('J8 nothing that has to be understood', () => {
  const extras: readonly object[] = [
    { crit: ['exp'] },
    { crit: ['unknown'], unknown: 1 },
    { crit: [] },
    { crit: 'exp' },
    { crit: null },
    { crit: ['b64'], b64: false },
    { b64: false },
    { b64: true },
  ]
  refuse(
    extras.map((extra) => ({
      name: `J8 ${JSON.stringify(extra)}`,
      token: () => saying({ alg: 'RS256', ...extra }),
      code: 'token_malformed',
    })),
  )
})

describe('J14 JSON that two parsers could read differently', () => {
  const payload = (text: string) => () =>
    compact(header({ alg: 'RS256' }), `${text}${body().slice(1)}`, rs)
  const head = (text: string) => () =>
    compact(`${text}${header({ alg: 'RS256' }).slice(1)}`, body(), rs)
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  refuse(
    Object.entries({
      'iss twice': payload('{"iss":"https://evil.example/",'),
      'iss twice, once escaped': payload('{"\\u0069ss":"https://evil.example/",'),
      'iss twice, the same': payload(`{"iss":"${iss}",`),
      'exp twice': payload('{"exp":99999999999,'),
      'alg twice': head('{"alg":"none",'),
      'kid twice': head('{"kid":"es",'),
      'a name twice deep inside': payload('{"a":[{"b":{"c":1,"c":2}}],'),
      'the name __proto__': payload('{"__proto__":{"admin":true},'),
      '__proto__, escaped': payload('{"__pro\\u0074o__":{"admin":true},'),
      '__proto__ deep inside': payload('{"a":{"__proto__":1},'),
      '__proto__ in the header': head('{"__proto__":{"alg":"none"},'),
      'a depth of 17': payload(`{"a":${nested(16)},`),
      'a depth of 1,000': payload(`{"a":${nested(1000)},`),
      'a depth of 17 in the header': head(`{"a":${nested(16)},`),
      'a text without an end': () => compact(header({ alg: 'RS256' }), '{"iss":"', rs),
      'invalid UTF-8': () => {
        const input = `${base64url(header({ alg: 'RS256' }))}.${base64url(
          Buffer.concat([Buffer.from(body().slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')]),
        )}`
        return withSignature(`${input}.`, signatureOf(input, rs.privateKey, 'RS256'))
      },
    }).map(([name, token]) => ({ name: `J14 ${name}`, token, code: 'token_malformed' as const })),
  )

  test('J14 a depth of 16 is a token', async () => {
    const answer = await gateway.bearer(payload(`{"a":${nested(15)},`)())
    expect(answer.status).toBe(200)
  })

  test('J14 a depth of 10,000 in 16 KiB, and payloads above 8 KiB, are refused before they are parsed', async () => {
    const wide = await startTokenGateway({
      authorizers: {
        customers: {
          jwt: { issuers: [{ issuer: iss, audiences: ['orders'], jwksUri: issuer.keysUrl }] },
        },
      },
      limits: { token: 16_384, headerBytes: 65_536 },
    })
    const deep = compact(header({ alg: 'RS256' }), `{"a":${'['.repeat(10_000)}`, rs)
    expectRefusal(await wide.bearer(deep), 'token_malformed')
    await wide.close()
    const long = tokenOf({ ...claims, x: 'x'.repeat(6000) }, rs)
    expect(long.length).toBeGreaterThan(8192)
    expectRefusal(await gateway.bearer(long), 'token_malformed')
  })

  test('J14 a payload of 1 MB does not fit into a head', async () => {
    const answer = await gateway.bearer(tokenOf({ ...claims, x: 'x'.repeat(1_000_000) }, rs))
    expect(answer.status).toBe(431)
    expect(answer.reached).toBe(0)
  })
})

describe('what is exactly a token passes', () => {
  test.each([rs, ps, es, es384, es512, ed])('$alg', async (key) => {
    const answer = await gateway.bearer(tokenOf({ ...claims, n: key.alg }, key))
    expect(answer.status).toBe(200)
  })
  test.each(['RS384', 'RS512', 'PS384', 'PS512'])('%s with an RSA key', async (alg) => {
    const answer = await gateway.bearer(compact(header({ alg }), body(), rs, alg))
    expect(answer.status).toBe(200)
  })
  test('keys that a token brings along do not matter to a good signature', async () => {
    const extra = { jwk: stranger.jwk, jku: 'http://127.0.0.1:9/keys', x5u: 'file:///x' }
    expect((await gateway.bearer(tokenOf(claims, rs, extra))).status).toBe(200)
  })
})
