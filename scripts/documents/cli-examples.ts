import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a terminal shows: a `$` line and what the program prints. `test/standalone/documented.test.ts` runs each of them. */
export function consoleBlocks(root: string, command: string): string {
  const dir = join(root, 'test/standalone/docs')
  const files = readdirSync(dir)
    .filter((name) => name.startsWith(`${command}-`) && name.endsWith('.txt'))
    .sort()
  return files
    .map((name) => `\`\`\`console\n${readFileSync(join(dir, name), 'utf8')}\`\`\`\n`)
    .join('\n')
}
