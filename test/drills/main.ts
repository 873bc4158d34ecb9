// npm run drills [-- options]: what resilience.md promises, shown on the built program. `--help` says more.
import { parseArgs } from 'node:util'
import { type RegionPlan, serveRegion } from './backend.ts'
import { drills } from './list.ts'
import { type Row, runAll } from './run.ts'
import { page, table, writeResults } from './table.ts'

const usage = `usage: npm run drills [-- options]

  --list          what there is, and about how long it takes
  --only A,B      only these
  --rate N        requests a second where a drill has no rate of its own (1000)
  --results       write test/drills/RESULTS.md

Runs dist/fairlead.js with backends and clients on loopback. Exit code 1 when a row misses what it must show.`

const [role, plan] = process.argv.slice(2)
if (role === 'region') serveRegion(JSON.parse(plan ?? '') as RegionPlan)
else process.exit(await main())

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      list: { type: 'boolean' },
      only: { type: 'string' },
      rate: { type: 'string', default: '1000' },
      results: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return say(usage)
  if (values.list === true)
    return say(
      drills
        .map(
          ({ name, seconds, what }) =>
            `${name.padEnd(20)} ${String(seconds).padStart(4)} s  ${what}`,
        )
        .join('\n'),
    )
  const names = values.only?.split(',') ?? drills.map(({ name }) => name)
  const unknown = names.filter((name) => !drills.some((drill) => drill.name === name))
  const rate = Number(values.rate)
  if (unknown.length > 0) return refuse(`no drill ${unknown.join(', ')}; --list names them`)
  if (!Number.isInteger(rate) || rate < 10 || rate > 10_000)
    return refuse(`--rate ${values.rate}: a number from 10 to 10000`)
  const rows = await runAll(
    drills.filter(({ name }) => names.includes(name)),
    rate,
  )
  say(`\n${table(rows)}`)
  if (values.results === true) writeResults(page(rows, rate))
  return rows.every(({ passes }: Row) => passes) ? 0 : 1
}

function say(text: string): number {
  console.log(text)
  return 0
}

function refuse(text: string): number {
  console.error(`${text}\n${usage}`)
  return 2
}
