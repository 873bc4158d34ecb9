import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { RawClient } from '../harness/client.ts'
import { openToAll } from '../harness/manifests.ts'
import { type Program, startProgram } from '../harness/program.ts'
import { answering, ok, startUpstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

const route = (port: number): string =>
  openToAll({ backends: [{ name: 'near', url: `http://127.0.0.1:${port}` }] })

const filesOf = ({ pid }: Program): number => readdirSync(`/proc/${pid}/fd`).length

const limit = ({ pid }: Program, files: number): void =>
  void execFileSync('prlimit', ['--pid', String(pid), `--nofile=${files}:`])

/** One more request on a connection: its own answer. */
async function ask(client: RawClient): Promise<string> {
  client.text = ''
  return (await client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n').until(/hello|code/)).slice(9, 12)
}

function connect({ port }: Program): RawClient {
  const client = new RawClient(port)
  open.push(client)
  return client
}

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0
if (!hasPrlimit)
  process.stderr.write('!! SKIPPED, no prlimit: a process without file descriptors\n')

describe.skipIf(!hasPrlimit)('D7: a process that may open no more files', () => {
  test('D7: who has a connection is served on; others are turned away, and served without a restart', async () => {
    const upstream = await startUpstream(answering(ok()))
    const program = await startProgram({ manifests: { 'route.yaml': route(upstream.port) } })
    open.push(upstream, program)
    const established = connect(program)
    expect(await ask(established)).toBe('200')
    limit(program, filesOf(program) + 4)

    const crowd = Array.from({ length: 40 }, () => connect(program))
    const turnedAway = () => crowd.filter(({ over }) => over).length
    while (turnedAway() < 30) expect(await ask(established)).toBe('200')
    // Long enough for all that the program does on its own, four times a second.
    const enough = performance.now() + 700
    while (performance.now() < enough) expect(await ask(established)).toBe('200')

    for (const client of crowd) client.close()
    for (;;) {
      const late = connect(program)
      if ((await ask(late)) === '200') break
      late.close()
    }
    expect(await ask(established)).toBe('200')
    expect(await program.ask('/readyz')).toMatchObject({ status: 200 })
    program.kill('SIGTERM')
    expect(await program.exited).toBe(0)
  })
})
