import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import type { Log } from '../../base/log.ts'
import type { Authorizer, Issuer, KeySource } from '../../model/authorization.ts'
import type { Endpoint } from '../../model/key-source.ts'
import type { SavedKeys } from '../../model/saved-keys.ts'
import { defaultSettings } from '../../model/settings.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { KeySeeds } from './key-seeds.ts'
import { publicKeys } from './public-keys.ts'

const keyOf = (kid: string) => ({
  ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
  kid,
})
const one = keyOf('one')
const two = keyOf('two')

const issuer = (name: string, keys: KeySource = { kind: 'uri', uri: `${name}keys` }): Issuer => ({
  issuer: name,
  audiences: [],
  algorithms: ['EdDSA'],
  groupsClaim: 'groups',
  keys,
})

const authorizer = (
  name: string,
  issuers: readonly Issuer[],
  staleKeysForMs: number,
): Authorizer => ({
  id: `shop/${name}`,
  namespace: 'shop',
  name,
  version: '1',
  kind: 'jwt',
  issuers,
  from: [],
  clockSkewMs: 0,
  claims: [],
  forward: { headers: [], token: 'Remove' },
  staleKeysForMs,
})

const hour = 3_600_000
const nothing: Snapshot = {
  format: 1,
  digest: '',
  settings: defaultSettings,
  hosts: [],
  clusters: [],
  authorizers: [],
  secrets: {},
}
const withIssuers = (issuers: readonly Issuer[], staleForMs = 24 * hour): Snapshot => ({
  ...nothing,
  authorizers: [authorizer('customers', issuers, staleForMs)],
})

