import { execFile } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
// In the project, so that packages are found from there.
const folder = join(root, 'node_modules', '.cache', `fairlead-lifecycle-${process.pid}`)
const base = join(root, 'src', 'base')

/** A process of its own that calls `dieOnFault` and then runs `code`. */
async function run(code: string): Promise<{ status: number | string | null; stderr: string }> {
  const outfile = join(folder, `${Math.abs(code.length)}.mjs`)
  const contents = `import { dieOnFault } from './lifecycle.ts'
    import { createLog } from './log.ts'
    dieOnFault(createLog('info'))
    process.on('exit', () => process.stderr.write('exit listeners ran\\n'))
    setInterval(() => {}, 1000)
    ${code}`
  await build({
    stdin: { contents, resolveDir: base, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  })
  return new Promise((resolve) =>
    execFile(process.execPath, [outfile], (error, _, stderr) =>
      resolve({ status: error?.code ?? 0, stderr }),
    ),
  )
}

beforeAll(() => void mkdirSync(folder, { recursive: true }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('D9: an error that nobody caught ends the process with 1, after it was told', () => {
  test.each([
    ['thrown', "setImmediate(() => { throw new Error('broken') })"],
    ['rejected', "void Promise.reject(new Error('broken'))"],
    ['emitted', "process.stdout.emit('error', new Error('broken'))"],
  ])('%s', async (_, code) => {
    const { status, stderr } = await run(code)
    expect(status).toBe(1)
    const [told] = stderr.split('\n')
    expect(JSON.parse(told ?? '')).toMatchObject({
      level: 'error',
      error: { message: 'broken', stack: expect.stringContaining('at ') },
    })
    expect(stderr).toContain('exit listeners ran')
  })
})
