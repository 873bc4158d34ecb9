import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { writes } from './api.ts'
import { ask } from './ask.ts'
import {
  address,
  apply,
  home,
  kubectl,
  lab,
  leader,
  pods,
  release,
  run,
  shop,
  until,
  waitFor,
} from './cluster.ts'
import { Load } from './load.ts'
import { forwards, route, says } from './objects.ts'

let ip: string
beforeAll(async () => {
  ip = await address()
  await apply(route('steady', forwards('echo')))
  await waitFor('Programmed', 'apiroute/steady')
})

const served = async (host: string, body: string) =>
  until(async () => {
    const answers = await Promise.all(
      (await pods('proxy')).map(({ status }) => ask(status.podIP, { host }, 8080)),
    )
    return answers.every((answer) => answer.status === 200 && answer.body === body)
      ? true
      : undefined
  }, `${host} by every proxy`)

const ready = (component: string) =>
  kubectl('rollout', 'status', `deployment/${release}-${component}`, '-n', home, '--timeout=90s')

describe('the leader goes', () => {
  test('deleted gracefully: a standby leads within two seconds, and an edit is served', async () => {
    const before = await leader()
    const load = new Load(ip, 'steady.example', 100)
    const startMs = performance.now()
    await kubectl('delete', 'pod', before, '-n', home, '--wait=false')
    const after = await until(async () => {
      const now = await leader()
      return now !== '' && now !== before ? now : undefined
    }, 'another leader')
    console.log(`another leader after ${Math.round(performance.now() - startMs)} ms`)
    await apply(route('after-leader', says('one')))
    await served('after-leader.example', 'one')
    expect(after).not.toBe(before)
    const { failures } = await load.stop()
    expect(failures).toEqual(new Map())
    await ready('controller')
  })

  test('K6 and nothing else changes: what is served counts as served by the next leader, and no status is written', async () => {
    const statuses = async () => writes(await kubectl('get', '--raw', '/metrics'), 'statuses')
    await waitFor('Programmed', 'apiroute/after-leader')
    const before = await leader()
    const written = await statuses()
    await kubectl('delete', 'pod', before, '-n', home)
    await ready('controller')
    // A new leader waits 30 s for proxies before it says that they do not serve something.
    await new Promise((resolve) => setTimeout(resolve, 35_000))
    expect(await leader()).not.toBe(before)
    expect(await statuses()).toBe(written)
    await waitFor('Programmed', 'apiroute/steady')
  })

  test('K4 killed with all its standbys: proxies serve on, and what was edited meanwhile is served afterwards', async () => {
    const load = new Load(ip, 'steady.example', 100)
    const names = (await pods('controller')).map(({ metadata }) => metadata.name)
    await kubectl('delete', 'pod', ...names, '-n', home, '--force', '--grace-period=0')
    await apply(route('while-gone', says('one')))
    await ready('controller')
    await served('while-gone.example', 'one')
    // A new leader may wait for proxies, and its Pod for the kubelet's patience after earlier kills.
    const object = ['apiroute/while-gone', '-n', shop]
    await kubectl('wait', '--for=condition=Programmed', ...object, '--timeout=180s')
    const { failures } = await load.stop()
    expect(failures).toEqual(new Map())
  })
})

test('K4 what was last good outlives all controllers, and its Secret goes when the object is good again', async () => {
  const kept = async () =>
    (await kubectl('get', 'secrets', '-n', home, '-o', 'name')).includes('fairlead-lg-')
  await apply(route('kept', says('good')))
  await waitFor('Programmed', 'apiroute/kept')
  await apply(route('kept', { ...says('bad'), matches: [{ path: { regex: '/(a' } }] }))
  await until(async () => ((await kept()) ? true : undefined), 'a Secret')
  const names = (await pods('controller')).map(({ metadata }) => metadata.name)
  await kubectl('delete', 'pod', ...names, '-n', home, '--force', '--grace-period=0')
  await ready('controller')
  await apply(route('marker', says('marker')))
  await served('marker.example', 'marker')
  await served('kept.example', 'good')
  await apply(route('kept', says('better')))
  await served('kept.example', 'better')
  await until(async () => ((await kept()) ? undefined : true), 'no Secret')
})

