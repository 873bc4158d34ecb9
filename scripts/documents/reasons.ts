import { type Reason, reasons } from '../../src/model/problem.ts'
import { reasonNotes } from './reason-notes.ts'

/** `docs/reasons.md`. @param cases the golden case that shows each reason, as a folder name */
export function reasonsPage(cases: Readonly<Partial<Record<Reason, string>>>): string {
  const names = Object.keys(reasons) as Reason[]
  return `<!-- Generated from src/model/problem.ts by \`npm run generate\`. -->
# Reasons

The \`reason\` of every condition comes from this list. The \`message\` beside it says where, what, and what would be right:
\`spec.rules[0].backends[1]: Service "shop/orders" has no port 8080; it has 80, 8443\`. Each example is a folder with the
manifests and the status that they get.

${names.map((name) => section(name, cases[name])).join('\n')}`
}

function section(name: Reason, example: string | undefined): string {
  const lines = [`## ${name}`, reasons[name], reasonNotes[name]].filter((line) => line !== '')
  if (example !== undefined) lines.push(`[Example](../test/golden/cases/${example}/)`)
  return `${lines.join('\n')}\n`
}
