import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Load } from '../harness/load.ts'
import { openToAll } from '../harness/manifests.ts'
import { type Program, startProgram } from '../harness/program.ts'

const route = (body: string) => openToAll({ respond: { status: 200, body } })

interface Status {
  readonly digest: string
  readonly applied: boolean
  readonly workers: readonly {
    readonly worker: number
    readonly pid: number
    readonly listening: boolean
    readonly digest: string
  }[]
}

interface Runtimes {
  readonly workers: readonly {
    readonly worker: number
    readonly pid: number
    readonly answer: { readonly connections: number }
  }[]
}

let program: Program
const logFile = (name = 'access.log') => join(program.folder, name)

/** The lines of a log. One that is not whole makes this throw. */
const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

const page = async <Page>(path: string): Promise<Page> =>
  JSON.parse((await program.ask(path)).text) as Page

const requestsTotal = async (): Promise<number> =>
  (await program.ask('/metrics')).text
    .split('\n')
    .filter((line) => line.startsWith('fairlead_requests_total{'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)

/** Clients with connections to both workers. */
async function spread(): Promise<{ load: Load; runtimes: Runtimes }> {
  for (;;) {
    const load = new Load(program.port, 24)
    await load.until(({ total }) => total > 200)
    const runtimes = await page<Runtimes>('/debug/runtime')
    if (runtimes.workers.every(({ answer }) => answer.connections > 1)) return { load, runtimes }
    await load.stop()
    answered += load.total
  }
}

/** Every answer that clients of this file have had. */
let answered = 0

beforeAll(async () => {
  program = await startProgram({
    manifests: { 'a.yaml': route('v0') },
    flags: (folder) => ['--workers', '2', '--access-log', join(folder, 'access.log')],
  })
})
afterAll(() => program?.close())

describe('two workers', () => {
  test('both serve on one port, and every page of the admin port says which', async () => {
    expect(await program.ask('/readyz')).toEqual({ status: 200, text: 'ok, workers: 2\n' })
    expect((await program.ask('/livez')).status).toBe(200)
    const { load, runtimes } = await spread()
    expect(runtimes.workers.map(({ worker }) => worker)).toEqual([1, 2])
    await load.stop()
    answered += load.total
    expect(load.tally).toMatchObject({ failed: 0, refused: 0 })
    for (const path of [
      '/debug/backends',
      '/debug/routes?url=http://a.example/',
      '/debug/snapshot',
    ])
      expect(await program.ask(path)).toMatchObject({ status: 200 })
    expect((await program.ask('/debug/routes')).status).toBe(400)
  })

  test('metrics are those of both, as of one process', async () => {
    expect(await requestsTotal()).toBe(answered)
    const { text } = await program.ask('/metrics')
    expect(text).toMatch(/^fairlead_workers 2$/m)
    expect(text.match(/^fairlead_snapshot_applied_timestamp_seconds (\d+)/m)?.[1]).toMatch(
      /^1\d{9}$/,
    )
    expect(text.match(/^# TYPE fairlead_requests_total/gm)).toHaveLength(1)
  })

  test('an edit reaches both, and once it is applied no request sees the old one', async () => {
    const { load } = await spread()
    for (const body of ['v1', 'v2', 'v3']) {
      const { digest } = await page<Status>('/debug/status')
      program.write('a.yaml', route(body))
      await program.until<Status>('/debug/status', (now) => now.applied && now.digest !== digest)
      // What was in flight may still come; what is asked from now on may not be old.
      const [fresh] = [new Load(program.port, 24)]
      await fresh.until(({ total }) => total > 200)
      await fresh.stop()
      expect(fresh.tally).toEqual({ answers: { [body]: fresh.total }, failed: 0, refused: 0 })
      answered += fresh.total
    }
    await load.stop()
    answered += load.total
    expect(load.tally).toMatchObject({ failed: 0, refused: 0 })
  })

  test('the access log has a whole line for each request, and SIGUSR2 reaches both', async () => {
    await program.until<unknown>('/debug/status', () => linesOf(logFile()).length === answered)
    renameSync(logFile(), logFile('access.log.1'))
    program.kill('SIGUSR2')
    await program.until<unknown>('/debug/status', () => existsSync(logFile()))
    const { load } = await spread()
    await load.stop()
    const before = answered
    answered += load.total
    await program.until<unknown>('/debug/status', () => {
      const older = linesOf(logFile('access.log.1')).length
      return older + linesOf(logFile()).length === answered && older <= before + load.total
    })
    expect(linesOf(logFile()).length).toBeGreaterThan(0)
  })

  test('D9: a worker that is killed under load takes only its own connections, and is replaced', async () => {
    const { load, runtimes } = await spread()
    load.keepClosed()
    const total = await requestsTotal()
    const [victim, other] = runtimes.workers
    process.kill(victim?.pid ?? 0, 'SIGKILL')
    const status = await program.until<Status>(
      '/debug/status',
      ({ workers }) =>
        workers.length === 2 &&
        workers.every(({ pid, listening }) => listening && pid !== victim?.pid),
    )
    expect(status.workers.find(({ worker }) => worker === 2)?.pid).toBe(other?.pid)
    expect(load.open).toBe(other?.answer.connections)
    const soFar = load.total
    await load.until((now) => now.total > soFar + 200)
    await load.stop()
    expect(load.tally.failed).toBe(victim?.answer.connections)
    expect((await program.ask('/readyz')).text).toBe('ok, workers: 2\n')
    expect(await requestsTotal()).toBeGreaterThan(total)
    expect((await program.ask('/metrics')).text).toMatch(/^fairlead_worker_ends_total 1$/m)
    const { load: after } = await spread()
    await after.stop()
    expect(after.tally).toMatchObject({ failed: 0, refused: 0 })
  })

  test('SIGTERM drains both: no request fails, and nothing is left', async () => {
    const { load, runtimes } = await spread()
    load.keepClosed()
    program.kill('SIGTERM')
    expect(await program.over).toEqual({ code: 0, signal: null })
    await load.until(({ open }) => open === 0)
    expect(load.tally).toMatchObject({ failed: 0, refused: 0 })
    for (const { pid } of runtimes.workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    expect(linesOf(logFile()).length).toBeGreaterThan(0)
  })
})
