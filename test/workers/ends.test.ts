import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { RawClient } from '../harness/client.ts'
import { Load } from '../harness/load.ts'
import { openToAll } from '../harness/manifests.ts'
import { type Program, type ProgramOptions, startProgram } from '../harness/program.ts'

const hello = openToAll({ respond: { status: 200, body: 'hello' } })

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function start(own: Partial<ProgramOptions> = {}, flags: readonly string[] = []) {
  const program = await startProgram({
    manifests: { 'a.yaml': hello },
    flags: () => ['--workers', '2', ...flags],
    ...own,
  })
  open.push(program)
  return program
}

interface Status {
  readonly workers: readonly { readonly pid: number; readonly listening: boolean }[]
}

const pidsOf = async (program: Program): Promise<number[]> => {
  const { workers } = JSON.parse((await program.ask('/debug/status')).text) as Status
  return workers.map(({ pid }) => pid)
}

/** Whether a process is there, and not only its entry, which stays where nobody asks for it. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch (error) {
    return (
      (error as NodeJS.ErrnoException).path === `/proc/${pid}/stat` && process.platform !== 'linux'
    )
  }
}

async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await new Promise((resolve) => setImmediate(resolve))
}

const answerOf = (program: Program): Promise<string> => {
  const client = new RawClient(program.port).send('GET / HTTP/1.0\r\nhost: a\r\n\r\n')
  open.push(client)
  return client.untilOver()
}

/** A request that has begun and does not end. */
function hang(program: Program): RawClient {
  const client = new RawClient(program.port).send('GET / HTTP/1.1\r\nhost:')
  open.push(client)
  return client
}

describe('the end', () => {
  test('Ctrl-C, which reaches the whole process group, drains and leaves nothing behind', async () => {
    const program = await start({ ownGroup: true })
    const pids = await pidsOf(program)
    const load = new Load(program.port, 8)
    await load.until(({ total }) => total > 50)
    load.keepClosed()
    process.kill(-program.pid, 'SIGINT')
    expect(await program.over).toEqual({ code: 0, signal: null })
    expect(pids.filter(isRunning)).toEqual([])
    await load.until(({ open: left }) => left === 0)
    expect(load.tally).toMatchObject({ failed: 0, refused: 0 })
  })

  test('stopping, it is not ready and serves on for drain.min; a second signal ends everything at once', async () => {
    const settings = (folder: string) => {
      writeFileSync(join(folder, 'settings.yaml'), 'drain: { min: 1h }\n')
      return ['--settings', join(folder, 'settings.yaml')]
    }
    const program = await start({
      ownGroup: true,
      flags: (folder) => ['--workers', '2', ...settings(folder)],
    })
    const pids = await pidsOf(program)
    const client = hang(program)
    process.kill(-program.pid, 'SIGINT')
    await program.said(/"message":"stopping/)
    expect(await program.ask('/readyz')).toMatchObject({ status: 503 })
    // Clients are asked to go elsewhere.
    const late = new RawClient(program.port).send('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    open.push(late)
    expect(await late.untilOver()).toMatch(/\r\nconnection: close\r\n.*hello$/s)
    process.kill(-program.pid, 'SIGINT')
    expect(await program.over).toEqual({ code: 1, signal: null })
    await untilGone(pids)
    await client.untilOver()
  })

  test('workers whose supervisor is killed end themselves; all lines of the access log are whole', async () => {
    const program = await start({}, ['--access-log', '-'])
    const pids = await pidsOf(program)
    const filler = 'x'.repeat(700)
    const load = new Load(program.port, 16, `user-agent: ${filler}\r\n`)
    await load.until(({ total }) => total > 2000)
    await load.stop()
    const lines = () => program.stdout().split('\n').slice(0, -1)
    await program.until('/debug/status', () => lines().length === load.total)
    expect(lines().filter((line) => !line.includes(filler) || !isJson(line))).toEqual([])
    hang(program)
    program.kill('SIGKILL')
    expect((await program.over).signal).toBe('SIGKILL')
    await untilGone(pids)
  })
})

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('a start that fails is told in one line, and nothing is left', () => {
  test('the port is taken', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    open.push(server)
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const program = await start({ expectFailure: true }, ['--http', `127.0.0.1:${port}`])
    expect(await program.over).toEqual({ code: 1, signal: null })
    expect(program.stderr()).toMatch(
      new RegExp(`^fairlead standalone: port ${port} is taken; stop what uses it`, 'm'),
    )
  })

  test('the access log has no folder', async () => {
    const program = await start({
      expectFailure: true,
      flags: (folder) => ['--workers', '2', '--access-log', join(folder, 'none', 'access.log')],
    })
    expect(await program.over).toEqual({ code: 1, signal: null })
    expect(program.stderr()).toMatch(/^fairlead standalone: .*none\/access.log does not exist$/m)
  })
})

describe.runIf(process.platform === 'linux')('a crash loop', () => {
  /** Ends every worker as soon as it is there, but one. */
  function killBut(spared: number, { pid }: Program): void {
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
      for (const child of children.split(' ').filter((each) => each !== '' && each !== `${spared}`))
        process.kill(Number(child), 'SIGKILL')
    } catch (error) {
      // It ended by itself meanwhile, or the program did.
      expect(['ESRCH', 'ENOENT']).toContain((error as NodeJS.ErrnoException).code)
    }
  }

  test('D9: a worker that ends again and again is left to rest while another serves; without another the program ends', async () => {
    const program = await start()
    const [kept = 0] = await pidsOf(program)
    let isOver = false
    void program.over.then(() => (isOver = true))
    const kill = async (spared: number, until: () => boolean) => {
      while (!until()) {
        killBut(spared, program)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await kill(kept, () => program.stderr().includes('"waitMs":30000'))
    expect((await program.ask('/readyz')).text).toBe('ok, workers: 1\n')
    expect(await answerOf(program)).toMatch(/hello$/)
    await kill(0, () => isOver)
    expect(await program.over).toEqual({ code: 1, signal: null })
    expect(program.stderr()).toContain('no worker stays alive')
    const waits = [0, 100, 200, 400, 800, 30_000]
    expect(program.stderr().match(/"waitMs":\d+/g)).toEqual(
      [...waits, ...waits].map((ms) => `"waitMs":${ms}`),
    )
  })
})
