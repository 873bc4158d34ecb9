import { beforeAll, describe, expect, test } from 'vitest'
import { ask, metric } from './ask.ts'
import { address, helm, home, kubectl, leader, pods, read, release, until } from './cluster.ts'

let ip: string
beforeAll(async () => {
  ip = await address()
})

describe('helm install', () => {
  test('two of each half are ready under the restricted standard, and one controller leads', async () => {
    const [controllers, proxies] = await Promise.all([pods('controller'), pods('proxy')])
    expect(controllers).toHaveLength(2)
    expect(proxies).toHaveLength(2)
    expect(controllers.map(({ metadata }) => metadata.name)).toContain(await leader())
  })

  test('helm test passes', async () => {
    expect(await helm('test', release, '-n', home)).toMatch(/Phase:\s+Succeeded/)
  })

  test('what nobody routes is answered by the gateway, and says so', async () => {
    const { status, body } = await ask(ip, { host: 'nobody.example' })
    expect({ status, code: (JSON.parse(body) as { code: string }).code }).toEqual({
      status: 404,
      code: 'route_not_found',
    })
  })

  test('Prometheus finds the metrics of both halves', async () => {
    const [controllers, proxies] = await Promise.all([pods('controller'), pods('proxy')])
    const sum = async (list: typeof proxies, port: number, name: string) => {
      const values = await Promise.all(list.map(({ status }) => metric(status.podIP, port, name)))
      return values.reduce((total, value) => total + value, 0)
    }
    expect(await sum(controllers, 9902, 'fairlead_leader')).toBe(1)
    expect(await sum(controllers, 9902, 'fairlead_push_proxies')).toBe(2)
    expect(await sum(proxies, 9901, 'fairlead_requests_total')).toBeGreaterThan(0)
  })

  test('what the controller made is owned by the installation', async () => {
    const { items } = await read<{
      items: { metadata: { name: string; ownerReferences?: { name: string }[] } }[]
    }>('secrets,configmaps', '-n', home, '-l', '!helm.sh/chart')
    const made = items.filter(({ metadata }) => metadata.name.startsWith(`${release}-push`))
    expect(made.map(({ metadata }) => metadata.name).sort()).toEqual([
      'fairlead-push-ca',
      'fairlead-push-ca',
    ])
    for (const { metadata } of made)
      expect(metadata.ownerReferences?.map(({ name }) => name)).toEqual(['fairlead-settings'])
  })

  test('the rights are those that are listed, and no more', async () => {
    const may = (verb: string, what: string, ...more: string[]) =>
      kubectl(
        'auth',
        'can-i',
        verb,
        what,
        `--as=system:serviceaccount:${home}:${release}-controller`,
        ...more,
      )
        .then((text) => text.trim() === 'yes')
        .catch(() => false)
    expect(await may('list', 'secrets', '-n', 'default')).toBe(false)
    expect(await may('get', 'secrets', '-n', 'kube-system')).toBe(false)
    expect(await may('update', 'apiroutes.fairlead.dev', '-n', 'default')).toBe(false)
    expect(
      await may('patch', 'apiroutes.fairlead.dev', '--subresource=status', '-n', 'default'),
    ).toBe(true)
    expect(await may('create', 'pods', '-n', home)).toBe(false)
    expect(await may('list', 'secrets', '-n', home)).toBe(false)
    expect(await may('patch', 'secrets', '-n', home)).toBe(false)
    expect(await may('get', 'deployments.apps', '-n', home)).toBe(false)
    expect(await may('watch', 'endpointslices.discovery.k8s.io', '-A')).toBe(true)
    expect(await may('update', 'leases.coordination.k8s.io/another', '-n', home)).toBe(false)
    const proxy = await kubectl(
      'auth',
      'can-i',
      '--list',
      '-n',
      home,
      `--as=system:serviceaccount:${home}:${release}-proxy`,
    )
    expect(proxy).not.toMatch(/secrets|configmaps|pods|endpointslices|fairlead/)
  })
})

test('on a quiet cluster nothing is written but the Lease', async () => {
  const count = async () => {
    const text = await kubectl('get', '--raw', '/metrics')
    const writes = new Map<string, number>()
    for (const line of text.split('\n')) {
      const verb = /^apiserver_request_total\{.*verb="(POST|PUT|PATCH|DELETE|APPLY)"/.exec(
        line,
      )?.[1]
      const resource = /resource="([^"]*)"/.exec(line)?.[1] ?? ''
      if (verb === undefined || /review|leases|^events$/.test(resource)) continue
      const group = /[{,]group="([^"]*)"/.exec(line)?.[1] ?? ''
      const key = `${verb} ${group}/${resource}`
      writes.set(key, (writes.get(key) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)))
    }
    return writes
  }
  const ofOurs = (writes: Map<string, number>) =>
    [...writes].filter(([key]) => /fairlead|\/secrets|\/configmaps/.test(key))
  await until(async () => {
    const before = ofOurs(await count())
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    const after = ofOurs(await count())
    return JSON.stringify(before) === JSON.stringify(after) ? true : undefined
  }, 'ten seconds without a write')
})
