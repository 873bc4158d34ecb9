import { type Drill, Findings } from './drill.ts'
import { Stage } from './stage.ts'

/** What the table says of one drill. */
export interface Row {
  readonly drill: Drill
  readonly shown: string
  readonly passes: boolean
}

/** Runs drills one after the other. Ctrl-C ends the one that runs and everything that it started. */
export async function runAll(drills: readonly Drill[], rate: number): Promise<Row[]> {
  const rows: Row[] = []
  let stage: Stage | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      stage?.say(`stopped by ${signal}`)
      stage?.kill()
      process.exit(130)
    })
  for (const drill of drills) {
    stage = new Stage(drill.name, rate)
    stage.say(`${drill.what}, about ${drill.seconds} s`)
    const row = await runOne(drill, stage)
    stage.say(`${row.passes ? 'pass' : 'FAIL'}: ${row.shown}`)
    rows.push(row)
  }
  return rows
}

async function runOne(drill: Drill, stage: Stage): Promise<Row> {
  const findings = await drill.run(stage).catch((error: Error) => {
    stage.say(error.stack ?? error.message)
    return new Findings().expect(`it broke: ${error.message}`, false)
  })
  await stage.end(findings)
  return { drill, shown: findings.print(), passes: findings.passes }
}
