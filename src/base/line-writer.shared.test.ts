import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'node_modules', '.cache', `fairlead-line-writer-${process.pid}`)
const script = join(folder, 'writer.mjs')
const lines = 1000

/** Writes its lines in one batch, far more than a pipe holds. */
const writer = `import { systemClock } from './clock.ts'
  import { LineWriter } from './line-writer.ts'
  const log = new LineWriter({ file: '-', clock: systemClock, writers: 'several', failed: () => {} })
  const filler = process.argv[2].repeat(1000)
  for (let i = 0; i < ${lines}; i++) log.write(filler + '\\n')
  process.stderr.write('written\\n')
  process.on('SIGTERM', () => process.exit(0))
  setInterval(() => {}, 1000)`

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  const stdin = { contents: writer, resolveDir: join(root, 'src', 'base'), loader: 'ts' } as const
  await build({ stdin, outfile: script, bundle: true, format: 'esm', platform: 'node' })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('lines of several processes on one pipe stay whole, when it is full, too', async () => {
  // Node gives a socket where a pipe is asked for; a shell has real ones.
  const command = '{ "$0" "$1" a & "$0" "$1" b & wait; } | dd bs=512 2>/dev/null'
  const shell = spawn('sh', ['-c', command, process.execPath, script], { detached: true })
  let said = ''
  let text = ''
  try {
    for await (const chunk of shell.stderr) {
      said += String(chunk)
      if (said.split('written').length === 3) break
    }
    // Only now is anything read.
    for await (const chunk of shell.stdout) {
      text += String(chunk)
      if (text.split('\n').length > 2 * lines) break
    }
  } finally {
    process.kill(-(shell.pid ?? 0), 'SIGTERM')
  }
  const torn = text
    .split('\n')
    .slice(0, -1)
    .filter((line) => !/^(a{1000}|b{1000})$/.test(line))
  expect(torn).toEqual([])
  expect(text.split('\n')).toHaveLength(2 * lines + 1)
})
