import { beforeAll, expect, test } from 'vitest'
import { keyFor, tokenOf } from '../tokens/keys.ts'
import { ask } from './ask.ts'
import {
  address,
  apply,
  conditions,
  home,
  kubectl,
  leader,
  pods,
  read,
  release,
  shop,
  until,
  waitFor,
} from './cluster.ts'
import { backend, issuer, type Manifest, route, says } from './objects.ts'

const key = keyFor('ES256', 'k')
const iss = 'https://login.shop.example/'

const authorizer = (name: string, service: string, staleKeysFor: string): Manifest => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiAuthorizer',
  metadata: { name, namespace: shop },
  spec: {
    jwt: {
      issuers: [
        {
          issuer: iss,
          audiences: ['orders'],
          jwks: { service: { name: service, port: 80, path: '/keys' } },
        },
      ],
      staleKeysFor,
    },
  },
})

const token = () =>
  tokenOf({ iss, aud: 'orders', sub: 'u', exp: Math.floor(Date.now() / 1000) + 600 }, key)

let ip: string
beforeAll(async () => {
  ip = await address()
})

const scale = (name: string, replicas: number) =>
  kubectl('scale', `deployment/${name}`, '-n', shop, `--replicas=${replicas}`)

/** Type, reason and message of each Event of an object. */
async function eventsOf(name: string): Promise<readonly string[]> {
  const { items } = await read<{ items: { reason: string; type: string; message: string }[] }>(
    'events',
    '-n',
    shop,
    '--field-selector',
    `involvedObject.name=${name}`,
  )
  return items.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
}

const event = (name: string, says: RegExp) =>
  until(
    async () => (await eventsOf(name)).find((line) => says.test(line)),
    `an Event of ${name}: ${says}`,
  )

const reachable = async () =>
  (await conditions('apiauthorizer/customers')).find(({ type }) => type === 'IssuersReachable')

test('an issuer that goes and comes back is told by the condition of its authorizer and by Events, and nobody is turned away meanwhile', async () => {
  await apply(
    ...issuer('login', key.jwk),
    // The shortest there is: keys are fetched every half a minute.
    authorizer('customers', 'login', '1m'),
    route('issuer-private', {
      ...says('in'),
      authorize: { anyOf: [{ authorizer: { name: 'customers' } }] },
    }),
  )
  await kubectl('rollout', 'status', 'deployment/login', '-n', shop, '--timeout=60s')
  await waitFor('IssuersReachable', 'apiauthorizer/customers')
  await waitFor('Programmed', 'apiroute/issuer-private')
  const status = async () =>
    (
      await ask(ip, {
        host: 'issuer-private.example',
        headers: { authorization: `Bearer ${token()}` },
      })
    ).status
  expect(await status()).toBe(200)

  await scale('login', 0)
  await waitFor('IssuersReachable=False', 'apiauthorizer/customers')
  expect(await reachable()).toMatchObject({
    reason: 'IssuerUnreachable',
    message: expect.stringMatching(
      /^spec\.jwt\.issuers\[0\]: the keys of "https:\/\/login\.shop\.example\/" cannot be fetched \([\w.-]+\): those of \S+Z verify until/,
    ),
  })
  expect(await status()).toBe(200)
  await event('customers', /^Warning IssuerUnreachable: spec\.jwt\.issuers\[0\]: the keys of/)

  // What stands there stays when another controller leads.
  const before = await leader()
  await kubectl('delete', 'pod', before, '-n', home)
  await until(async () => ((await leader()) === before ? undefined : true), 'another leader')
  await kubectl('rollout', 'status', `deployment/${release}-controller`, '-n', home)
  expect(await reachable()).toMatchObject({ status: 'False' })

  await scale('login', 1)
  await waitFor('IssuersReachable', 'apiauthorizer/customers')
  await event('customers', /^Normal IssuersReachable: IssuersReachable again$/)
  expect(await status()).toBe(200)
})

test('a region whose Pods go fails over, which Events tell, and recovers', async () => {
  await apply(...backend('far', 1))
  await kubectl('rollout', 'status', 'deployment/far', '-n', shop, '--timeout=60s')
  await apply(
    route('regions', {
      backends: [
        { name: 'eu', region: 'eu-west-1', service: { name: 'far', port: 80 } },
        { name: 'us', region: 'us-east-1', priority: 1, service: { name: 'echo', port: 80 } },
      ],
    }),
  )
  await waitFor('Programmed', 'apiroute/regions')
  const whereTo = async () => {
    const { status, body } = await ask(ip, { host: 'regions.example' })
    return `${status} ${(JSON.parse(body) as { pod: string }).pod.split('-')[0]}`
  }
  await until(async () => ((await whereTo()) === '200 far' ? true : undefined), 'the near one')
  await scale('far', 0)
  await event(
    'regions',
    /^Warning FailedOver: rule "all": backend "eu" in eu-west-1 has no healthy endpoint; other backends of the rule take its traffic$/,
  )
  expect(await whereTo()).toBe('200 echo')
  await scale('far', 1)
  await event('regions', /^Normal Recovered: rule "all": backend "eu" in eu-west-1/)
  await until(
    async () => ((await whereTo()) === '200 far' ? true : undefined),
    'the near one again',
  )
})

test('J20 a proxy that starts while an issuer is away verifies with the keys that the controller had fetched', async () => {
  const patient = authorizer('patient', 'vault', '10m')
  await apply(
    ...issuer('vault', key.jwk),
    patient,
    route('vaulted', {
      ...says('in'),
      authorize: { anyOf: [{ authorizer: { name: 'patient' } }] },
    }),
  )
  await kubectl('rollout', 'status', 'deployment/vault', '-n', shop, '--timeout=60s')
  await waitFor('IssuersReachable', 'apiauthorizer/patient')
  await waitFor('Programmed', 'apiroute/vaulted')
  const status = async (pod: string) =>
    (
      await ask(
        pod,
        { host: 'vaulted.example', headers: { authorization: `Bearer ${token()}` } },
        8080,
      )
    ).status
  const before = await pods('proxy')
  for (const { status: of } of before) expect(await status(of.podIP)).toBe(200)

  await scale('vault', 0)
  await kubectl('wait', '--for=delete', 'pod', '-l', 'app=vault', '-n', shop, '--timeout=60s')
  await kubectl('delete', 'pod', ...before.map(({ metadata }) => metadata.name), '-n', home)
  await kubectl('rollout', 'status', `deployment/${release}-proxy`, '-n', home, '--timeout=90s')
  const after = await pods('proxy')
  expect(after.map(({ metadata }) => metadata.name)).not.toEqual(
    expect.arrayContaining(before.map(({ metadata }) => metadata.name)),
  )
  for (const { status: of } of after) expect(await status(of.podIP)).toBe(200)
  await waitFor('IssuersReachable=False', 'apiauthorizer/patient')
  await scale('vault', 1)
  await waitFor('IssuersReachable', 'apiauthorizer/patient')
})

test('on a quiet cluster reports cost no write', async () => {
  const versions = async () => {
    const { items } = await read<{
      items: { metadata: { name: string; resourceVersion: string } }[]
    }>('apiauthorizers,apiroutes', '-n', shop)
    return items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).join()
  }
  await until(async () => {
    const before = await versions()
    // Longer than keys of the authorizer are fresh.
    await new Promise((resolve) => setTimeout(resolve, 35_000))
    return (await versions()) === before ? true : undefined
  }, 'half a minute without a write')
  expect(await pods('proxy')).toHaveLength(2)
})
