import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from './ask.ts'
import {
  apply,
  chartValues,
  conditions,
  helm,
  home,
  image,
  kubectl,
  pods,
  shop,
  until,
  waitFor,
} from './cluster.ts'
import { route, says } from './objects.ts'

/** A second installation, for another class, with rights in one namespace only. */
const other = 'internal'

beforeAll(async () => {
  await helm(
    'install',
    other,
    'helm/fairlead',
    '-n',
    home,
    ...chartValues(image),
    '--set',
    `crds.install=false,className=${other},watchNamespaces={${shop}},proxy.replicas=1,controller.replicas=1,proxy.service.type=ClusterIP`,
    '--wait',
    '--timeout=120s',
  )
})
afterAll(() => helm('uninstall', other, '-n', home, '--wait'))

test('two installations leave each other’s routes alone', async () => {
  const [[ours], [theirs]] = await Promise.all([pods('proxy'), pods('proxy', other)])
  await apply(
    route('public', says('public')),
    route('private', says('private'), { className: other }),
  )
  await Promise.all([
    waitFor('Programmed', 'apiroute/public'),
    waitFor('Programmed', 'apiroute/private'),
  ])
  const askAt = async (pod: string, host: string) => (await ask(pod, { host }, 8080)).status
  expect(await askAt(ours!.status.podIP, 'public.example')).toBe(200)
  expect(await askAt(ours!.status.podIP, 'private.example')).toBe(404)
  expect(await askAt(theirs!.status.podIP, 'private.example')).toBe(200)
  expect(await askAt(theirs!.status.podIP, 'public.example')).toBe(404)
  const message = (await conditions('apiroute/private')).find(({ type }) => type === 'Programmed')
  expect(message).toMatchObject({ status: 'True', message: 'served by every proxy (1)' })
})

test('the one with namespaced rights reads nothing elsewhere', async () => {
  const may = (verb: string, what: string, namespace: string) =>
    kubectl(
      'auth',
      'can-i',
      verb,
      what,
      '-n',
      namespace,
      `--as=system:serviceaccount:${home}:${other}-controller`,
    ).then(
      () => true,
      () => false,
    )
  expect(await may('list', 'apiroutes.fairlead.dev', shop)).toBe(true)
  expect(await may('list', 'apiroutes.fairlead.dev', 'default')).toBe(false)
  expect(await may('list', 'namespaces', shop)).toBe(false)
})

test('a route that moves to nobody’s class is withdrawn', async () => {
  const [ours] = await pods('proxy')
  await kubectl('delete', 'apiroute', 'public', '-n', shop)
  await until(
    async () =>
      (await ask(ours!.status.podIP, { host: 'public.example' }, 8080)).status === 404
        ? true
        : undefined,
    '404',
    5,
  )
})
