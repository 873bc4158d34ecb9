import { expect, test } from 'vitest'
import { helm, home, kubectl, release, shop } from './cluster.ts'

test('helm uninstall leaves nothing but the CRDs, and the routes', async () => {
  const routes = await kubectl('get', 'apiroutes', '-n', shop, '-o', 'name')
  await helm('uninstall', release, '-n', home, '--wait', '--timeout=90s')
  const kinds = (await kubectl('api-resources', '--verbs=list', '--namespaced', '-o', 'name'))
    .split('\n')
    .filter((kind) => kind !== '' && !/^events|metrics/.test(kind))
  const left = (
    await kubectl('get', kinds.join(','), '-n', home, '-o', 'name', '--ignore-not-found')
  )
    .split('\n')
    .filter(
      (name) =>
        name !== '' && !/kube-root-ca.crt|serviceaccount\/default|endpointslice|^pod\//.test(name),
    )
  // Its owner is gone: the garbage collector takes these, a moment later.
  const owned = left.filter((name) => /fairlead-(push|last-good)|^lease/.test(name))
  if (owned.length > 0) await kubectl('wait', '--for=delete', ...owned, '-n', home, '--timeout=60s')
  expect(left.filter((name) => !owned.includes(name))).toEqual([])
  const wide = await kubectl(
    'get',
    'clusterroles,clusterrolebindings,validatingadmissionpolicies',
    '-o',
    'name',
  )
  expect(wide).not.toContain('fairlead')
  expect(await kubectl('get', 'crd', '-o', 'name')).toContain('apiroutes.fairlead.dev')
  expect(await kubectl('get', 'apiroutes', '-n', shop, '-o', 'name')).toBe(routes)
})
