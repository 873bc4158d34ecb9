import {
  address,
  apply,
  chartValues,
  helm,
  home,
  image,
  kubectl,
  leader,
  nextImage,
  pods,
  release,
  waitFor,
} from '../cluster.ts'
import type { Figure } from '../figures.ts'
import { Load, type LoadReport, quantile } from '../load.ts'
import { forwards, route } from '../objects.ts'

export interface UpgradeOptions {
  /** Requests at each. */
  readonly requests: number
  readonly say: (figure: Figure) => void
}

const rate = 300
const steadyMs = 60_000
const againMs = 60_000

/** What replaces Pods, each under so many requests: it is done at their beginning, and once more each minute. */
export async function upgrades({ requests, say }: UpgradeOptions): Promise<void> {
  const ip = await address()
  await apply(route('loaded', forwards('echo')))
  await waitFor('Programmed', 'apiroute/loaded')
  const steady = await under(ip, () => new Promise((resolve) => setTimeout(resolve, steadyMs)))
  const p99 = quantile(steady.latencies, 0.99)
  const ms = Math.ceil(requests / rate) * 1000
  const tell = (what: string, { sent, failures, latencies }: LoadReport) => {
    const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
    const own = quantile(latencies, 0.99)
    say({
      what: `${what}, ${sent} requests at ${rate} a second: failed`,
      shown: `${failed} ${failed === 0 ? '' : JSON.stringify([...failures])}`.trim(),
      wanted: '0',
    })
    say({
      what: `their p99 (steady: ${p99.toFixed(1)} ms)`,
      shown: `${own.toFixed(1)} ms, ${(own / p99).toFixed(1)} times`,
      wanted: '≤ 2 times steady',
    })
  }
  const to = (of: string) =>
    helm(
      'upgrade',
      release,
      'helm/fairlead',
      '-n',
      home,
      ...chartValues(of),
      '--wait',
      '--timeout=150s',
    )
  let next = image
  const upgrade = async () => {
    next = next === image ? nextImage : image
    await to(next)
  }
  tell('helm upgrade to another image of both halves', await under(ip, upgrade, ms))
  tell('a proxy Pod deleted', await under(ip, deleteProxy, ms))
  tell('the leader killed', await under(ip, killLeader, ms))
}

/** Acts once a minute for so long. */
async function under(ip: string, act: () => Promise<unknown>, ms = 0): Promise<LoadReport> {
  const load = new Load(ip, 'loaded.example', rate)
  const untilMs = performance.now() + ms
  do {
    const nextMs = performance.now() + againMs
    await act()
    await until(Math.min(nextMs, untilMs))
  } while (performance.now() < untilMs)
  return load.stop()
}

const until = (atMs: number): Promise<unknown> =>
  new Promise((resolve) => setTimeout(resolve, atMs - performance.now()))

const ready = (component: string) =>
  kubectl('rollout', 'status', `deployment/${release}-${component}`, '-n', home, '--timeout=120s')

async function deleteProxy(): Promise<void> {
  const [proxy] = await pods('proxy')
  await kubectl('delete', 'pod', proxy?.metadata.name ?? '', '-n', home)
  await ready('proxy')
}

async function killLeader(): Promise<void> {
  await kubectl('delete', 'pod', await leader(), '-n', home, '--force', '--grace-period=0')
  await ready('controller')
}
