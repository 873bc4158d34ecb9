import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Given, startTokenGateway, type TokenGateway } from './gateway.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import { compact, keyFor, tokenOf } from './keys.ts'
import { codeOf, expectRefusal } from './refusal.ts'

/** Key sets: what an issuer may answer, and what happens when it does not. */
const iss = 'https://login.shop.example/'
const old = keyFor('ES256', 'old')
const fresh = keyFor('ES256', 'fresh')
const rs = keyFor('RS256', 'rs')
const weak = keyFor('RS256', 'weak', 1024)

let issuer: Issuer
let gateway: TokenGateway
const opened: { close(): Promise<void> }[] = []
beforeEach(async () => {
  issuer = await startIssuer(old)
})
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
  await issuer.close()
})

const issuers = (own: object = {}) => [
  { issuer: iss, audiences: ['orders'], jwksUri: issuer.keysUrl, ...own },
]
async function start(own: object = {}, more: Partial<Given> = {}): Promise<TokenGateway> {
  gateway = await startTokenGateway({
    authorizers: { customers: { jwt: { issuers: issuers(), ...own } } },
    rules: { '/': { anyOf: [{ authorizer: { name: 'customers' } }] }, '/public': { public: true } },
    ...more,
  })
  opened.unshift(gateway)
  return gateway
}
const claims = (own: object = {}) => ({
  iss,
  aud: 'orders',
  sub: 'u',
  exp: gateway.now + 200_000,
  ...own,
})
const set = () => [...gateway.proxy.proxy.runtime.access.keySets.values()][0]!
const failures = () =>
  gateway.metric(`fairlead_jwks_failures_total{authorizer="shop/customers",issuer="${iss}"}`)
const refreshes = () =>
  gateway.metric(`fairlead_jwks_refreshes_total{authorizer="shop/customers",issuer="${iss}"}`)

async function passes(token: string, path = '/'): Promise<void> {
  const answer = await gateway.bearer(token, path)
  expect([answer.status, codeOf(answer)]).toEqual([200, undefined])
}

type Act = (request: IncomingMessage, response: ServerResponse) => void
const body =
  (text: string | Buffer, status = 200, headers: Record<string, string> = {}): Act =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(text)
  }
const publishes = (...keys: readonly object[]): Act => body(JSON.stringify({ keys }))

