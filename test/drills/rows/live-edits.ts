import type { Drill, Findings } from '../drill.ts'
import { backendIn, fileOf, route, servicesOf } from '../manifests.ts'
import type { Sample, Samples } from '../samples.ts'
import type { Stage } from '../stage.ts'
import { ms } from './two-regions.ts'

const edits = 1000
const rate = 500
const everyMs = 205
const settled = 2

export const liveEdits: Drill = {
  name: 'live-edits',
  what: `a live route is edited ${edits} times under ${rate} req/s, in place and by rename in turn; each version sets a header and turns the weights`,
  must: '0 failed of at least 100000 requests; every answer explained by a version between start and end of its request',
  seconds: 215,
  async run(stage) {
    const regions = [await stage.region('eu'), await stage.region('us')]
    const plans = regions.map(({ plan }) => plan)
    const fileAt = (version: number) =>
      fileOf([
        route('orders', {
          requestHeaders: { set: [{ name: 'x-version', value: String(version) }] },
          backends: plans.map((plan, i) =>
            backendIn(plan, { weight: (version + i) % 2 === 0 ? 90 : 10 }),
          ),
        }),
      ])
    const files = { 'services.yaml': fileOf(servicesOf(plans)), 'orders.yaml': fileAt(0) }
    const gateway = await stage.gateway({ files })
    const load = stage.load({ port: gateway.port, rate })
    const writtenMs = [0]
    await stage.at(load, settled)
    for (let version = 1; version <= edits; version++) {
      await stage.at(load, settled + (version * everyMs) / 1000)
      writtenMs.push(load.nowMs)
      if (version % 2 === 0) gateway.write('orders.yaml', fileAt(version))
      else gateway.replace('orders.yaml', fileAt(version))
      if (version % 200 === 0) stage.say(`${version} edits`)
    }
    await stage.at(load, load.nowMs / 1000 + settled)
    const samples = await load.stop()
    return judge(stage, samples, writtenMs)
  },
}

function judge(stage: Stage, samples: Samples, writtenMs: readonly number[]): Findings {
  const good = samples.all.filter(({ failure }) => failure === undefined)
  const unexplained = unexplainedOf(good, writtenMs)
  const firstMs = new Map<number, number>()
  for (const sample of good) {
    const version = Number(sample.version)
    firstMs.set(version, Math.min(firstMs.get(version) ?? Infinity, sentMs(sample)))
  }
  const delays = [...firstMs]
    .filter(([version]) => version > 0)
    .map(([version, at]) => at - (writtenMs[version] ?? 0))
  const sorted = delays.sort((a, b) => a - b)
  return stage
    .findings(samples)
    .expect(`${samples.all.length} requests`, samples.all.length >= 100_000)
    .expect(`${unexplained} answers not explained`, unexplained === 0)
    .expect(`the last version serves`, good.at(-1)?.version === String(edits))
    .note(
      `${firstMs.size - 1} of ${edits} versions were seen, the median ${ms(sorted[sorted.length >> 1] ?? 0)} after the write, the slowest ${ms(sorted.at(-1) ?? 0)}`,
    )
}

/**
 * An answer is explained by a version that was written before it ended, and that was not yet replaced when it began: a
 * later one had not been seen by anybody.
 */
function unexplainedOf(good: readonly Sample[], writtenMs: readonly number[]): number {
  const ends = [...good].sort((a, b) => endMs(a) - endMs(b))
  const starts = [...good].sort((a, b) => sentMs(a) - sentMs(b))
  let seen = 0
  let at = 0
  let unexplained = 0
  for (const sample of starts) {
    for (; at < ends.length && endMs(ends[at] as Sample) < sentMs(sample); at++)
      seen = Math.max(seen, Number((ends[at] as Sample).version))
    const version = sample.version === '' ? -1 : Number(sample.version)
    const isFuture = (writtenMs[version] ?? Infinity) > endMs(sample)
    if (version < seen || isFuture) unexplained++
  }
  return unexplained
}

const sentMs = ({ dueMs, lateMs }: Sample): number => dueMs + lateMs
const endMs = ({ dueMs, tookMs }: Sample): number => dueMs + tookMs
