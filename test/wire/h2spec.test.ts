import { execFile, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openToAll } from '../harness/manifests.ts'
import { type Program, startProgram } from '../harness/program.ts'

const settings = 'listeners: { http: { h2c: true } }\n'

/** The program, with a body of its own for every request. */
async function start(): Promise<Program> {
  const program = await startProgram({
    manifests: { 'a.yaml': openToAll({ respond: { status: 200, body: 'x'.repeat(200) } }) },
    flags: (folder) => {
      writeFileSync(join(folder, 'settings.yaml'), settings)
      return ['--settings', join(folder, 'settings.yaml'), '--access-log', 'off']
    },
  })
  onTestFinished(() => program.close())
  return program
}

interface Ran {
  readonly code: number
  readonly output: string
}

const run = (file: string, args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) =>
    execFile(
      file,
      args,
      { timeout: 60_000, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr }),
    ),
  )

const has = (tool: string, ...args: readonly string[]): boolean => {
  const found = spawnSync(tool, args).status === 0
  if (!found) process.stderr.write(`!! SKIPPED, no ${tool}: what it finds in HTTP/2\n`)
  return found
}

const h2spec = process.env['FAIRLEAD_H2SPEC'] ?? 'h2spec'

/** `id: case` of what failed, out of a JUnit report. */
function failuresOf(report: string): string[] {
  const cases = report.matchAll(
    /<testcase package="([^"]+)" classname="([^"]+)"[^>]*>(.*?)<\/testcase>/gs,
  )
  return [...cases]
    .filter(([, , , inside]) => inside !== '')
    .map(([, id, title]) => `${id}: ${title}`)
}

describe.skipIf(!has(h2spec, '--version'))('h2spec', () => {
  test('finds what h2spec.md says, and nothing else', async () => {
    const { port, folder } = await start()
    const report = join(folder, 'h2spec.xml')
    const where = ['-h', '127.0.0.1', '-p', String(port)]
    await run(h2spec, [...where, '--strict', '--timeout', '2', '-j', report])
    const text = readFileSync(report, 'utf8')
    expect(text.match(/<testcase /g)?.length).toBeGreaterThan(140)
    const page = readFileSync(new URL('h2spec.md', import.meta.url), 'utf8')
    const known = [...page.matchAll(/^\| ((?:generic|http2|hpack)\/\S+) \| ([^|]+) \|/gm)]
    expect(failuresOf(text)).toEqual(known.map(([, id, title]) => `${id}: ${title}`))
  })
})

describe('clients that people use', () => {
  test.skipIf(!has('curl', '--version'))('curl', async () => {
    const { port } = await start()
    const { output } = await run('curl', [
      ...[
        '--silent',
        '--max-time',
        '20',
        '--http2-prior-knowledge',
        '--write-out',
        ' %{http_version} %{response_code}',
      ],
      // Fits the first window: curl 7.88 turns round when an upload that waits for one is answered early, as it does with nginx.
      ...['--data-binary', 'x'.repeat(60_000), `http://127.0.0.1:${port}/`],
    ])
    expect(output).toBe(`${'x'.repeat(200)} 2 200`)
  })

  test.skipIf(!has('nghttp', '--version'))('nghttp', async () => {
    const { port } = await start()
    const { code, output } = await run('nghttp', ['-nv', `http://127.0.0.1:${port}/`])
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/recv \(stream_id=\d+\) :status: 200/),
    ])
  })

  test.skipIf(!has('h2load', '--version'))('h2load, 5,000 requests on 10 connections', async () => {
    const { port } = await start()
    const load = ['-c', '10', '-m', '20', '-n', '5000']
    const { output } = await run('h2load', [...load, `http://127.0.0.1:${port}/`])
    expect(output).toContain('5000 succeeded, 0 failed, 0 errored, 0 timeout')
  })
})
