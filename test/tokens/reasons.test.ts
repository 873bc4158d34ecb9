import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TokenFault, tokenFaults } from '../../src/proxy/runtime/token-fault.ts'
import { startTokenGateway, type TokenGateway } from './gateway.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import { compact, keyFor } from './keys.ts'

/** Why a token is malformed is told: to its sender in words, in the access log by a name from a closed list. */
const iss = 'https://login.shop.example/'
const key = keyFor('ES256', 'k')
let issuer: Issuer
let gateway: TokenGateway

beforeAll(async () => {
  issuer = await startIssuer(key)
  const issuers = [
    { issuer: iss, audiences: ['orders'], jwksUri: issuer.keysUrl, algorithms: ['ES256'] },
  ]
  gateway = await startTokenGateway({
    authorizers: { customers: { jwt: { issuers } } },
  })
})
afterAll(async () => {
  await gateway.close()
  await issuer.close()
})

const token = (header: object, payload: object = {}): string =>
  compact(
    JSON.stringify({ alg: 'ES256', kid: 'k', ...header }),
    JSON.stringify({ iss, aud: 'orders', exp: gateway.now + 300, ...payload }),
    key,
  )

const rows: Readonly<Record<Exclude<TokenFault, 'claim_invalid'>, readonly (() => string)[]>> = {
  too_long: [() => 'x'.repeat(9000)],
  not_a_jwt: [() => 'opaque', () => 'a.b.c', () => `${token({})}.x`],
  not_supported: [() => token({ crit: ['b64'] }), () => token({ cty: 'JWT' })],
  no_kid: [() => token({ kid: undefined })],
  algorithm_not_allowed: [() => token({ alg: 'HS256' }), () => token({ alg: undefined })],
  no_exp: [() => token({}, { exp: undefined })],
  time_invalid: [() => token({}, { nbf: 'now' })],
}

test.each(Object.entries(rows))('%s', async (reason, tokens) => {
  for (const make of tokens) {
    const answer = await gateway.bearer(make())
    expect(answer.field('www-authenticate')).toBe(
      `Bearer realm="shop/customers", error="invalid_token", error_description="${tokenFaults[reason as TokenFault]}"`,
    )
    expect(gateway.proxy.finished.at(-1)?.failureDetail?.reason).toBe(reason)
    expect(answer.body).not.toContain(reason)
  }
})

test('every description can stand in a quoted string (RFC 6750 §3)', () => {
  for (const text of Object.values(tokenFaults))
    expect(text).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
})