describe('J18 a set that is no set: the last good one stays', () => {
  const good = JSON.stringify({ keys: [fresh.jwk] })
  const secret = { ...fresh.privateKey.export({ format: 'jwk' }), kid: 'fresh' }
  const answers: Readonly<Record<string, readonly [act: Act, reason: string]>> = {
    'a 500': [body(good, 500), 'status_500'],
    'a 404': [body(good, 404), 'status_404'],
    'a 201': [body(good, 201), 'status_201'],
    'a 204': [body('', 204), 'status_204'],
    HTML: [body('<html>Sign in</html>', 200, { 'content-type': 'text/html' }), 'not_json'],
    nothing: [body(''), 'not_json'],
    'half of a set': [body(good.slice(0, -5)), 'not_json'],
    'a set and more': [body(`${good}${good}`), 'not_json'],
    null: [body('null'), 'no_usable_key'],
    'a list': [body('[]'), 'no_usable_key'],
    'an object without keys': [body('{}'), 'no_usable_key'],
    'no keys': [body('{"keys":[]}'), 'no_usable_key'],
    'keys that are an object': [body('{"keys":{"0":{}}}'), 'no_usable_key'],
    'keys that are null': [body('{"keys":[null,1,"x",[]]}'), 'no_usable_key'],
    'a private key': [publishes(secret), 'no_usable_key'],
    'a symmetric key': [publishes({ kty: 'oct', k: 'c2VjcmV0', kid: 'fresh' }), 'no_usable_key'],
    'a weak key': [publishes(weak.jwk), 'no_usable_key'],
    'a key without a name': [publishes({ ...fresh.jwk, kid: undefined }), 'no_usable_key'],
    'a point that is not on its curve': [
      publishes({ ...fresh.jwk, x: fresh.jwk.y }),
      'no_usable_key',
    ],
    '10 MB': [body(Buffer.alloc(10_000_000, 0x20)), 'too_large'],
    '150 KB and a byte': [body(good + ' '.repeat(150 * 1024 + 1 - good.length)), 'too_large'],
    'a head of 100 KB': [body(good, 200, { 'x-long': 'x'.repeat(100_000) }), 'HPE_HEADER_OVERFLOW'],
    'a reset': [(request) => void request.socket.resetAndDestroy(), 'ECONNRESET'],
    'an end before its length': [
      (_, response) => {
        response.writeHead(200, { 'content-length': '500' })
        response.write(good.slice(0, 20))
        response.socket?.end()
      },
      'ECONNRESET',
    ],
    'a nesting of 70,000': [
      body(`{"keys":${'['.repeat(70_000)}${']'.repeat(70_000)}}`),
      'no_usable_key',
    ],
  }
  test.each(Object.entries(answers))('J18 %s', async (_, [act, reason]) => {
    await start()
    await passes(tokenOf(claims(), old))
    issuer.act = act
    await gateway.refresh()
    expect([set().fault, set().size, await refreshes(), await failures()]).toEqual([
      reason,
      1,
      1,
      1,
    ])
    await passes(tokenOf(claims({ jti: 1 }), old))
    expectRefusal(await gateway.bearer(tokenOf(claims(), fresh)), 'key_unknown')
    expect(gateway.proxy.errors).toEqual([])
  })

  test.each([301, 302, 303, 307, 308])('J18 a %i to a good set is not followed', async (status) => {
    const elsewhere = await startIssuer(fresh)
    opened.push(elsewhere)
    await start()
    await passes(tokenOf(claims(), old))
    issuer.act = body('', status, { location: elsewhere.keysUrl })
    await gateway.refresh()
    expect([set().fault, elsewhere.fetches]).toEqual([`status_${status}`, []])
    await passes(tokenOf(claims({ jti: 1 }), old))
  })

  test('J18 silence, and a drop at a time, end after 1.5 s', async () => {
    const act: Act = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(timer))
    }
    const drip = await startIssuer(old)
    opened.push(drip)
    await start(
      {},
      {
        authorizers: {
          customers: {
            jwt: {
              issuers: [
                ...issuers(),
                { issuer: 'drip', audiences: ['orders'], jwksUri: drip.keysUrl },
              ],
            },
          },
        },
      },
    )
    await gateway.fetched(2)
    issuer.act = () => {}
    drip.act = act
    gateway.clock.leap(600_000)
    await gateway.fetched(4)
    const sets = [...gateway.proxy.proxy.runtime.access.keySets.values()]
    expect(sets.map(({ fault, size }) => [fault, size])).toEqual([
      ['timeout', 1],
      ['timeout', 1],
    ])
    await passes(tokenOf(claims(), old))
  })
})

describe('J18 what can be used of a set is used, and nothing else', () => {
  const huge = {
    kty: 'RSA',
    kid: 'huge',
    n: Buffer.alloc(1024, 0xc5).toString('base64url'),
    e: 'AQAB',
  }
  const one = { ...rs.jwk, kid: 'one', e: 'AQ' }
  const padded = {
    ...weak.jwk,
    kid: 'padded',
    n: Buffer.concat([Buffer.alloc(129), Buffer.from(weak.jwk.n as string, 'base64url')]).toString(
      'base64url',
    ),
  }
  const secret = { ...rs.privateKey.export({ format: 'jwk' }), kid: 'secret' }
  const skipped: Readonly<Record<string, readonly [key: object, kid: string, signer: typeof rs]>> =
    {
      'J18 RSA of 1,024 bits': [weak.jwk, 'weak', weak],
      'J18 RSA of 1,024 bits behind zeros': [padded, 'padded', weak],
      'J18 RSA with e = 1': [one, 'one', rs],
      'J18 a private key': [secret, 'secret', rs],
      'J18 a symmetric key': [{ kty: 'oct', k: 'AQAB', kid: 'oct' }, 'oct', rs],
      'J18 a key for encryption': [{ ...rs.jwk, kid: 'enc', use: 'enc' }, 'enc', rs],
      'J18 a key that may only wrap': [
        { ...rs.jwk, kid: 'ops', use: undefined, key_ops: ['wrapKey'] },
        'ops',
        rs,
      ],
      'J18 a key of an unknown curve': [
        { ...fresh.jwk, kid: 'crv', crv: 'secp256k1' },
        'crv',
        fresh,
      ],
      'J18 a key for another algorithm': [{ ...rs.jwk, kid: 'alg', alg: 'RS512' }, 'alg', rs],
      'J18 a second key of a name': [{ ...fresh.jwk, kid: 'old' }, 'old', fresh],
      'J23 RSA of 8,192 bits': [huge, 'huge', rs],
    }
  test.each(Object.entries(skipped))('%s', async (name, [key, kid, signer]) => {
    issuer.act = publishes(old.jwk, key, { kty: 'unknown', kid: 'x' }, rs.jwk)
    await start()
    await passes(tokenOf(claims(), old))
    await passes(tokenOf(claims(), rs))
    const isSecond = name.includes('second')
    expectRefusal(
      await gateway.bearer(tokenOf(claims(), signer, { kid })),
      isSecond ? 'signature_invalid' : 'key_unknown',
    )
  })

  test('J18 150 KB are a set', async () => {
    const text = JSON.stringify({ keys: [old.jwk] })
    issuer.act = body(text + ' '.repeat(150 * 1024 - text.length))
    await start()
    await passes(tokenOf(claims(), old))
  })
})

