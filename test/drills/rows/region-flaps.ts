import type { Drill } from '../drill.ts'
import { percent, twoRegions } from './two-regions.ts'

const periodSeconds = 10
const cycles = 6
const probes = { active: { path: '/healthz' } }

export const regionFlaps: Drill = {
  name: 'region-flaps',
  what: 'a region flaps, 10 s up and 10 s down (killed), for two minutes, active probes on',
  must: 'at most 3 changes of direction',
  seconds: 125,
  async run(stage) {
    const { eu, gateway } = await twoRegions(stage, { health: probes })
    const load = stage.load({ port: gateway.port })
    for (let cycle = 0; cycle < cycles; cycle++) {
      await stage.at(load, (2 * cycle + 1) * periodSeconds)
      await eu.kill()
      stage.say(`eu is down, ${cycle + 1} of ${cycles}`)
      await stage.at(load, (2 * cycle + 2) * periodSeconds)
      await eu.start()
    }
    const samples = await load.stop()
    const shares = Array.from({ length: 2 * cycles * periodSeconds }, (_, second) =>
      samples.between(second * 1000, (second + 1) * 1000).shareOf('eu'),
    )
    const changes = changesOf(shares)
    return stage
      .findings(samples)
      .expect(`${changes} changes of direction`, changes <= 3)
      .note(`share of the region by 10 s: ${tens(shares).map(percent).join(', ')}`)
  },
}

/** How often the traffic turned: to the region when it has a tenth of it, away when it has none. */
function changesOf(shares: readonly number[]): number {
  let carries = true
  let changes = 0
  for (const share of shares) {
    const now: boolean = carries ? share > 0 : share >= 0.1
    if (now !== carries) changes++
    carries = now
  }
  return changes
}

const tens = (shares: readonly number[]): number[] =>
  Array.from(
    { length: shares.length / 10 },
    (_, i) => shares.slice(i * 10, i * 10 + 10).reduce((sum, share) => sum + share, 0) / 10,
  )
