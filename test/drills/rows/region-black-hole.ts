import type { Drill } from '../drill.ts'
import { seconds, twoRegions } from './two-regions.ts'

const requestMs = 30_000
const timeouts = { request: '30s', backendRequest: '1s' }
const retry = { on: ['ConnectFailure', 'Reset', 'Timeout'] }

export const regionBlackHole: Drill = {
  name: 'region-black-hole',
  what: 'a region black-holes: its process is stopped, so that connections open and nothing answers, nor resets; backendRequest 1s, retry on Timeout',
  must: '0 failed idempotent requests within the request clock; out of rotation in 3 s',
  seconds: 30,
  async run(stage) {
    const { eu, gateway } = await twoRegions(stage, { timeouts, retry })
    const load = stage.load({ port: gateway.port, stallMs: requestMs })
    await stage.at(load, 5)
    eu.freeze()
    const frozenMs = load.nowMs
    stage.say('eu is stopped')
    const isOut = async () =>
      (await gateway.endpoints()).every(
        ({ cluster, healthy }) => !cluster.includes('eu') || !healthy,
      )
    const outMs = (await stage.until(load, isOut, frozenMs / 1000 + 10)) - frozenMs
    await stage.at(load, 25)
    const retries = (await gateway.metrics()).sum('fairlead_retries_total')
    const samples = await load.stop()
    const later = samples.between(frozenMs + 3000, frozenMs + 9000)
    const waited = later.all.filter(({ tookMs }) => tookMs > 900).length
    return stage
      .findings(samples)
      .expect(`out of rotation after ${seconds(outMs)}`, outMs <= 3000)
      .expect(`${waited} requests went there from 3 s to 9 s after`, waited === 0)
      .note(`slowest answer ${seconds(samples.percentileMs(1))}; ${retries} retries`)
  },
}
