import type { Drill } from '../drill.ts'
import { ms, percent, twoRegions } from './two-regions.ts'

export const regionSlow: Drill = {
  name: 'region-slow',
  what: 'a region slows down 20 times (5 ms of work to 100 ms)',
  must: 'within 10 s p99 at the client at most 1.5 times what it was before',
  seconds: 35,
  async run(stage) {
    const { eu, gateway } = await twoRegions(stage)
    const load = stage.load({ port: gateway.port })
    await stage.at(load, 12)
    const fromMs = load.nowMs
    eu.behave('slow')
    stage.say('eu is slow')
    await stage.at(load, fromMs / 1000 + 20)
    const samples = await load.stop()
    const before = samples.between(2000, 12_000).percentileMs(0.99)
    const during = samples.between(fromMs, fromMs + 10_000)
    const after = samples.between(fromMs + 10_000, fromMs + 20_000)
    const p99 = after.percentileMs(0.99)
    return stage
      .findings(samples)
      .expect(`p99 ${ms(before)} before, ${ms(p99)} from 10 s to 20 s after`, p99 <= 1.5 * before)
      .note(`${ms(during.percentileMs(0.99))} in the first 10 s`)
      .note(`the slow region had ${percent(after.shareOf('eu'))} of the last 10 s`)
  },
}
