import type { Drill } from '../drill.ts'
import { percent, twoRegions } from './two-regions.ts'

const retry = { on: ['ConnectFailure', 'Reset', 503] }
const wanted = 60_000

export const regionHalfFailing: Drill = {
  name: 'region-half-failing',
  what: `a region answers 503 to a random half of its requests (seeded, ${wanted} requests), retry on 503`,
  must: 'error rate at the client under 0.1 % of the whole drill; upstream load at most 1.25 times',
  seconds: 75,
  async run(stage) {
    const { eu, us, gateway } = await twoRegions(stage, { retry })
    const load = stage.load({ port: gateway.port })
    eu.behave('half')
    await stage.at(load, wanted / stage.rate + 1)
    const samples = await load.stop()
    const upstream = (await eu.requests()) + (await us.requests())
    const failing = samples.failed.length / samples.all.length
    const times = upstream / samples.all.length
    return stage
      .carried(samples)
      .expect(`${samples.all.length} requests`, samples.all.length >= wanted)
      .expect(`error rate ${percent(failing)}: ${samples.printFailed()}`, failing < 0.001)
      .expect(`upstream load ${Math.round(times * 1000) / 1000} times`, times <= 1.25)
      .note(`the failing region answered ${percent(samples.shareOf('eu'))}`)
  },
}
