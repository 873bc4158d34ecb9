import { afterEach, expect, test } from 'vitest'
import { RawClient } from '../harness/client.ts'
import { snapshotOf, startProxy } from '../harness/proxy.ts'
import { answering, ok, startUpstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

/** A rule that fails fast, with one backend that is gone and known to be after one failure. */
async function setUp() {
  const upstream = await startUpstream(answering(ok()))
  const options = {
    ports: [upstream.port],
    forward: { failover: { panic: 'Fail' as const, useDrained: false } },
  }
  const proxy = await startProxy(options)
  open.push(proxy)
  const snapshot = snapshotOf(options)
  const clusters = snapshot.clusters.map((cluster) => ({
    ...cluster,
    id: 'gone',
    health: {
      ...cluster.health,
      passive: { ...cluster.health.passive, consecutiveFailures: 1, maxEjected: 100 },
    },
  }))
  const hosts = JSON.parse(
    JSON.stringify(snapshot.hosts).replaceAll(`"c${upstream.port}"`, '"gone"'),
  ) as typeof snapshot.hosts
  const renamed = hosts.map((host) => ({ ...host, digest: 'gone' }))
  proxy.proxy.apply({ ...snapshot, hosts: renamed, clusters, digest: 'gone' })
  await upstream.close()
  const ask = async () => {
    const client = new RawClient(proxy.port)
    open.push(client)
    const text = await client
      .send('POST / HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      .untilOver()
    const attempts = proxy.finished.at(-1)?.attempts?.map(({ outcome }) => outcome)
    return { status: Number(text.slice(9, 12)), code: /"code":"(\w+)"/.exec(text)?.[1], attempts }
  }
  return { ask }
}

test('with nothing healthy every answer says so, that of a trial which failed too', async () => {
  const { ask } = await setUp()
  const gone = { status: 503, code: 'no_healthy_backend' }
  expect(await ask()).toEqual({ ...gone, attempts: ['connect_failed'] })
  expect(await ask(), 'the trial').toEqual({ ...gone, attempts: ['connect_failed'] })
  expect(await ask()).toEqual({ ...gone, attempts: undefined })
})
