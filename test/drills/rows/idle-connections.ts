import { readFileSync } from 'node:fs'
import { largestBurst } from '../burst.ts'
import type { Drill } from '../drill.ts'
import { IdleClients } from '../idle-clients.ts'
import { fileOf, route } from '../manifests.ts'
import { percent, seconds, twoRegions } from './two-regions.ts'

/** Each is an open file here and in the gateway, which takes 80 % of what it may have. */
const wanted = Math.min(15_000, Math.floor(openFiles() * 0.75))
const pushes = 20
const drainSeconds = 30
/** Closed within a tenth of a second at most, of all: what a load balancer can open anew without a storm. */
const mostAtOnce = 0.1

export const idleConnections: Drill = {
  name: 'idle-connections',
  what: `${wanted} idle connections during ${pushes} config pushes and a drain`,
  must: 'none dropped by a change that does not concern their route; closed at the drain, spread out, before its deadline',
  seconds: 60,
  async run(stage) {
    const { gateway } = await twoRegions(stage)
    const clients = new IdleClients(gateway.port)
    await clients.connect(wanted)
    stage.say(`${clients.open} connections are open`)
    const load = stage.load({ port: gateway.port })
    for (let push = 0; push < pushes; push++) {
      await stage.at(load, 1 + push * 0.4)
      const respond = { status: 200, body: String(push) }
      gateway.write('other.yaml', fileOf([route('other', { respond }, 'other.shop.example')]))
    }
    await stage.at(load, 1 + pushes * 0.4 + 2)
    const samples = await load.stop()
    const dropped = wanted - clients.open
    stage.say('drain')
    const fromMs = performance.now()
    const code = await gateway.stop((drainSeconds + 10) * 1000)
    const tookMs = performance.now() - fromMs
    const burst = largestBurst(clients.closedMs) / wanted
    const left = clients.open
    clients.end()
    return stage
      .findings(samples)
      .expect(`${wanted - clients.failed} connections`, clients.failed === 0)
      .expect(`${dropped} dropped by the pushes`, dropped === 0)
      .expect(
        `the drain took ${seconds(tookMs)}, exit code ${code}`,
        code === 0 && tookMs < drainSeconds * 1000,
      )
      .expect(`at most ${percent(burst)} closed within 0.1 s`, burst <= mostAtOnce)
      .expect(`${left} left open`, left === 0)
  },
}

/** How many files this process, and those it starts, may have open. */
function openFiles(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 20_000)
}
