import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  apply,
  chartValues,
  helm,
  home,
  image,
  kubectl,
  release,
  run,
  shop,
  until,
} from './cluster.ts'
import { route, says } from './objects.ts'

const settings = {
  hostOwnership: 'Namespace',
  guardrails: { allowPublic: false, maxRequest: '30s' },
}

beforeAll(async () => {
  await kubectl(
    'annotate',
    'namespace',
    shop,
    'fairlead.dev/hostnames=*.shop.example, api.example',
    '--overwrite',
  )
  await helm(
    'upgrade',
    release,
    'helm/fairlead',
    '-n',
    home,
    ...chartValues(image),
    '--set',
    'policies.enabled=true',
    '--set-json',
    `settings=${JSON.stringify(settings)}`,
    '--wait',
  )
  // A policy takes effect when the API server has seen it.
  await until(async () => (await refusal(route('probe', says('x')))) || undefined, 'the policies')
})
afterAll(async () => {
  await kubectl('annotate', 'namespace', shop, 'fairlead.dev/hostnames-')
  await helm('upgrade', release, 'helm/fairlead', '-n', home, ...chartValues(image), '--wait')
})

const guarded = { authorize: { anyOf: [{ authorizer: { name: 'login' } }] }, ...says('x') }
const own = { hostnames: ['a.shop.example', 'api.example'] }

const refusal = (object: object): Promise<string> =>
  run('kubectl', ['create', '--dry-run=server', '-f', '-'], JSON.stringify(object)).then(
    () => '',
    (error: Error) => error.message,
  )

describe('what the controller would refuse later is refused when it is written', () => {
  test('what is allowed passes', async () => {
    expect(await refusal(route('good', { ...guarded, timeouts: { request: '30s' } }, own))).toBe('')
  })

  test.each([
    {
      what: 'a hostname of others',
      object: route('bad', guarded, { hostnames: ['a.shop.example', 'bank.example'] }),
      why: 'does not list bank.example',
    },
    {
      what: 'a wildcard over what is owned',
      object: route('bad', guarded, { hostnames: ['*.example'] }),
      why: 'does not list *.example',
    },
    {
      what: 'a public rule',
      object: route('bad', says('x'), own),
      why: 'public rules are not allowed by the platform',
    },
    {
      what: 'public by default',
      object: route(
        'bad',
        { ...says('x'), authorize: undefined },
        { ...own, defaults: { authorize: { public: true } } },
      ),
      why: 'public rules are not allowed by the platform',
    },
    {
      what: 'a timeout beyond the platform’s',
      object: route('bad', { ...guarded, timeouts: { request: '31s' } }, own),
      why: 'the platform allows at most 30s',
    },
  ])('$what', async ({ object, why }) => {
    expect(await refusal(object)).toContain(why)
  })

  test('another class is left alone', async () => {
    expect(await refusal(route('other', says('x'), { className: 'other' }))).toBe('')
  })

  test('what is there already can still be deleted and labelled', async () => {
    await kubectl('label', 'apiroute', 'steady', 'team=shop', '-n', shop)
    await kubectl('delete', 'apiroute', 'steady', '-n', shop)
    await expect(apply(route('steady', says('x')))).rejects.toThrow('does not list steady.example')
  })
})
