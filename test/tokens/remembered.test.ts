import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Given, startTokenGateway, type TokenGateway } from './gateway.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import { base64url, compact, keyFor, signatureIn, tokenOf, withSignature } from './keys.ts'
import { bytesOf, numberOf, orderOfP256 } from './numbers.ts'
import { codeOf, expectRefusal } from './refusal.ts'

/** Verified tokens are remembered, and nothing that is remembered outlives what made it true. */
const iss = 'https://login.shop.example/'
const es = keyFor('ES256', 'es')
const rs = keyFor('RS256', 'rs')
const spare = keyFor('ES256', 'spare')

let issuer: Issuer
let gateway: TokenGateway
beforeEach(async () => {
  issuer = await startIssuer(es, rs)
  gateway = await startTokenGateway(given())
})
afterEach(async () => {
  await gateway.close()
  await issuer.close()
})

const given = (own: object = {}, rules?: Given['rules']): Given => ({
  authorizers: {
    customers: {
      jwt: { issuers: [{ issuer: iss, audiences: ['orders'], jwksUri: issuer.keysUrl, ...own }] },
    },
  },
  ...(rules !== undefined && { rules }),
})
const claims = (own: object = {}) => ({
  iss,
  aud: 'orders',
  sub: 'u',
  exp: gateway.now + 300,
  ...own,
})
const live = () => gateway.proxy.proxy.runtime.authorizers.get('shop/customers')!
const hits = () =>
  gateway.metric('fairlead_authorizer_cache_hits_total{authorizer="shop/customers"}')
const misses = () =>
  gateway.metric('fairlead_authorizer_cache_misses_total{authorizer="shop/customers"}')

async function passes(token: string, path = '/'): Promise<void> {
  const answer = await gateway.bearer(token, path)
  expect([answer.status, codeOf(answer)]).toEqual([200, undefined])
}

describe('J17 a token is remembered as exactly what it was', () => {
  test('J17 two tokens of one issuer, subject and audience are two', async () => {
    gateway.apply(
      given(
        {},
        { '/': { anyOf: [{ authorizer: { name: 'customers' }, scopes: { anyOf: ['write'] } }] } },
      ),
    )
    const writer = tokenOf(claims({ scope: 'write' }), es)
    const reader = tokenOf(claims({ scope: 'read' }), es)
    for (const _ of [1, 2]) {
      await passes(writer)
      expect(codeOf(await gateway.bearer(reader))).toBe('scope_missing')
    }
    expect([await hits(), await misses()]).toEqual([2, 2])
  })

  test('J17 another token with the signature of one that is remembered is not that one', async () => {
    for (const key of [es, rs]) {
      const good = tokenOf(claims(), key)
      await passes(good)
      await passes(good)
      const [head, payload, signature] = good.split('.') as [string, string, string]
      const raised = base64url(JSON.stringify(claims({ sub: 'admin' })))
      const moved = base64url(JSON.stringify({ kid: key.kid, alg: key.alg }))
      for (const forged of [`${head}.${raised}.${signature}`, `${moved}.${payload}.${signature}`])
        expectRefusal(await gateway.bearer(forged), 'signature_invalid')
      const tail = `${head}.${raised}.${'A'.repeat(signature.length - 43)}${signature.slice(-43)}`
      expectRefusal(await gateway.bearer(tail), 'signature_invalid')
      await passes(good)
    }
    expect([await hits(), live().cached]).toEqual([4, 2])
  })

  test('J6 the other signature of ECDSA takes the place of the first: one signed text, one entry', async () => {
    const good = tokenOf(claims(), es)
    const signature = signatureIn(good)
    const s = bytesOf(orderOfP256 - numberOf(signature.subarray(32)), 32)
    const twin = withSignature(good, Buffer.concat([signature.subarray(0, 32), s]))
    await passes(good)
    for (const token of [twin, good, twin]) {
      await passes(token)
      expect(live().cached).toBe(1)
    }
    expect(await hits()).toBe(0)
  })

  test.each(['ES384', 'ES512'])('J6 the other signature of %s as well', async (alg) => {
    const key = keyFor(alg, 'new')
    issuer.keys = [key.jwk]
    await gateway.refresh()
    const good = tokenOf(claims(), key)
    const signature = signatureIn(good)
    const half = signature.length / 2
    const orders: Readonly<Record<string, bigint>> = {
      ES384: BigInt(
        '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
      ),
      ES512: BigInt(
        '0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
      ),
    }
    const s = bytesOf(orders[alg]! - numberOf(signature.subarray(half)), half)
    await passes(good)
    await passes(withSignature(good, Buffer.concat([signature.subarray(0, half), s])))
    expect(live().cached).toBe(1)
  })

  test('J17 what was refused is not remembered', async () => {
    for (const own of [{ exp: gateway.now - 60 }, { aud: 'x' }, { iss: 'x' }]) {
      const token = tokenOf(claims(own), es)
      expect((await gateway.bearer(token)).status).toBe(401)
      expect((await gateway.bearer(token)).status).toBe(401)
    }
    expect([live().cached, await hits()]).toEqual([0, 0])
  })
})

