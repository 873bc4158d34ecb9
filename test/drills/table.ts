import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import type { Row } from './run.ts'

/** One Markdown row a drill. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map(({ drill, shown, passes }) =>
    [drill.name, drill.what, drill.must, shown, passes ? 'pass' : 'FAIL'].map(cell).join(' | '),
  )
  return ['drill | what is done | must | shown | ', '---|---|---|---|---', ...lines]
    .map((line) => `| ${line} |`)
    .join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/** The page that is kept: the table, and where and when it was made. */
export function page(rows: readonly Row[], rate: number): string {
  const missed = rows.filter(({ passes }) => !passes).length
  const cpus = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  return `# Drills

Written by \`npm run drills -- --results\` on ${new Date().toISOString().slice(0, 10)}: ${rows.length} drills, ${missed === 0 ? 'all hold' : `${missed} missed`}.
Machine: ${cpus.length} cores (${cpus[0]?.model.trim()}), ${memory} GiB, ${os.type()} ${os.release()}, Node ${process.version}.

Each drill runs the built program with its defaults, backends and clients on loopback, and an open-loop load of ${rate} requests a
second unless the row says otherwise: due by the clock, latency counted from when a request was due, a fifth of them on new
connections and a tenth of them PUTs with a body. A failure is what a client would call one: no connection, a reset, an answer cut
short, a stall over a second, any status but 200, or the answer to another request (each carries a nonce).

${table(rows)}
`
}

export function writeResults(text: string): void {
  writeFileSync(join(process.cwd(), 'test', 'drills', 'RESULTS.md'), text)
}
