import type { Drill } from '../drill.ts'
import type { Gateway } from '../gateway.ts'
import { fileOf, route } from '../manifests.ts'
import { clockModule, preloadOf } from '../preload.ts'
import { twoRegions } from './two-regions.ts'

const hourMs = 3_600_000
const probes = { active: { path: '/healthz' } }

export const clockJumps: Drill = {
  name: 'clock-jumps',
  what: 'the time of day jumps an hour ahead, then two hours back (Date in the process; a region is out at the time, probes on)',
  must: 'no drop in traffic, timers on monotonic time',
  seconds: 25,
  async run(stage) {
    const preload = preloadOf(clockModule)
    const { eu, gateway } = await twoRegions(
      stage,
      { health: probes },
      { gateway: { preload: preload.url } },
    )
    const load = stage.load({ port: gateway.port })
    await stage.at(load, 4)
    await eu.kill()
    await stage.at(load, 6)
    await eu.start()
    const answers = () => gateway.attemptsAt('eu')
    const before = await answers()
    const hours: number[] = []
    for (const jumpMs of [hourMs, -2 * hourMs]) {
      gateway.tell({ jumpMs })
      stage.say(`the clock jumps ${jumpMs / hourMs} h`)
      const respond = { status: 200, body: String(jumpMs) }
      gateway.write('other.yaml', fileOf([route('other', { respond }, 'other.shop.example')]))
      await stage.at(load, load.nowMs / 1000 + 6)
      hours.push(await hoursAhead(gateway))
    }
    const early = (await answers()) - before
    const samples = await load.stop()
    preload.remove()
    return stage
      .findings(samples)
      .expect(`its clock was ${hours.join(' h, then ')} h ahead`, hours.join() === '1,-1')
      .expect(`${early} attempts at the region whose wait was not over`, early === 0)
      .note(`slowest answer ${Math.round(samples.percentileMs(1))} ms`)
  },
}

/** How far the program's idea of the time of its last snapshot is from ours. */
async function hoursAhead(gateway: Gateway): Promise<number> {
  const seconds = (await gateway.metrics()).sum('fairlead_snapshot_applied_timestamp_seconds')
  return Math.round((seconds * 1000 - Date.now()) / hourMs)
}
