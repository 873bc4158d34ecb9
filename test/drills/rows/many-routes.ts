import { ask } from '../client.ts'
import type { Drill, Findings } from '../drill.ts'
import type { Gateway } from '../gateway.ts'
import { hammer, hasWrk } from '../hammer.ts'
import { host } from '../manifests.ts'
import { median } from '../samples.ts'
import type { Stage } from '../stage.ts'
import { type Form, type Regions, routeText, startWith } from './route-files.ts'
import { ms, percent, seconds } from './two-regions.ts'

const routes = 10_000
const edits = 20
const settleMs = 10_000
const mostKiB = 12
const mostEditMs = 150
/** Short and many: a virtual machine changes its speed from one second to the next. */
const rounds = 40

/** The time from the start of the process until it is ready, for files of one form. */
const starts = (form: Form, mostMs: number): Drill => ({
  name: `routes-${form}`,
  what: `${routes} ApiRoutes of one rule and two backends from a directory, a ${form.toUpperCase()} file each; then one file is edited, ${edits} times`,
  must: `start to ready in ${seconds(mostMs)}, an edit live ${mostEditMs} ms after the write, memory at most ${mostKiB} KiB a route above idle`,
  seconds: 50,
  async run(stage) {
    const regions = [await stage.region('eu'), await stage.region('us')] as const
    const one = await startWith(stage, regions, 1, form)
    const all = await startWith(stage, regions, routes, form)
    stage.say(`ready after ${seconds(all.readyMs)}`)
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    const perRoute = (all.residentKiB() - one.residentKiB()) / (routes - 1)
    const found = stage
      .quiet()
      .expect(`ready after ${seconds(all.readyMs)}`, all.readyMs <= mostMs)
      .expect(
        `${Math.round(perRoute * 10) / 10} KiB a route (RSS ${settleMs / 1000} s after the start, ${mib(one)} MiB with one route, ${mib(all)} MiB with all)`,
        perRoute <= mostKiB,
      )
    return await editLive(stage, all, regions, form, found)
  },
})

const mib = (gateway: Gateway): number => Math.round(gateway.residentKiB() / 1024)

async function editLive(
  stage: Stage,
  gateway: Gateway,
  regions: Regions,
  form: Form,
  found: Findings,
): Promise<Findings> {
  const times: number[] = []
  // Whoever asks first pays for what the gateway makes at a first request.
  for (let i = 0; i < 50; i++) await ask(gateway.port, { host, path: '/service-7' })
  for (let version = 1; version <= edits; version++) {
    const at = version * 397
    gateway.write(`route-${at}.${form}`, routeText(regions, at, form, version))
    const writtenMs = performance.now()
    const isLive = async () => {
      const { body } = await ask(gateway.port, {
        host,
        path: `/service-${at}`,
        headers: { 'x-nonce': '1' },
      })
      return body.includes(`"version":"${version}"`)
    }
    while (!(await isLive()) && performance.now() - writtenMs < 5000);
    times.push(performance.now() - writtenMs)
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  stage.say(`edits live after ${times.map(ms).join(', ')}`)
  return found.expect(
    `an edit is live after ${ms(median(times))} (median of ${edits}), the slowest after ${ms(Math.max(...times))}`,
    Math.max(...times) <= mostEditMs,
  )
}

const plain: Drill = {
  name: 'routes-plain',
  what: `one route is asked as fast as it answers, among ${routes} and alone, ${rounds} rounds of 1 s in turn (${hasWrk() ? 'wrk' : 'our own clients'}, 32 connections, access log off)`,
  must: 'CPU a request within 5 % of the single-route figure',
  seconds: 110,
  async run(stage) {
    const regions = [
      await stage.region('eu', { workMs: 0 }),
      await stage.region('us', { workMs: 0 }),
    ] as const
    const gateways = [
      await startWith(stage, regions, 1, 'json', ['--access-log', 'off']),
      await startWith(stage, regions, routes, 'json', ['--access-log', 'off']),
    ] as const
    const costs: [number[], number[]] = [[], []]
    for (let round = -1; round < rounds; round++) {
      // Who is first in a round is last in the next: what drifts hits both alike. The first round warms up.
      for (const i of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const gateway = gateways[i]
        const before = gateway.cpuMs()
        const answered = await hammer(gateway.port, 1)
        if (round >= 0) costs[i].push(((gateway.cpuMs() - before) * 1000) / answered)
      }
      if (round % 10 === 9) stage.say(`${round + 1} rounds`)
    }
    const [alone, among] = costs.map(median) as [number, number]
    const ratios = costs[1].map((cost, round) => cost / (costs[0][round] ?? cost))
    const more = ratios.map((ratio) => percent(ratio - 1))
    const ratio = median(ratios)
    stage.say(`rounds: ${more.join(', ')}`)
    return stage
      .quiet()
      .note(
        `${Math.round(alone * 10) / 10} us alone, ${Math.round(among * 10) / 10} us among ${routes}`,
      )
      .expect(
        `${percent(ratio - 1)} more, the median of the rounds (${percent(Math.min(...ratios) - 1)} to ${percent(Math.max(...ratios) - 1)})`,
        ratio <= 1.05,
      )
  },
}

export const manyRoutes: readonly Drill[] = [starts('yaml', 8000), starts('json', 4000), plain]