describe('no controller at all', () => {
  test('K4 a proxy whose container starts anew serves its last good snapshot', async () => {
    await kubectl('scale', `deployment/${release}-controller`, '-n', home, '--replicas=0')
    await until(
      async () => ((await pods('controller')).length === 0 ? true : undefined),
      'controllers to go',
    )
    const [proxy] = await pods('proxy')
    const { name } = proxy!.metadata
    await kubectl(
      'exec',
      name,
      '-n',
      home,
      '--',
      '/nodejs/bin/node',
      '-e',
      'process.kill(1, "SIGTERM")',
    )
    await until(async () => {
      const again = (await pods('proxy')).find(({ metadata }) => metadata.name === name)
      const [state] = again?.status.containerStatuses ?? []
      return state?.restartCount === 1 && state.ready ? true : undefined
    }, 'the container to start anew')
    expect((await ask(proxy!.status.podIP, { host: 'steady.example' }, 8080)).status).toBe(200)
    await kubectl('scale', `deployment/${release}-controller`, '-n', home, '--replicas=2')
    await ready('controller')
    await apply(route('back', says('back')))
    await served('back.example', 'back')
  })
})

/** The API server itself is stopped: only where the lab is. */
describe.skipIf(lab === undefined)('the API server stops', () => {
  const api = (verb: 'pause' | 'resume') => run(lab!, [verb, 'kube-apiserver'])
  afterEach(() => api('resume').catch(() => undefined))

  test('K1 it freezes: traffic goes on, and edits are served soon after it answers again', async () => {
    const load = new Load(ip, 'steady.example', 100)
    await api('pause')
    await new Promise((resolve) => setTimeout(resolve, 25_000))
    await api('resume')
    const startMs = performance.now()
    await until(() => apply(route('thawed', says('one'))).catch(() => undefined), 'the API server')
    await served('thawed.example', 'one')
    console.log(
      `an edit is served ${Math.round(performance.now() - startMs)} ms after the API server is back`,
    )
    const { failures } = await load.stop()
    expect(failures).toEqual(new Map())
  })

  test('K1 it crashes and comes back with everything forgotten but what is stored', async () => {
    const load = new Load(ip, 'steady.example', 100)
    await run(lab!, ['kill', 'kube-apiserver'])
    await until(
      () => apply(route('restarted', says('one'))).catch(() => undefined),
      'the API server',
    )
    await served('restarted.example', 'one')
    const { failures } = await load.stop()
    expect(failures).toEqual(new Map())
  })
})

describe('rights are taken away', () => {
  test('K9 what is known is served on; when they are given back, edits are served', async () => {
    const [role] = (
      await kubectl(
        'get',
        'clusterrolebinding',
        '-o',
        'name',
        '-l',
        `app.kubernetes.io/instance=${release}`,
      )
    )
      .split('\n')
      .filter((name) => !name.includes('delegator'))
    const binding = await kubectl('get', role!, '-o', 'json')
    await kubectl('delete', role!)
    await kubectl('delete', 'pod', await leader(), '-n', home, '--wait=false')
    await apply(route('forbidden', says('one')))
    await new Promise((resolve) => setTimeout(resolve, 5000))
    expect((await ask(ip, { host: 'steady.example' })).status).toBe(200)
    const { metadata, ...rest } = JSON.parse(binding) as {
      metadata: { name: string; labels: object }
    }
    const { name, labels } = metadata
    await run(
      'kubectl',
      ['create', '-f', '-'],
      JSON.stringify({ ...rest, metadata: { name, labels } }),
    )
    await served('forbidden.example', 'one')
    await ready('controller')
  })
})

test('K3 a namespace that goes takes its routes along', async () => {
  const spare = 'fairlead-e2e-spare'
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: spare } })
  const mine = { ...route('spare', says('spare')), metadata: { name: 'spare', namespace: spare } }
  await apply(mine)
  await served('spare.example', 'spare')
  await kubectl('delete', 'namespace', spare)
  await until(
    async () => ((await ask(ip, { host: 'spare.example' })).status === 404 ? true : undefined),
    'the route to go',
    10,
  )
  expect((await ask(ip, { host: 'steady.example' })).status).toBe(200)
})

test('D8 no container of ours was killed for its memory', async () => {
  const all = [...(await pods('proxy')), ...(await pods('controller'))]
  expect(JSON.stringify(all)).not.toContain('OOMKilled')
})
