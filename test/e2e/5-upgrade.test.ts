import { beforeAll, describe, expect, test } from 'vitest'
import {
  address,
  apply,
  chartValues,
  helm,
  home,
  kubectl,
  leader,
  nextImage,
  pods,
  release,
  waitFor,
} from './cluster.ts'
import { Load, type LoadReport, quantile } from './load.ts'
import { forwards, route } from './objects.ts'

let ip: string
beforeAll(async () => {
  ip = await address()
  await apply(route('loaded', forwards('echo')))
  await waitFor('Programmed', 'apiroute/loaded')
})

const report = (what: string, { sent, failures, latencies }: LoadReport): void => {
  const [p50, p99] = [0.5, 0.99].map((q) => quantile(latencies, q).toFixed(1))
  console.log(
    `${what}: ${sent} requests, p50 ${p50} ms, p99 ${p99} ms, failed ${JSON.stringify([...failures])}`,
  )
}

async function during(what: string, act: () => Promise<unknown>): Promise<LoadReport> {
  const load = new Load(ip, 'loaded.example', 300)
  await act()
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const result = await load.stop()
  report(what, result)
  return result
}

const ready = (component: string) =>
  kubectl('rollout', 'status', `deployment/${release}-${component}`, '-n', home, '--timeout=120s')

describe('under 300 requests a second', () => {
  test('steady', async () => {
    const { failures } = await during(
      'steady',
      () => new Promise((resolve) => setTimeout(resolve, 5000)),
    )
    expect(failures).toEqual(new Map())
  })

  test('helm upgrade to a new image of both halves, and back: nothing fails', async () => {
    const before = (await pods('proxy')).map(({ metadata }) => metadata.uid)
    const upgraded = await during('helm upgrade', () =>
      helm(
        'upgrade',
        release,
        'helm/fairlead',
        '-n',
        home,
        ...chartValues(nextImage),
        '--wait',
        '--timeout=150s',
      ),
    )
    expect(upgraded.failures).toEqual(new Map())
    const after = (await pods('proxy')).map(({ metadata }) => metadata.uid)
    expect(after.filter((uid) => before.includes(uid))).toEqual([])
    const back = await during('helm rollback', () =>
      helm('rollback', release, '-n', home, '--wait', '--timeout=150s'),
    )
    expect(back.failures).toEqual(new Map())
  })

  test('a proxy Pod deleted: nothing fails', async () => {
    const [proxy] = await pods('proxy')
    const { failures } = await during('proxy deleted', async () => {
      await kubectl('delete', 'pod', proxy!.metadata.name, '-n', home)
      await ready('proxy')
    })
    expect(failures).toEqual(new Map())
  })

  test('the leader killed: nothing fails', async () => {
    const { failures } = await during('leader killed', async () => {
      await kubectl('delete', 'pod', await leader(), '-n', home, '--force', '--grace-period=0')
      await ready('controller')
    })
    expect(failures).toEqual(new Map())
  })
})
