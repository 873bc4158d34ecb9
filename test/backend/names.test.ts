import { afterEach, expect, test } from 'vitest'
import { NameServer } from '../drills/name-server.ts'
import { namesModule, preloadOf } from '../drills/preload.ts'
import { RawClient } from '../harness/client.ts'
import { openToAll } from '../harness/manifests.ts'
import { type Program, startProgram } from '../harness/program.ts'
import { answering, ok, startUpstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

const route = (port: number): string =>
  openToAll({ backends: [{ name: 'far', url: `http://orders.example:${port}` }] })

/** The program with a name server of its own, instead of the machine's. */
async function setUp() {
  const upstream = await startUpstream(answering(ok()))
  const server = new NameServer()
  await server.start()
  server.answering = ['127.0.0.1']
  const preload = preloadOf(namesModule(`127.0.0.1:${server.port}`))
  const program = await startProgram({
    manifests: { 'route.yaml': route(upstream.port) },
    env: { NODE_OPTIONS: `--import ${preload.url}` },
  })
  open.push(upstream, { close: () => server.stop() }, { close: preload.remove }, program)
  return { server, program }
}

async function get({ port }: Program): Promise<string> {
  const client = new RawClient(port)
  open.push(client)
  const text = await client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n').until(/\r\n\r\n/)
  client.close()
  return text.slice(9, 12)
}

test('D6: requests do not ask for names, and go on being served when nobody answers for them', async () => {
  const { server, program } = await setUp()
  while ((await get(program)) !== '200');
  server.ttlSeconds = 300
  const known = server.asked
  while (server.asked < known + 2) expect(await get(program)).toBe('200')
  const asked = server.asked
  server.answering = 'silence'
  server.answering6 = 'silence'
  for (let i = 0; i < 100; i++) expect(await get(program)).toBe('200')
  // Two families of the question that was under way; none of a hundred new connections asked.
  expect(server.asked - asked).toBeLessThanOrEqual(2)
})
