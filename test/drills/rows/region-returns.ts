import type { Drill } from '../drill.ts'
import type { Samples } from '../samples.ts'
import { percent, seconds, twoRegions } from './two-regions.ts'

const slowStartMs = 10_000
const tolerance = 0.05

export const regionReturns: Drill = {
  name: 'region-returns',
  what: 'a killed region comes back after 8 s',
  must: 'traffic ramps over slowStart (10 % to 100 % of its weight in 10 s), 0 failed requests',
  seconds: 40,
  async run(stage) {
    const { eu, gateway } = await twoRegions(stage)
    const load = stage.load({ port: gateway.port })
    await stage.at(load, 4)
    await eu.kill()
    await stage.at(load, 12)
    await eu.start()
    stage.say('eu is back')
    const isIn = async () => (await gateway.endpoints()).every(({ healthy }) => healthy)
    const backMs = await stage.until(load, isIn, 30)
    stage.say('eu is in rotation')
    await stage.at(load, (backMs + slowStartMs) / 1000 + 5)
    const samples = await load.stop()
    const ramp = Array.from({ length: 10 }, (_, second) => measure(samples, backMs, second))
    const worst = Math.max(...ramp.map(({ share, line }) => Math.abs(share - line)))
    const after = samples.between(backMs + slowStartMs + 1000, load.nowMs).shareOf('eu')
    return stage
      .findings(samples)
      .expect(`ramp ${ramp.map(({ share }) => percent(share)).join(', ')}`, true)
      .expect(`at most ${percent(worst)} off the line`, worst <= tolerance)
      .expect(`then ${percent(after)}`, Math.abs(after - 0.5) <= 0.03)
      .note(`in rotation ${seconds(backMs - 12_000)} after its return`)
  },
}

/** The share in one second of the ramp, and what a weight that grows from a tenth to the whole gives beside a whole one. */
function measure(samples: Samples, backMs: number, second: number) {
  const fromMs = backMs + second * 1000
  const weight = Math.max((second + 0.5) / (slowStartMs / 1000), 0.1)
  const share = samples.between(fromMs, fromMs + 1000).shareOf('eu')
  return { share, line: weight / (1 + weight) }
}
