import { describe, expect, test } from 'vitest'
import { type Manifest, optionsOf, worldOf } from '../../../test/golden/case.ts'
import { createCompiler } from './compile.ts'

const route = (spec: object): Manifest => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { name: 'orders', namespace: 'shop', generation: 1 },
  spec: { hostnames: ['api.shop.example'], ...spec },
})
const backends = [{ name: 'b', url: 'https://orders.example' }]
const isPublic = { public: true }

/** Conditions of the route that are False, as `reason: message`. */
function saidOf(spec: object, settings: object = {}, inCluster = false): readonly string[] {
  const manifests = [{ kind: 'CompileOptions', settings }, route(spec)]
  const options = { ...optionsOf(manifests), inCluster }
  const { statuses } = createCompiler()(worldOf(manifests), options)
  return statuses
    .flatMap(({ conditions }) => conditions)
    .filter(({ status }) => status === 'False')
    .map(({ reason, message }) => `${reason}: ${message}`)
}

describe('a fault of defaults', () => {
  const rules = [
    { name: 'a', backends },
    { name: 'b', backends, matches: [{ path: { exact: '/b' } }] },
  ]

  test.each([
    {
      name: 'in one field',
      spec: { defaults: { authorize: isPublic, timeouts: { request: 30 } } },
    },
    { name: 'in the authorization', spec: { defaults: { authorize: { publik: true } } } },
    { name: 'a misspelt name', spec: { defautls: { authorize: isPublic } } },
    {
      name: 'beside them',
      spec: { defaults: { authorize: isPublic }, paths: { mergeSlashes: 1 } },
    },
  ])('$name does not make every rule miss its authorize', ({ spec }) => {
    const said = saidOf({ ...spec, rules }).join()
    expect(said).toMatch(/^Invalid: spec\./)
    expect(said).not.toContain('authorize is required')
  })

  test('where there are none, every rule that has no authorize says so', () => {
    expect(saidOf({ rules })).toEqual([
      expect.stringMatching(
        /^Invalid: spec\.rules\[0\]: authorize is required .*\nspec\.rules\[1\]: /,
      ),
    ])
  })
})

describe('a guardrail', () => {
  test.each([
    {
      name: 'on the request clock',
      settings: { guardrails: { maxRequest: '10s' } },
      own: { timeouts: { request: '20s' } },
      says: 'NotPermitted: spec.rules[0].timeouts.request: at most 10s are allowed by the platform',
      field: 'timeouts',
    },
    {
      name: 'on public rules',
      settings: { guardrails: { allowPublic: false } },
      own: { authorize: isPublic },
      says: 'NotPermitted: spec.rules[0].authorize.public: public rules are not allowed by the platform',
      field: 'authorize',
    },
  ])('$name says so where a value comes from defaults', ({ settings, own, says, field }) => {
    const rule = { name: 'a', backends }
    const rest = field === 'authorize' ? {} : { authorize: isPublic }
    expect(saidOf({ rules: [{ ...rule, ...rest, ...own }] }, settings)).toEqual([says])
    expect(saidOf({ rules: [{ ...rule, ...rest }], defaults: own }, settings)).toEqual([
      `${says}; it comes from spec.defaults.${field}`,
    ])
  })
})

test('without its authorizer a rule lets nobody in: that is the reason, whatever else cannot be found', () => {
  const authorize = { anyOf: [{ authorizer: { name: 'gone' } }] }
  const refused = [...backends, { name: 'c', url: 'http://169.254.169.254' }]
  const [said] = saidOf({ rules: [{ name: 'a', authorize, backends: refused }] })
  expect(said).toMatch(/^AuthorizerNotFound: /)
  expect(said).toContain('169.254.169.254')
})

describe('a url on this machine', () => {
  const rules = (host: string) => [
    { name: 'a', authorize: isPublic, backends: [{ name: 'b', url: `http://${host}:3000` }] },
  ]
  test.each(['127.0.0.1', 'localhost', '[::1]'])(
    '%s: the way out is told where there is one',
    (host) => {
      expect(saidOf({ rules: rules(host) }).join()).toMatch(
        /is refused: it is this machine; --allow-loopback allows it for development$/,
      )
      expect(saidOf({ rules: rules(host) }, {}, true).join()).toMatch(
        /is refused: it is the gateway itself; name a Service$/,
      )
    },
  )
})

describe('C5 names of the cluster as url backends', () => {
  const saidOfUrl = (url: string, inCluster: boolean) =>
    saidOf(
      { rules: [{ name: 'a', authorize: isPublic, backends: [{ name: 'b', url }] }] },
      {},
      inCluster,
    )

  test.each([
    'http://orders.pay.svc',
    'http://orders.pay.svc.cluster.local',
    'http://orders',
    'https://a.b.cluster.local',
  ])('C5 %s is refused in a cluster: another namespace has to grant its Services', (url) => {
    expect(saidOfUrl(url, true)).toEqual([
      expect.stringContaining('write service: { name, namespace, port }'),
    ])
  })

  test.each(['https://svc.shop.example', 'https://orders.example', 'http://10.1.2.3'])(
    '%s is not',
    (url) => {
      expect(saidOfUrl(url, true)).toEqual([])
    },
  )

  test('outside of a cluster they are names like any other', () => {
    expect(saidOfUrl('http://orders.pay.svc', false)).toEqual([])
  })
})
