import { afterEach, describe, expect, test } from 'vitest'
import { RawClient } from '../harness/client.ts'
import { openToAll } from '../harness/manifests.ts'
import { type Program, type ProgramOptions, startProgram } from '../harness/program.ts'
import { ok, startUpstream, type Upstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function setUp(own: Partial<ProgramOptions> = {}, workers = 1) {
  const upstream = await startUpstream(() => {})
  open.push(upstream)
  const route = openToAll({
    backends: [{ name: 'a', url: `http://127.0.0.1:${upstream.port}` }],
  })
  const program = await startProgram({
    manifests: { 'a.yaml': route },
    flags: () => ['--workers', String(workers), '--access-log', 'off'],
    ...own,
  })
  open.push(program)
  return { program, upstream }
}

/** A request that is with the backend. */
async function inFlight(program: Program, upstream: Upstream) {
  const client = new RawClient(program.port)
  open.push(client)
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  while (upstream.text() === '') await new Promise((resolve) => setImmediate(resolve))
  return { client, answer: () => upstream.connections[0]?.socket.write(ok('answer')) }
}

/** Ends it, and looks for what Node says of its inspector. */
async function endsWithoutInspector(program: Program): Promise<void> {
  program.kill('SIGTERM')
  expect(await program.over).toEqual({ code: 0, signal: null })
  expect(program.stderr()).not.toMatch(/Debugger|a worker ended/)
}

const reload = 'manifests and settings are watched; SIGUSR2 opens the access log anew'

describe.each([1, 2])('signals to a gateway of %i', (workers) => {
  test('SIGUSR1 opens no inspector and SIGHUP ends nothing; each says that it does nothing', async () => {
    const { program, upstream } = await setUp({}, workers)
    const { client, answer } = await inFlight(program, upstream)
    program.kill('SIGUSR1')
    await program.said(/"signal":"SIGUSR1"/)
    program.kill('SIGHUP')
    const said = await program.said(/"signal":"SIGHUP"/)
    expect(said).toContain(`"because":"${reload}"`)
    expect(said.match(/this signal does nothing/g)).toHaveLength(2)
    answer()
    expect(await client.until(/answer$/)).toMatch(/^HTTP\/1.1 200 /)
    await endsWithoutInspector(program)
  })

  test('SIGQUIT finishes what is in flight', async () => {
    const { program, upstream } = await setUp({}, workers)
    const { client, answer } = await inFlight(program, upstream)
    program.kill('SIGQUIT')
    await program.said(/"message":"stopping/)
    answer()
    expect(await client.untilOver()).toMatch(/^HTTP\/1.1 200 .*answer$/s)
    expect(await program.over).toEqual({ code: 0, signal: null })
  })

  test.runIf(process.platform === 'linux')(
    'SIGHUP of a terminal that is gone, told twice, finishes what is in flight',
    async () => {
      const { program, upstream } = await setUp({ terminal: true, ownGroup: true }, workers)
      const { client, answer } = await inFlight(program, upstream)
      process.kill(-program.pid, 'SIGHUP')
      await program.said(/"message":"stopping/)
      program.leave()
      process.kill(-program.pid, 'SIGHUP')
      answer()
      expect(await client.untilOver()).toMatch(/^HTTP\/1.1 200 .*answer$/s)
      expect(await program.exited).toBe(0)
    },
  )
})

test('signals to a worker are left to its supervisor', async () => {
  const { program, upstream } = await setUp({}, 2)
  const { client, answer } = await inFlight(program, upstream)
  const { workers } = JSON.parse((await program.ask('/debug/status')).text) as {
    workers: readonly { pid: number }[]
  }
  for (const { pid } of workers)
    for (const signal of ['SIGUSR1', 'SIGHUP', 'SIGQUIT'] as const) process.kill(pid, signal)
  answer()
  expect(await client.until(/answer$/)).toMatch(/^HTTP\/1.1 200 /)
  await endsWithoutInspector(program)
})
