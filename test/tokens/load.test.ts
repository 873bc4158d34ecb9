import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BadSignatures } from '../../src/proxy/runtime/bad-signatures.ts'
import { SignatureChecks } from '../../src/proxy/runtime/signature-checks.ts'
import { importKeys, type VerificationKey } from '../../src/proxy/runtime/verification-key.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { startTokenGateway } from './gateway.ts'
import { keyFor, tokenOf, withSignature } from './keys.ts'
import { codeOf, expectRefusal } from './refusal.ts'

/** Checking signatures is bounded: what has no place is 503 and never 401, and what is known needs none. */
const iss = 'https://login.shop.example/'
const rs = keyFor('RS256', 'rs')
const jwks = JSON.stringify({ keys: [rs.jwk] })
const issuers = [{ issuer: iss, audiences: ['orders'], jwks: { inline: jwks } }]
const authorizers = { customers: { jwt: { issuers } } }

describe('J23 the checks of the whole process', () => {
  const token = tokenOf({}, rs)
  const bad = withSignature(token, Buffer.alloc(256, 1))
  let key: VerificationKey
  beforeAll(async () => {
    key = (await importKeys(JSON.parse(jwks))).get('rs')!
  })

  const checksOf = (most: number, mostBad = 100) => {
    const clock = fakeClock()
    const doubts = new BadSignatures(clock, () => mostBad)
    const checks = new SignatureChecks({ most: () => most, bad: doubts })
    const ask = (text: string, client: string) => checks.isSigned(text, 'RS256', key, client)
    return { clock, ask }
  }

  test('J23 so many at once, and again when one is over', async () => {
    const { ask } = checksOf(2)
    const many = Array.from({ length: 5 }, (_, i) => ask(i === 1 ? bad : token, 'a'))
    expect(await Promise.all(many)).toEqual([true, false, undefined, undefined, undefined])
    expect(await Promise.all([ask(token, 'a'), ask(bad, 'a')])).toEqual([true, false])
  })

  test('J23 who sends many bad signatures has an eighth of the places, and keeps nobody out', async () => {
    const { ask, clock } = checksOf(8, 3)
    for (let i = 0; i < 4; i++) expect(await ask(bad, 'a')).toBe(false)
    const both = ['a', 'a', 'b', 'b', 'a', 'b'].map((client) => ask(token, client))
    expect(await Promise.all(both)).toEqual([true, undefined, true, true, undefined, true])
    clock.advance(9999)
    expect(await Promise.all([ask(token, 'a'), ask(token, 'a')])).toEqual([true, undefined])
    clock.advance(1)
    expect(await Promise.all([ask(token, 'a'), ask(token, 'a')])).toEqual([true, true])
  })

  test('J23 good signatures are not held against anybody', async () => {
    const { ask } = checksOf(8, 3)
    for (let i = 0; i < 10; i++) expect(await ask(token, 'a')).toBe(true)
    expect(await Promise.all([ask(token, 'a'), ask(token, 'a')])).toEqual([true, true])
  })

  test('J23 addresses are forgotten, the oldest first', () => {
    const clock = fakeClock()
    const doubts = new BadSignatures(clock, () => 0)
    for (let i = 0; i < 10_001; i++) doubts.count(`client ${i}`)
    expect([doubts.isOver('client 0'), doubts.isOver('client 1')]).toEqual([false, true])
  })
})

describe('J23 what the client gets', () => {
  test('J23 503 overloaded with Retry-After, never 401; a known token passes all the same', async () => {
    const gateway = await startTokenGateway({ authorizers })
    const exp = gateway.now + 300
    const known = tokenOf({ iss, aud: 'orders', exp }, rs)
    expect((await gateway.bearer(known)).status).toBe(200)
    gateway.apply({ authorizers, limits: { verifications: 0 } })
    for (const token of [
      tokenOf({ iss, aud: 'orders', exp, jti: 1 }, rs),
      withSignature(known, Buffer.alloc(256, 1)),
    ]) {
      const answer = await gateway.bearer(token)
      expectRefusal(answer, 'overloaded')
      expect(answer.field('retry-after')).toBe('1')
    }
    expect((await gateway.bearer(known)).status).toBe(200)
    gateway.apply({ authorizers })
    expectRefusal(
      await gateway.bearer(withSignature(known, Buffer.alloc(256, 1))),
      'signature_invalid',
    )
    await gateway.close()
  })

  let flooded: Awaited<ReturnType<typeof startTokenGateway>>
  beforeAll(async () => {
    flooded = await startTokenGateway({
      authorizers,
      limits: { verifications: 4, badSignaturesPerClient: 20 },
    })
  })
  afterAll(() => flooded.close())

  test('J23 of a thousand bad signatures none passes, and good ones do meanwhile', async () => {
    const exp = flooded.now + 300
    const known = tokenOf({ iss, aud: 'orders', exp }, rs)
    expect((await flooded.bearer(known)).status).toBe(200)
    const live = flooded.proxy.proxy.runtime.authorizers.get('shop/customers')!
    const forged = Array.from({ length: 1000 }, (_, i) =>
      withSignature(known, Buffer.alloc(256, i % 251)),
    )
    const unique = [...new Set(forged)].map((token, i) => live.verify(token, `192.0.2.${i % 2}`))
    const faults = (await Promise.all(unique)).map((result) =>
      'fault' in result ? result.fault : 'passed',
    )
    expect(new Set(faults)).toEqual(new Set(['signature_invalid', 'overloaded']))
    for (let i = 0; i < 5; i++) {
      expect((await flooded.bearer(known)).status).toBe(200)
      const answer = await flooded.bearer(tokenOf({ iss, aud: 'orders', exp, jti: i }, rs))
      expect([answer.status, codeOf(answer)]).toEqual([200, undefined])
    }
  })

  test('J23 one token in many requests is one check', async () => {
    const live = flooded.proxy.proxy.runtime.authorizers.get('shop/customers')!
    const token = tokenOf({ iss, aud: 'orders', exp: flooded.now + 300, jti: 'one' }, rs)
    const results = await Promise.all(Array.from({ length: 200 }, () => live.verify(token, 'a')))
    expect(results.every((result) => 'ok' in result)).toBe(true)
  })
})