describe('J19 an outage after the keys were fetched', () => {
  test('J19 for an hour: known keys go on verifying', async () => {
    await start()
    await passes(tokenOf(claims(), old))
    await issuer.shut()
    gateway.clock.leap(3_600_000)
    await gateway.fetched(2)
    await passes(tokenOf(claims(), old))
    expect([set().fault, await failures()]).toEqual(['ECONNREFUSED', 1])
    const labels = `{authorizer="shop/customers",issuer="${iss}"}`
    expect(await gateway.metric(`fairlead_jwks_age_seconds${labels}`)).toBe(3600)
  })

  test('J19 for staleKeysFor and no longer; then 503, and well again when the issuer is', async () => {
    await start({ staleKeysFor: '2h' })
    const token = tokenOf(claims(), old)
    await passes(token)
    await issuer.shut()
    gateway.clock.leap(2 * 3_600_000)
    await gateway.fetched(2)
    await passes(token)
    gateway.clock.advance(1)
    expectRefusal(await gateway.bearer(token), 'authorizer_unavailable')
    await passes('', '/public')
    await issuer.open()
    gateway.clock.advance(11_000)
    await gateway.fetched(3)
    await passes(token)
    expect(set().fault).toBeUndefined()
  })

  test('J19 by default for 24 hours', async () => {
    await start()
    await passes(tokenOf(claims(), old))
    await issuer.shut()
    gateway.clock.leap(24 * 3_600_000)
    await gateway.fetched(2)
    await passes(tokenOf(claims(), old))
    gateway.clock.advance(1)
    expectRefusal(await gateway.bearer(tokenOf(claims(), old)), 'authorizer_unavailable')
  })

  test('J19 keys that are fetched in time are never stale, however short staleKeysFor is', async () => {
    issuer.headers = { 'cache-control': 'max-age=86400' }
    await start({ staleKeysFor: '1m' })
    await gateway.fetched(1)
    for (let times = 1; times <= 8; times++) {
      gateway.clock.advance(30_000)
      await gateway.fetched(times + 1)
      expect(set().isUsable(60_000)).toBe(true)
    }
    await passes(tokenOf(claims(), old))
  })

  test('J19 an edit during the outage costs no key', async () => {
    await start()
    const token = tokenOf(claims({ tier: 'gold' }), old)
    await passes(token)
    await issuer.shut()
    gateway.clock.leap(3_600_000)
    gateway.apply({
      authorizers: {
        customers: { jwt: { issuers: issuers(), claims: [{ name: 'tier', anyOf: ['gold'] }] } },
        another: { jwt: { issuers: issuers({ audiences: ['orders', 'x'] }) } },
      },
      rules: {
        '/': { anyOf: [{ authorizer: { name: 'customers' } }] },
        '/another': { anyOf: [{ authorizer: { name: 'another' } }] },
      },
    })
    await passes(token)
    await passes(token, '/another')
  })

  test('J19 a failed fetch is tried again after ten seconds, not sooner', async () => {
    await start()
    await gateway.fetched(1)
    issuer.act = body('', 500)
    await gateway.refresh()
    for (let times = 3; times <= 6; times++) {
      gateway.clock.advance(9999)
      expect(issuer.fetches.length).toBe(times - 1)
      gateway.clock.advance(1001)
      await gateway.fetched(times)
      expect(issuer.fetches.length).toBe(times)
    }
  })
})

