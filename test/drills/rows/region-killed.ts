import type { Drill } from '../drill.ts'
import { percent, twoRegions } from './two-regions.ts'

export const regionKilled: Drill = {
  name: 'region-killed',
  what: 'one of two regions is killed (connections refused)',
  must: '0 failed idempotent requests; all traffic on the other within 1 s',
  seconds: 30,
  async run(stage) {
    const { eu, gateway } = await twoRegions(stage)
    const load = stage.load({ port: gateway.port })
    await stage.at(load, 5)
    await eu.kill()
    const killedMs = load.nowMs
    stage.say('eu is killed')
    const attempts = () => gateway.attemptsAt('eu')
    await stage.at(load, killedMs / 1000 + 1)
    const early = await attempts()
    await stage.at(load, killedMs / 1000 + 9)
    const later = await attempts()
    await stage.at(load, 30)
    const retries = (await gateway.metrics()).sum('fairlead_retries_total')
    const samples = await load.stop()
    return stage
      .findings(samples)
      .expect(`${later - early} attempts at the dead region from 1 s to 9 s after`, later === early)
      .note(`it had ${percent(samples.between(0, 5000).shareOf('eu'))} before; ${retries} retries`)
  },
}
