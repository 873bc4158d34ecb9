import type { Drill } from '../drill.ts'
import { ms, seconds, twoRegions } from './two-regions.ts'

const healthy = 2
const unhealthyIntervalMs = 1000
const probes = { active: { path: '/healthz', healthy, unhealthyInterval: '1s' } }
const mostMs = 10
/** Until the gateway knows, requests find out for themselves. */
const learnMs = 1000
const isUnhealthy = (failure: string | undefined) => failure === '503 no_healthy_backend'

export const allDown: Drill = {
  name: 'all-down',
  what: 'all regions are killed for 10 s, active probes on, then one comes back',
  must: '503 in 10 ms each, no crash, recovery in 1 s + healthy x unhealthyInterval',
  seconds: 30,
  async run(stage) {
    const { eu, us, gateway } = await twoRegions(stage, { health: probes })
    const load = stage.load({ port: gateway.port })
    await stage.at(load, 5)
    const killMs = load.nowMs
    await Promise.all([eu.kill(), us.kill()])
    const downMs = load.nowMs
    stage.say('all are down')
    await stage.at(load, downMs / 1000 + 10)
    const backMs = load.nowMs
    await us.start()
    const upMs = load.nowMs
    stage.say('us is back')
    await stage.at(load, upMs / 1000 + 8)
    const samples = await load.stop()
    // What was under way when they were killed belongs to neither side.
    const before = samples.between(0, killMs - 1000)
    const learning = samples.between(killMs, downMs + learnMs)
    const down = samples.between(downMs + learnMs, backMs - 50)
    const others = down.all.filter(({ failure }) => !isUnhealthy(failure)).length
    const slow = down.all.filter(({ tookMs, lateMs }) => tookMs - lateMs > mostMs)
    const served = slow.map((sample) => down.servedMs(sample)).filter((time) => time > mostMs)
    const after = samples.between(upMs, load.nowMs)
    const recoveredMs = Math.max(0, ...after.failed.map(({ dueMs }) => dueMs - upMs))
    const limitMs = 1000 + healthy * unhealthyIntervalMs
    return stage
      .carried(samples)
      .expect(`before: ${before.printFailed()}`, before.failed.length === 0)
      .expect(
        `${down.all.length - others} of ${down.all.length} answers are 503 no_healthy_backend`,
        others === 0,
      )
      .expect(
        `${served.length} took over ${mostMs} ms${served.length === 0 ? '' : `, the slowest ${ms(Math.max(...served))}`}`,
        served.length === 0,
      )
      .note(
        `median ${ms(down.percentileMs(0.5))}; ${slow.length - served.length} more over ${mostMs} ms while the load itself stood still`,
      )
      .expect(`recovered after ${seconds(recoveredMs)}`, recoveredMs <= limitMs)
      .note(`in the first second: ${learning.printFailed()}`)
  },
}
