import { describe, expect, test } from 'vitest'
import { defaultSettings } from '../../model/settings.ts'
import { decode } from '../api/decode.ts'
import type { World } from '../api/world.ts'
import { createCompiler } from './compile.ts'
import { Sharing } from './sharing.ts'

describe('Sharing', () => {
  test('equal values are one, frozen all the way down', () => {
    const sharing = new Sharing()
    const first = sharing.share({ a: [1, { b: 2 }] })
    expect(sharing.share({ a: [1, { b: 2 }] })).toBe(first)
    expect(Object.isFrozen(first.a[1])).toBe(true)
    expect(sharing.share({ a: [1, { b: 3 }] })).not.toBe(first)
  })

  test('more values than it remembers cost sharing and nothing else', () => {
    const sharing = new Sharing()
    const first = sharing.share({ n: 0 })
    for (let n = 1; n < 3000; n++) sharing.share({ n })
    expect(sharing.share({ n: 0 })).toEqual(first)
  })
})

/** Two routes that differ in nothing but their names and paths, as most do. */
const route = (n: number) => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { name: `r${n}`, namespace: 'shop', uid: `u${n}` },
  spec: {
    hostnames: ['a.example'],
    rules: [
      {
        name: 'all',
        authorize: { public: true },
        matches: [{ path: { prefix: `/r${n}` } }],
        backends: [{ name: 'eu', url: 'https://orders.eu.example' }],
      },
    ],
  },
})

test('what routes have in common is in memory once: ten thousand of them fit', () => {
  const routes = [1, 2].flatMap((n) => {
    const decoded = decode(route(n))
    return decoded.kind === 'ApiRoute' ? [decoded.object] : []
  })
  const none = { authorizers: [], services: [], endpointSlices: [], secrets: [], configMaps: [] }
  const rest = {
    namespaces: [],
    referenceGrants: [],
    lastGoodRoutes: [],
    lastGoodAuthorizers: [],
    lastGoodSecrets: [],
    formerSecrets: [],
  }
  const world: World = { routes, ...none, ...rest }
  const options = { className: 'fairlead', allowLoopback: false, settings: defaultSettings }
  const { snapshot, statuses } = createCompiler()(world, options)
  const [first, second] = snapshot.hosts[0]!.entries.map(({ rule }) => rule)
  expect(second!.action).toBe(first!.action)
  expect(second!.timeouts).toBe(first!.timeouts)
  expect(second!.requestHeaders).toBe(first!.requestHeaders)
  expect(statuses[1]!.conditions).toBe(statuses[0]!.conditions)
})
