import fs from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import type { Log } from '../../src/base/log.ts'
import { KeyFile } from '../../src/proxy/feed/key-file.ts'
import { Folder } from '../harness/folder.ts'
import { startTokenGateway, type TokenGateway } from './gateway.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import { keyFor, tokenOf } from './keys.ts'
import { codeOf, expectRefusal } from './refusal.ts'

/** Keys that outlive the process, for a start during an outage of the issuer. */
const iss = 'https://login.shop.example/'
const key = keyFor('ES256', 'k')
const other = keyFor('ES256', 'k')
const saved = {
  source: 'uri https://login.shop.example/keys',
  fetchedMs: 1,
  jwks: JSON.stringify({ keys: [key.jwk] }),
}

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

function listen(): { log: Log; said: string[] } {
  const said: string[] = []
  const say = (message: string, fields?: Record<string, unknown>) =>
    void said.push(`${message} ${JSON.stringify(fields)}`)
  return { said, log: { error: say, warn: say, info: say, debug: say, isDebug: () => false } }
}

async function issuerOf(...keys: (typeof key)[]): Promise<Issuer> {
  const issuer = await startIssuer(...keys)
  opened.push(issuer)
  return issuer
}

interface Own {
  readonly issuer: Issuer
  readonly folder: Folder
  readonly jwksUri?: string
  /** After the start of time of every test clock. */
  readonly atMs?: number
  readonly staleKeysFor?: string
}

/** A gateway as a new process makes it, with the state folder of the one before. */
async function start({
  issuer,
  folder,
  jwksUri = issuer.keysUrl,
  atMs = 0,
  staleKeysFor = '24h',
}: Own) {
  const { log, said } = listen()
  const store = new KeyFile(folder.at('state'), log)
  const issuers = [{ issuer: iss, audiences: ['orders'], jwksUri }]
  const gateway = await startTokenGateway(
    { authorizers: { customers: { jwt: { issuers, staleKeysFor } } } },
    { keyStore: store, startMs: atMs },
  )
  opened.unshift(gateway)
  return { gateway, store, said }
}

const tokenAt = (gateway: TokenGateway, signer = key) =>
  tokenOf({ iss, aud: 'orders', exp: gateway.now + 300 }, signer)

async function passes(gateway: TokenGateway, signer = key): Promise<void> {
  const answer = await gateway.bearer(tokenAt(gateway, signer))
  expect([answer.status, codeOf(answer)]).toEqual([200, undefined])
}

const hour = 3_600_000

describe('J20 a start during an outage', () => {
  test('J20 goes on with the keys that the process before had fetched, at once', async () => {
    const [issuer, folder] = [await issuerOf(key), new Folder()]
    const before = await start({ issuer, folder })
    await passes(before.gateway)
    await before.store.settled()
    await issuer.shut()
    const after = await start({ issuer, folder, atMs: hour })
    await passes(after.gateway)
    expectRefusal(await after.gateway.bearer(tokenAt(after.gateway, other)), 'signature_invalid')
    expect(after.said).toEqual([])
  })

  test('J20 a silent issuer holds nobody up', async () => {
    const [issuer, folder] = [await issuerOf(key), new Folder()]
    const before = await start({ issuer, folder })
    await passes(before.gateway)
    await before.store.settled()
    issuer.act = () => {}
    const after = await start({ issuer, folder, atMs: hour })
    await passes(after.gateway)
    // The fetch of the start is still waiting for its answer.
    expect(
      await after.gateway.metric(
        `fairlead_jwks_failures_total{authorizer="shop/customers",issuer="${iss}"}`,
      ),
    ).toBe(0)
  })

  test('J20 for staleKeysFor after they were fetched, restarts or not', async () => {
    const [issuer, folder] = [await issuerOf(key), new Folder()]
    const before = await start({ issuer, folder })
    await passes(before.gateway)
    await before.store.settled()
    await issuer.shut()
    const within = await start({ issuer, folder, atMs: 2 * hour - 1000, staleKeysFor: '2h' })
    await passes(within.gateway)
    within.gateway.clock.leap(1001)
    expectRefusal(await within.gateway.bearer(tokenAt(within.gateway)), 'authorizer_unavailable')
    const beyond = await start({ issuer, folder, atMs: 2 * hour + 1, staleKeysFor: '2h' })
    expectRefusal(await beyond.gateway.bearer(tokenAt(beyond.gateway)), 'authorizer_unavailable')
  })

  test('J20 a clock that was set back does not throw them away', async () => {
    const [issuer, folder] = [await issuerOf(key), new Folder()]
    const before = await start({ issuer, folder, atMs: hour })
    await passes(before.gateway)
    await before.store.settled()
    await issuer.shut()
    await passes((await start({ issuer, folder })).gateway)
  })

  test('J20 keys of another place are not taken for these', async () => {
    const [issuer, folder] = [await issuerOf(key), new Folder()]
    const before = await start({ issuer, folder })
    await passes(before.gateway)
    await before.store.settled()
    await issuer.shut()
    const { gateway } = await start({ issuer, folder, jwksUri: `${issuer.keysUrl}/other` })
    expectRefusal(await gateway.bearer(tokenAt(gateway)), 'authorizer_unavailable')
  })

  test('J17 what was withdrawn meanwhile stops with the first fetch', async () => {
    const [issuer, folder] = [await issuerOf(key), new Folder()]
    const before = await start({ issuer, folder })
    await passes(before.gateway)
    await before.store.settled()
    issuer.keys = [other.jwk]
    const after = await start({ issuer, folder, atMs: hour })
    await after.gateway.fetched(1)
    expectRefusal(await after.gateway.bearer(tokenAt(after.gateway)), 'signature_invalid')
    await passes(after.gateway, other)
    await after.store.settled()
    expect(fs.readFileSync(folder.at('state/keys.json'), 'utf8')).toContain(other.jwk.x)
    expect(fs.readFileSync(folder.at('state/keys.json'), 'utf8')).not.toContain(key.jwk.x)
  })

  test('J18 of a set with a private key only the public ones are written', async () => {
    const [issuer, folder] = [await issuerOf(key), new Folder()]
    const secret = other.privateKey.export({ format: 'jwk' })
    issuer.keys = [key.jwk, { ...secret, kid: 'secret' }]
    const { gateway, store } = await start({ issuer, folder })
    await passes(gateway)
    await store.settled()
    const text = fs.readFileSync(folder.at('state/keys.json'), 'utf8')
    expect([text.includes(key.jwk.x as string), text.includes(secret.d as string)]).toEqual([
      true,
      false,
    ])
  })
})

