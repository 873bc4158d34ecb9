import { afterEach, expect, test } from 'vitest'
import { preloadOf } from '../drills/preload.ts'
import { RawClient } from '../harness/client.ts'
import { openToAll } from '../harness/manifests.ts'
import { startProgram } from '../harness/program.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

const route = openToAll({ respond: { status: 200, body: 'hello' } })

const oldSpaceMiB = 96

/**
 * Something in the process takes nine tenths of its old generation at one signal, and gives them back at the next: beyond
 * ten tenths V8 ends the process.
 */
const ballast = `
import v8 from 'node:v8'
import vm from 'node:vm'
v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc')
let held = []
process.on('SIGWINCH', () => {
  if (held.length > 0) held = []
  else while (process.memoryUsage().heapUsed < 0.9 * ${oldSpaceMiB} * 2 ** 20)
    held.push(new Array(100_000).fill(0.5))
  collect()
})`

test('D8: at nine tenths of its heap new requests are 503 with Retry-After, health stays truthful, and it passes', async () => {
  const preload = preloadOf(ballast)
  const program = await startProgram({
    manifests: { 'route.yaml': route },
    env: { NODE_OPTIONS: `--max-old-space-size=${oldSpaceMiB} --import ${preload.url}` },
  })
  open.push({ close: preload.remove }, program)
  const client = new RawClient(program.port)
  open.push(client)
  const ask = async () => {
    client.text = ''
    return client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n').until(/hello|overloaded.*}/)
  }
  expect(await ask()).toMatch(/^HTTP\/1\.1 200 /)
  program.kill('SIGWINCH')
  await program.said(/"pressure":"refuse"/)
  const refused = await ask()
  expect(refused).toMatch(/^HTTP\/1\.1 503 /)
  expect(refused).toMatch(/\r\nretry-after: 1\r\n/)
  expect((await program.ask('/livez')).status).toBe(200)
  const { status } = await program.ask('/metrics')
  expect(status).toBe(200)
  program.kill('SIGWINCH')
  await program.said(/"pressure":"none"/)
  expect(await ask()).toMatch(/^HTTP\/1\.1 200 /)
  program.kill('SIGTERM')
  expect(await program.exited).toBe(0)
})