/** A controller, issuers that publish what they are told to, and what proxies are given. */
function setUp() {
  const clock = fakeClock()
  const asked: string[] = []
  const offers: (readonly SavedKeys[])[] = []
  const said: string[] = []
  const log: Log = {
    error: (text) => said.push(text),
    warn: (text) => said.push(text),
    info: (text) => said.push(text),
    debug: () => {},
    isDebug: () => false,
  }
  const source = { keys: [one] as readonly object[] | undefined, maxAgeMs: undefined }
  const seeds = new KeySeeds({
    clock,
    dice: () => 0,
    log,
    fetch: async (url: URL, connectTo?: Endpoint) => {
      asked.push(connectTo === undefined ? url.href : `${url.pathname} of ${connectTo.address}`)
      if (source.keys === undefined) throw new Error('ECONNREFUSED')
      return { value: { keys: source.keys }, maxAgeMs: source.maxAgeMs }
    },
    offer: (sets) => offers.push(sets),
  })
  return {
    seeds,
    asked,
    offers,
    said,
    source,
    clock,
    /** Time, with what is under way in between. */
    async pass(ms: number, stepMs = 1000) {
      for (let at = 0; at < ms; at += stepMs) {
        clock.leap(stepMs)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

const kids = (offer: readonly SavedKeys[] | undefined) =>
  offer?.map(({ jwks }) =>
    (JSON.parse(jwks) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid),
  )

describe('J20 keys that the leader gives to proxies', () => {
  test('J20 are fetched by the leader only, once for each place, and given with the time', async () => {
    const { seeds, asked, offers, clock, pass } = setUp()
    const here = issuer('https://a.example/')
    seeds.update({
      ...nothing,
      authorizers: [authorizer('x', [here], hour), authorizer('y', [here], hour)],
    })
    await pass(10 * 60_000)
    expect(asked).toEqual([])
    const fromMs = clock.wallMs()
    seeds.lead()
    await pass(1000)
    expect(asked).toEqual(['https://a.example/keys'])
    expect(offers).toEqual([
      [
        {
          source: 'uri https://a.example/keys',
          fetchedMs: expect.any(Number),
          jwks: publicKeys({ keys: [one] }),
        },
      ],
    ])
    expect(offers[0]?.[0]?.fetchedMs).toBeGreaterThanOrEqual(fromMs)
  })

  test('J20 are not given again because they were fetched again, only before they are half as old as they may be', async () => {
    const { seeds, asked, offers, pass } = setUp()
    seeds.lead()
    seeds.update(withIssuers([issuer('https://a.example/')], 2 * hour))
    await pass(hour - 60_000, 5000)
    expect(asked.length).toBeGreaterThan(5)
    expect(offers).toHaveLength(1)
    await pass(20 * 60_000, 5000)
    expect(offers).toHaveLength(2)
    expect(offers[1]![0]!.fetchedMs - offers[0]![0]!.fetchedMs).toBeGreaterThanOrEqual(hour)
  })

  test('J17 other keys are given at once', async () => {
    const { seeds, offers, source, pass } = setUp()
    seeds.lead()
    seeds.update(withIssuers([issuer('https://a.example/')]))
    await pass(6000)
    source.keys = [two]
    await pass(10 * 60_000)
    expect(offers.map(kids)).toEqual([[['one']], [['two']]])
  })

  test('J18 an issuer that goes away, or answers nonsense, costs nothing that was known, and is told once', async () => {
    const { seeds, offers, source, said, pass } = setUp()
    seeds.lead()
    seeds.update(withIssuers([issuer('https://a.example/')]))
    await pass(1000)
    source.keys = undefined
    await pass(20 * 60_000)
    source.keys = []
    await pass(20 * 60_000)
    expect(offers.map(kids)).toEqual([[['one']]])
    source.keys = [one]
    await pass(60_000)
    expect(said).toEqual([
      expect.stringContaining('cannot be fetched'),
      expect.stringContaining('are fetched again'),
    ])
  })

  test('an issuer that cannot be reached from the beginning: nothing is given', async () => {
    const { seeds, offers, source, asked, pass } = setUp()
    source.keys = undefined
    seeds.lead()
    seeds.update(withIssuers([issuer('https://a.example/')]))
    await pass(60_000)
    expect(offers).toEqual([])
    // Not more often than a proxy would ask.
    expect(asked.length).toBeLessThanOrEqual(8)
  })

  test('where nothing is fetched, nothing is asked for', async () => {
    const { seeds, asked, pass } = setUp()
    seeds.lead()
    seeds.update(
      withIssuers([
        issuer('https://a.example/', { kind: 'inline', jwks: '{}' }),
        issuer('https://b.example/', { kind: 'missing' }),
      ]),
    )
    await pass(60_000)
    expect(asked).toEqual([])
  })

  test('of a Service come from its endpoints as they are now', async () => {
    const { seeds, asked, pass } = setUp()
    const keys: KeySource = { kind: 'service', cluster: 'login', path: '/keys' }
    const at = (...addresses: string[]): Snapshot => ({
      ...withIssuers([issuer('https://a.example/', keys)]),
      clusters: [
        {
          id: 'login',
          name: 'shop/login:80',
          target: {
            kind: 'service',
            namespace: 'shop',
            service: 'login',
            port: 80,
            endpoints: addresses.map((address) => ({
              address,
              port: 8080,
              state: 'ready' as const,
            })),
          },
          health: { passive: {} as never, slowStartMs: 0 },
          maxConnections: 1,
          maxPending: 1,
        },
      ],
    })
    seeds.lead()
    const first = at()
    seeds.update(first)
    await pass(1000)
    expect(asked).toEqual([])
    seeds.update({ ...at('10.0.0.7'), authorizers: first.authorizers })
    await pass(15_000)
    expect(asked).toEqual(['/keys of 10.0.0.7'])
  })

  test('many changes at once are given together', async () => {
    const { seeds, offers, pass } = setUp()
    seeds.lead()
    seeds.update(
      withIssuers(Array.from({ length: 100 }, (_, i) => issuer(`https://${i}.example/`))),
    )
    await pass(10_000)
    expect(offers.map((sets) => sets.length)).toEqual([expect.any(Number), 100])
  })

  test('a leader that follows asks no more; issuers that nobody names any more are not asked', async () => {
    const { seeds, asked, pass } = setUp()
    seeds.lead()
    seeds.update(withIssuers([issuer('https://a.example/')]))
    await pass(1000)
    seeds.update(nothing)
    await pass(hour, 10_000)
    expect(asked).toHaveLength(1)
    seeds.update(withIssuers([issuer('https://a.example/')]))
    await pass(1000)
    seeds.follow()
    await pass(hour, 10_000)
    expect(asked).toHaveLength(2)
  })
})

test('J18 only public keys that can verify are given', () => {
  const secret = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const set = {
    keys: [
      null,
      'x',
      { ...secret, kid: 'secret' },
      { kty: 'oct', k: 'AA', kid: 'o' },
      { ...one, more: 1 },
    ],
  }
  expect(JSON.parse(publicKeys(set) ?? '')).toEqual({ keys: [one] })
  expect([{}, null, [], { keys: {} }, { keys: [] }].map(publicKeys)).toEqual(
    Array(5).fill(undefined),
  )
})