describe('the file of keys', () => {
  const open = (folder: Folder) => {
    const { log, said } = listen()
    return { file: new KeyFile(folder.at('state'), log), said }
  }
  const written = async (folder: Folder) => {
    const { file } = open(folder)
    file.save([saved])
    await file.settled()
    return fs.readFileSync(folder.at('state/keys.json'), 'utf8')
  }

  test('keeps what it was given, for its owner only, and leaves nothing beside it', async () => {
    const folder = new Folder()
    await written(folder)
    expect(open(folder).file.load(saved.source)).toEqual(saved)
    expect(open(folder).file.load('uri https://x')).toBeUndefined()
    expect(fs.statSync(folder.at('state/keys.json')).mode & 0o777).toBe(0o600)
    expect(fs.statSync(folder.at('state')).mode & 0o777).toBe(0o700)
    expect(fs.readdirSync(folder.at('state'))).toEqual(['keys.json'])
  })

  test('of several in a row the newest is kept', async () => {
    const folder = new Folder()
    const { file } = open(folder)
    for (let fetchedMs = 1; fetchedMs <= 20; fetchedMs++) file.save([{ ...saved, fetchedMs }])
    await file.settled()
    expect(open(folder).file.load(saved.source)?.fetchedMs).toBe(20)
  })

  test('K8 cut anywhere it counts as none, is told once, and is replaced', async () => {
    const folder = new Folder()
    const whole = await written(folder)
    for (let at = 0; at < whole.length; at += 7) {
      folder.write('state/keys.json', whole.slice(0, at))
      const { file, said } = open(folder)
      expect([file.load(saved.source), said.length]).toEqual([undefined, 1])
    }
    await written(folder)
    expect(open(folder).file.load(saved.source)).toEqual(saved)
  })

  test.each([
    ['a flipped bit', (text: string) => text.replace('P-256', 'P-257'), 'it is damaged'],
    [
      'another version',
      (text: string) => text.replace('"format":1', '"format":2'),
      'it is of another version',
    ],
    ['something else', () => 'null', 'it is of another version'],
    ['no JSON', () => '\0\0', 'not valid JSON'],
  ])('K8 %s counts as none', async (_, damage, says) => {
    const folder = new Folder()
    folder.write('state/keys.json', damage(await written(folder)))
    const { file, said } = open(folder)
    expect(file.load(saved.source)).toBeUndefined()
    expect(said.join()).toContain(says)
  })

  test('K8 a disk that does not take it is told, and nothing else happens', async () => {
    const folder = new Folder({ state: 'a file in the way' })
    const { file, said } = open(folder)
    file.save([saved])
    await file.settled()
    expect(said.join()).toContain('keys cannot be saved')
  })
})
