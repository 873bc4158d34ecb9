import fs from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { KeyFile } from '../../src/proxy/feed/key-file.ts'
import { Folder } from '../harness/folder.ts'
import { startTokenGateway, type TokenGateway } from './gateway.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import { keyFor, type SigningKey, tokenOf } from './keys.ts'
import { expectRefusal } from './refusal.ts'

/** Keys that the controller has fetched, at a proxy that cannot reach the issuer. */
const iss = 'https://login.shop.example/'
const key = keyFor('ES256', 'k')
const other = keyFor('ES256', 'k')
const hour = 3_600_000

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

interface Own {
  readonly folder?: Folder
  readonly staleKeysFor?: string
}

async function setUp(own: Own = {}) {
  const issuer = await startIssuer(key)
  opened.push(issuer)
  return { issuer, gateway: await start(issuer, own) }
}

async function start(issuer: Issuer, { folder, staleKeysFor = '2h' }: Own = {}) {
  const issuers = [{ issuer: iss, audiences: ['orders'], jwksUri: issuer.keysUrl }]
  const log = { error() {}, warn() {}, info() {}, debug() {}, isDebug: () => false }
  const keyStore = folder && new KeyFile(folder.at('state'), log)
  const given = { authorizers: { customers: { jwt: { issuers, staleKeysFor } } } }
  const gateway = await startTokenGateway(given, keyStore && { keyStore })
  opened.unshift(gateway)
  return gateway
}

const give = (gateway: TokenGateway, issuer: Issuer, signer: SigningKey, ageMs: number, own = {}) =>
  gateway.proxy.proxy.runtime.access.seed([
    {
      source: `uri ${issuer.keysUrl}`,
      fetchedMs: gateway.clock.wallMs() - ageMs,
      jwks: JSON.stringify({ keys: [signer.jwk] }),
      ...own,
    },
  ])

const ask = (gateway: TokenGateway, signer = key) =>
  gateway.bearer(tokenOf({ iss, aud: 'orders', exp: gateway.now + 300 }, signer))

/** A proxy that starts while the issuer is away. */
async function cold(own: Own = {}) {
  const issuer = await startIssuer(key)
  opened.push(issuer)
  await issuer.shut()
  const gateway = await start(issuer, own)
  await gateway.fetched(1)
  return { issuer, gateway }
}

describe('J20 a proxy that starts during an outage', () => {
  test('J20 verifies with the keys that it is given, and refuses others with them', async () => {
    const { issuer, gateway } = await cold()
    expectRefusal(await ask(gateway), 'authorizer_unavailable')
    await give(gateway, issuer, key, hour)
    expect((await ask(gateway)).status).toBe(200)
    expectRefusal(await ask(gateway, other), 'signature_invalid')
  })

  test('J20 for staleKeysFor after the controller has fetched them', async () => {
    const { issuer, gateway } = await cold()
    await give(gateway, issuer, key, 2 * hour + 1)
    expectRefusal(await ask(gateway), 'authorizer_unavailable')
    await give(gateway, issuer, key, 2 * hour - 1000)
    expect((await ask(gateway)).status).toBe(200)
    gateway.clock.leap(1001)
    expectRefusal(await ask(gateway), 'authorizer_unavailable')
  })

  test('J20 also of an authorizer that it hears of later', async () => {
    const { issuer, gateway } = await cold()
    gateway.apply({ authorizers: {}, rules: { '/': { public: true } } })
    await give(gateway, issuer, key, 0)
    const issuers = [{ issuer: iss, audiences: ['orders'], jwksUri: issuer.keysUrl }]
    gateway.apply({ authorizers: { customers: { jwt: { issuers } } } })
    expect((await ask(gateway)).status).toBe(200)
  })

  test.each([
    ['of another place', { source: `uri ${iss}keys` }],
    ['that are none', { jwks: 'null' }],
    [
      'that are secret',
      { jwks: JSON.stringify({ keys: [key.privateKey.export({ format: 'jwk' })] }) },
    ],
  ])('J20 keys %s help nobody', async (_, own) => {
    const { issuer, gateway } = await cold()
    await give(gateway, issuer, key, 0, own)
    expectRefusal(await ask(gateway), 'authorizer_unavailable')
  })

  test('J20 goes on with them after another start, without controller and issuer', async () => {
    const folder = new Folder()
    const { issuer, gateway } = await cold({ folder })
    await give(gateway, issuer, key, 0)
    await expect.poll(() => fs.existsSync(folder.at('state/keys.json'))).toBe(true)
    const again = await start(issuer, { folder })
    expect((await ask(again)).status).toBe(200)
  })
})

describe('keys that the proxy has fetched itself', () => {
  test('J20 are not replaced by older ones', async () => {
    const { issuer, gateway } = await setUp()
    await gateway.fetched(1)
    await give(gateway, issuer, other, 1)
    expect((await ask(gateway)).status).toBe(200)
    expectRefusal(await ask(gateway, other), 'signature_invalid')
  })

  test('J17 are replaced by newer ones: what was withdrawn stops, though the proxy cannot reach the issuer', async () => {
    const { issuer, gateway } = await setUp()
    await gateway.fetched(1)
    expect((await ask(gateway)).status).toBe(200)
    gateway.clock.leap(60_000)
    await give(gateway, issuer, other, 1000)
    expectRefusal(await ask(gateway), 'signature_invalid')
    expect((await ask(gateway, other)).status).toBe(200)
  })

  test('J17 replace what was given before', async () => {
    const { issuer, gateway } = await cold()
    await give(gateway, issuer, other, 0)
    expect((await ask(gateway, other)).status).toBe(200)
    await issuer.open()
    gateway.clock.leap(60_000)
    await gateway.fetched(2)
    expect((await ask(gateway)).status).toBe(200)
    expectRefusal(await ask(gateway, other), 'signature_invalid')
  })
})
