import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Reason, reasons } from '../../src/model/problem.ts'

/** The golden case that shows each reason with the shortest status. @param root of the repository */
export function goldenExamples(root: string): Partial<Record<Reason, string>> {
  const dir = join(root, 'test/golden/cases')
  const found: Partial<Record<Reason, string>> = {}
  if (!existsSync(dir)) return found
  const cases = readdirSync(dir)
    .filter((name) => existsSync(join(dir, name, 'status.yaml')))
    .map((name) => ({ name, status: readFileSync(join(dir, name, 'status.yaml'), 'utf8') }))
    .sort((a, b) => a.status.length - b.status.length || (a.name < b.name ? -1 : 1))
  for (const reason of Object.keys(reasons) as Reason[]) {
    const example = cases.find(({ status }) => new RegExp(`reason: ${reason}\\b`).test(status))
    if (example !== undefined) found[reason] = example.name
  }
  return found
}
