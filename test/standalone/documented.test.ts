import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { run } from '../harness/command.ts'

/**
 * What docs/cli.md shows of a terminal, by the built program: a `$` line and what is printed, in `docs/*.txt`. To add
 * one, write the first line, run `UPDATE_GOLDEN=1 npx vitest run test/standalone/documented.test.ts`, read it, `npm run generate`.
 */
const cwd = fileURLToPath(new URL('docs/', import.meta.url))
const names = readdirSync(cwd).filter((name) => name.endsWith('.txt'))

test.concurrent.each(names)('%s is what the program prints', async (name) => {
  const shown = readFileSync(`${cwd}${name}`, 'utf8')
  const line = /^\$ fairlead (.*)\n/.exec(shown)?.[1] ?? ''
  const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!)
  const { stdout, stderr } = await run(args, { cwd })
  const got = `$ fairlead ${line}\n${stdout}${stderr}`
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(`${cwd}${name}`, got)
  expect(got).toBe(shown)
})
