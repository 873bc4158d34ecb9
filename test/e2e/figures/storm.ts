import http from 'node:http'
import type { ApiClient } from '../../../src/base/api-client.ts'
import { apiClient, create, programmed, remove, writes } from '../api.ts'
import { ask, metric } from '../ask.ts'
import { address, apply, kubectl, pods, until, waitFor } from '../cluster.ts'
import type { Figure } from '../figures.ts'
import { Load, quantile } from '../load.ts'
import { forwards, route } from '../objects.ts'

export interface StormOptions {
  readonly routes: number
  readonly singles: number
  readonly say: (figure: Figure) => void
}

const atOnce = 24
const quietSeconds = 30

/** Many routes at once, then single ones on top of them, then nothing at all. */
export async function storm({ routes, singles, say }: StormOptions): Promise<void> {
  const client = apiClient()
  await apply(route('steady', forwards('echo')))
  await waitFor('Programmed', 'apiroute/steady')
  const quietLoad = new Load(await address(), 'steady.example', 100)
  await new Promise((resolve) => setTimeout(resolve, 30_000))
  const quiet = quantile((await quietLoad.stop()).latencies, 0.99)
  await many(client, routes, quiet, say)
  await few(client, routes, singles, say)
  await nothing(say)
}

async function many(
  client: ApiClient,
  routes: number,
  quietMs: number,
  say: StormOptions['say'],
): Promise<void> {
  const before = await writes(await kubectl('get', '--raw', '/metrics'), 'statuses')
  const load = new Load(await address(), 'steady.example', 100)
  const memory = watchMemory()
  const startMs = performance.now()
  await inParallel(routes, (i) => create(client, route(`r${i}`, forwards('echo'))))
  const createdMs = performance.now()
  const last = Array.from({ length: Math.min(50, routes) }, (_, i) => `r${routes - 1 - i}.example`)
  for (const { status } of await pods('proxy'))
    for (const host of last)
      await until(
        async () => ((await ask(status.podIP, { host }, 8080)).status === 200 ? true : undefined),
        host,
        120,
      )
  const servedMs = performance.now()
  const { sent, failures, latencies } = await load.stop()
  await until(
    async () => {
      const { waiting } = await programmed(client)
      console.log(`  ${waiting} of ${routes} are not Programmed yet`)
      if (waiting > 0) await new Promise((resolve) => setTimeout(resolve, 3000))
      return waiting === 0 ? true : undefined
    },
    'Programmed',
    600,
  )
  const programmedMs = performance.now()
  const after = await writes(await kubectl('get', '--raw', '/metrics'), 'statuses')
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  const p99 = quantile(latencies, 0.99)
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
  say({
    what: `${routes} routes created at once (in ${seconds(createdMs - startMs)}): served by every proxy after the last create`,
    shown: seconds(servedMs - createdMs),
    wanted: '≤ 15 s',
  })
  say({
    what: 'all Programmed, from the first create',
    shown: seconds(programmedMs - startMs),
    wanted: '≤ 180 s',
  })
  say({
    what: 'status writes an object',
    shown: ((after - before) / routes).toFixed(2),
    wanted: '≤ 1.3',
  })
  say({
    what: 'memory of the larger controller',
    shown: `${Math.round(memory.stop() / 2 ** 20)} MB`,
    wanted: '≤ 400 MB',
  })
  say({
    what: `requests to another route meanwhile (${sent}): failed`,
    shown: `${failed} ${JSON.stringify([...failures])}`,
    wanted: '0',
  })
  say({
    what: `their p99 (quiet: ${quietMs.toFixed(1)} ms)`,
    shown: `${p99.toFixed(1)} ms, ${(p99 / quietMs).toFixed(1)} times`,
    wanted: '≤ 2 times quiet',
  })
}

/** One route at a time, from the moment before it is sent until every proxy serves it. */
async function few(
  client: ApiClient,
  routes: number,
  singles: number,
  say: StormOptions['say'],
): Promise<void> {
  const ips = (await pods('proxy')).map(({ status }) => status.podIP)
  const agent = new http.Agent({ keepAlive: true })
  const took: number[] = []
  const odd: number[] = []
  for (let i = 0; i < singles; i++) {
    const host = `single-${i}.example`
    const startMs = performance.now()
    const created = create(client, route(`single-${i}`, forwards('echo')))
    await Promise.all(
      ips.map((ip) =>
        until(
          async () => {
            const { status } = await ask(ip, { host, agent }, 8080)
            if (status !== 404 && status !== 200) odd.push(status)
            return status === 200 ? true : undefined
          },
          host,
          30,
          2,
        ),
      ),
    )
    took.push(performance.now() - startMs)
    await created
    // One person's edit, not a storm.
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
  agent.destroy()
  took.sort((a, b) => a - b)
  const [p50, p99] = [0.5, 0.99].map((q) => quantile(took, q).toFixed(0))
  say({
    what: `one more route on top of ${routes}, ${singles} times: served by every proxy, p50 / p99`,
    shown: `${p50} / ${p99} ms`,
    wanted: '≤ 50 / 200 ms',
  })
  say({ what: 'answers but 404 before and 200 after', shown: `${odd.length}`, wanted: '0' })
  await inParallel(singles, (i) => remove(client, `single-${i}`))
}

async function nothing(say: StormOptions['say']): Promise<void> {
  const count = async () => writes(await kubectl('get', '--raw', '/metrics'), 'all')
  await new Promise((resolve) => setTimeout(resolve, 5000))
  const before = await count()
  await new Promise((resolve) => setTimeout(resolve, quietSeconds * 1000))
  say({
    what: `writes in ${quietSeconds} quiet seconds, the Lease left out`,
    shown: `${(await count()) - before}`,
    wanted: '0',
  })
}

function watchMemory() {
  let most = 0
  let stopped = false
  const look = async (): Promise<void> => {
    while (!stopped) {
      for (const { status } of await pods('controller').catch(() => []))
        most = Math.max(
          most,
          await metric(status.podIP, 9902, 'process_resident_memory_bytes').catch(() => 0),
        )
      await new Promise((resolve) => setTimeout(resolve, 2000))
    }
  }
  void look()
  return {
    stop() {
      stopped = true
      return most
    },
  }
}

async function inParallel(count: number, act: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await act(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