describe('J17 for as long as it is true', () => {
  test('J17 not past exp: within the skew it is verified each time, then refused', async () => {
    const token = tokenOf(claims({ exp: gateway.now + 10 }), es)
    await passes(token)
    gateway.clock.advance(9000)
    await passes(token)
    expect([await hits(), await misses()]).toEqual([1, 1])
    gateway.clock.advance(2000)
    await passes(token)
    await passes(token)
    expect([await hits(), await misses()]).toEqual([1, 3])
    gateway.clock.advance(29_000)
    expectRefusal(await gateway.bearer(token), 'token_expired')
  })

  test('J17 at most 60 s', async () => {
    const token = tokenOf(claims({ exp: gateway.now + 3000 }), es)
    await passes(token)
    gateway.clock.advance(59_900)
    await passes(token)
    expect([await hits(), await misses()]).toEqual([1, 1])
    gateway.clock.advance(200)
    await passes(token)
    expect([await hits(), await misses()]).toEqual([1, 2])
  })

  test('J17 not when its key is gone from the set', async () => {
    const [gone, stays] = [
      tokenOf(claims({ exp: gateway.now + 3000 }), es),
      tokenOf(claims({ exp: gateway.now + 3000 }), rs),
    ]
    await passes(gone)
    issuer.keys = [rs.jwk]
    await gateway.refresh()
    // Verified anew within its 60 seconds, so that only the set can have undone it.
    await passes(stays)
    await passes(stays)
    const before = await hits()
    issuer.keys = [spare.jwk]
    await gateway.refresh()
    expectRefusal(await gateway.bearer(stays), 'key_unknown')
    expectRefusal(await gateway.bearer(gone), 'key_unknown')
    expect(await hits()).toBe(before)
  })

  test('J17 not when a set with another key of that name is published', async () => {
    await gateway.refresh()
    const token = tokenOf(claims({ exp: gateway.now + 3000 }), es)
    issuer.headers = { 'cache-control': 'max-age=60' }
    await gateway.refresh()
    await passes(token)
    issuer.keys = [{ ...spare.jwk, kid: 'es' }]
    // Within the 60 seconds of the token: only a set that is refreshed sooner than that can undo it.
    gateway.clock.advance(55_000)
    await passes(token)
    gateway.clock.advance(4999)
    await gateway.fetched(4)
    expectRefusal(await gateway.bearer(token), 'signature_invalid')
  })

  test('J17 not when the authorizer asks for something else, though its keys stay', async () => {
    const token = tokenOf(claims(), es)
    await passes(token)
    gateway.apply(given({ audiences: ['others'] }))
    expectRefusal(await gateway.bearer(token), 'audience_mismatch')
    gateway.apply(given())
    await passes(token)
    gateway.apply(given({ algorithms: ['RS256'] }))
    expectRefusal(await gateway.bearer(token), 'token_malformed')
    expect(issuer.fetches.length).toBe(1)
  })

  test('J17 not when the authorizer is gone, or back', async () => {
    const token = tokenOf(claims(), es)
    await passes(token)
    const before = live()
    const [other] = Object.values(given().authorizers)
    gateway.apply({ authorizers: { other }, rules: { '/': { public: true } } })
    expect(gateway.proxy.proxy.runtime.authorizers.has('shop/customers')).toBe(false)
    gateway.apply(given())
    expect([live() === before, live().cached]).toEqual([false, 0])
    await passes(token)
  })

  test('J17 an edit elsewhere leaves it', async () => {
    const token = tokenOf(claims(), es)
    await passes(token)
    gateway.apply(
      given(
        {},
        { '/': { anyOf: [{ authorizer: { name: 'customers' } }] }, '/more': { public: true } },
      ),
    )
    await passes(token)
    expect([await hits(), await misses()]).toEqual([1, 1])
  })

  test('J17 one entry a token', async () => {
    const tokens = Array.from({ length: 3 }, (_, i) =>
      compact('{"alg":"ES256","kid":"es"}', JSON.stringify(claims({ jti: i })), es),
    )
    for (const token of [...tokens, ...tokens]) await passes(token)
    expect([live().cached, await hits(), await misses()]).toEqual([3, 3, 3])
  })
})