describe('J20 an outage at a cold start', () => {
  test('J20 503 for the tokens of that issuer, and for nobody else', async () => {
    const there = await startIssuer(fresh)
    opened.push(there)
    await issuer.shut()
    await start(
      {},
      {
        authorizers: {
          customers: {
            jwt: {
              issuers: [
                ...issuers(),
                { issuer: 'there', audiences: ['orders'], jwksUri: there.keysUrl },
              ],
            },
          },
        },
      },
    )
    expect(gateway.proxy.proxy.unready).toEqual([])
    const token = tokenOf(claims(), old)
    const answer = await gateway.bearer(token)
    expectRefusal(answer, 'authorizer_unavailable')
    expect(answer.field('retry-after')).toBe('1')
    await passes(tokenOf(claims({ iss: 'there' }), fresh))
    await passes('', '/public')
    expectRefusal(await gateway.bearer(tokenOf(claims({ iss: 'x' }), old)), 'issuer_unknown')
    await issuer.open()
    gateway.clock.advance(11_000)
    await gateway.fetched(3)
    await passes(token)
  })

  test('J20 a forged token is not told from a good one: 503, not 401, and never through', async () => {
    await issuer.shut()
    await start()
    expectRefusal(await gateway.bearer(tokenOf(claims(), fresh)), 'authorizer_unavailable')
    expectRefusal(await gateway.bearer('a.b.c'), 'token_malformed')
  })
})

describe('J21 rotation', () => {
  test('J21 the first token of a new key brings it in, with one fetch for all that wait', async () => {
    await start()
    await passes(tokenOf(claims(), old))
    issuer.keys = [old.jwk, fresh.jwk]
    gateway.clock.advance(10_000)
    const tokens = Array.from({ length: 20 }, (_, i) => tokenOf(claims({ jti: i }), fresh))
    const answers = await Promise.all(tokens.map((token) => gateway.bearer(token)))
    expect(answers.map(({ status }) => status)).toEqual(tokens.map(() => 200))
    expect(issuer.fetches.length).toBe(2)
    await passes(tokenOf(claims(), old))
  })

  test('J21 one fetch is under way at most, also for two authorizers of one URI', async () => {
    let waiting: (() => void)[] = []
    issuer.act = (_, response) => {
      waiting.push(() => publishes(old.jwk)(_, response))
    }
    await start(
      {},
      {
        authorizers: {
          customers: { jwt: { issuers: issuers() } },
          staff: { jwt: { issuers: issuers(), claims: [{ name: 'staff', anyOf: [true] }] } },
        },
        rules: {
          '/': { anyOf: [{ authorizer: { name: 'customers' } }] },
          '/staff': { anyOf: [{ authorizer: { name: 'staff' } }] },
        },
      },
    )
    const tokens = Array.from({ length: 10 }, (_, i) =>
      tokenOf(claims({ jti: i, staff: true }), old),
    )
    const answers = Promise.all(
      tokens.map((token, i) => gateway.bearer(token, i % 2 ? '/' : '/staff')),
    )
    await issuer.asked(1)
    gateway.clock.advance(5000)
    expect(waiting.length).toBe(1)
    for (const answer of waiting) answer()
    waiting = []
    expect((await answers).map(({ status }) => status)).toEqual(tokens.map(() => 200))
    expect([issuer.fetches.length, await refreshes()]).toEqual([1, 1])
  })

  test('J21 an issuer that was asked just now is not asked again for ten seconds', async () => {
    await start()
    await passes(tokenOf(claims(), old))
    issuer.keys = [old.jwk, fresh.jwk]
    gateway.clock.advance(9999)
    const token = tokenOf(claims(), fresh)
    expectRefusal(await gateway.bearer(token), 'key_unknown')
    expect(issuer.fetches.length).toBe(1)
    gateway.clock.advance(1)
    await passes(token)
    expect(issuer.fetches.length).toBe(2)
  })

  test('J21 a key that is withdrawn stops verifying with the next fetch', async () => {
    await start()
    await passes(tokenOf(claims(), old))
    issuer.keys = [fresh.jwk]
    gateway.clock.advance(10_000)
    await passes(tokenOf(claims(), fresh))
    expectRefusal(await gateway.bearer(tokenOf(claims(), old)), 'key_unknown')
  })

  test('J21 by discovery: the document is asked anew, and must be about the very issuer', async () => {
    await start({ issuers: [{ issuer: issuer.url, audiences: ['orders'] }] })
    const own = () => claims({ iss: issuer.url })
    await passes(tokenOf(own(), old))
    expect(issuer.fetches).toEqual(['/.well-known/openid-configuration', '/keys'])
    issuer.keys = [fresh.jwk]
    gateway.clock.advance(10_000)
    await passes(tokenOf(own(), fresh))
    expect(issuer.fetches.length).toBe(4)
    const document = (members: object) => body(JSON.stringify(members))
    const wrong: Readonly<Record<string, readonly [object, string]>> = {
      'of another issuer': [
        { issuer: `${issuer.url}/`, jwks_uri: issuer.keysUrl },
        'discovery_of_another_issuer',
      ],
      'without an issuer': [{ jwks_uri: issuer.keysUrl }, 'discovery_of_another_issuer'],
      'without keys': [{ issuer: issuer.url }, 'discovery_without_jwks_uri'],
      'with keys that are no text': [
        { issuer: issuer.url, jwks_uri: [issuer.keysUrl] },
        'discovery_without_jwks_uri',
      ],
      'with keys at a file': [{ issuer: issuer.url, jwks_uri: 'file:///etc/passwd' }, 'scheme'],
      'with keys at a data URL': [
        { issuer: issuer.url, jwks_uri: 'data:application/json,{}' },
        'scheme',
      ],
      'with keys at a metadata service': [
        { issuer: issuer.url, jwks_uri: 'http://169.254.169.254/keys' },
        'forbidden_address',
      ],
      'with keys at an address': [
        { issuer: issuer.url, jwks_uri: 'https://10.0.0.1/keys' },
        'forbidden_address',
      ],
      'with keys at an address in decimal': [
        { issuer: issuer.url, jwks_uri: 'https://167772161/keys' },
        'forbidden_address',
      ],
      'with a user': [
        { issuer: issuer.url, jwks_uri: issuer.keysUrl.replace('://', '://a:b@') },
        'user_in_url',
      ],
    }
    let times = 2
    for (const [answer, reason] of Object.values(wrong)) {
      issuer.act = document(answer)
      gateway.clock.leap(600_000)
      await gateway.fetched(++times)
      expect(set().fault).toBe(reason)
    }
    await passes(tokenOf(own(), fresh))
  })
})

describe('J22 names of keys that nobody has', () => {
  test('J22 a flood of them asks the issuer once in ten seconds, and costs nobody else anything', async () => {
    await start()
    const good = tokenOf(claims(), old)
    await passes(good)
    const live = gateway.proxy.proxy.runtime.authorizers.get('shop/customers')!
    const payload = JSON.stringify(claims())
    let number = 0
    const flood = async (count: number) => {
      const forged = Array.from({ length: count }, () =>
        compact(JSON.stringify({ alg: 'ES256', kid: `k${number++}` }), payload, {
          ...old,
          kid: 'x',
        }),
      )
      const results = await Promise.all(forged.map((token) => live.verify(token, '192.0.2.1')))
      expect(new Set(results.map((result) => JSON.stringify(result)))).toEqual(
        new Set(['{"fault":"key_unknown"}']),
      )
    }
    const kept = new Set<string>()
    for (let second = 1; second <= 30; second++) {
      await flood(100)
      await passes(good)
      gateway.clock.advance(1000)
      kept.add(`${set().size} ${live.cached}`)
    }
    expect(number).toBe(3000)
    // At the start, and by the flood after 10 s and 20 s.
    expect(issuer.fetches.length).toBe(3)
    expect([...kept]).toEqual(['1 1'])
    expect(
      await gateway.metric('fairlead_authorizer_cache_hits_total{authorizer="shop/customers"}'),
    ).toBe(30)
  })

  test('J22 through the proxy as well', async () => {
    await start()
    const good = tokenOf(claims(), old)
    await passes(good)
    gateway.clock.advance(10_000)
    const forged = Array.from({ length: 60 }, (_, i) => tokenOf(claims(), old, { kid: `k${i}` }))
    for (const answer of await Promise.all(forged.map((token) => gateway.bearer(token))))
      expectRefusal({ ...answer, reached: 0 }, 'key_unknown')
    await passes(good)
    expect(issuer.fetches.length).toBe(2)
  })
})
