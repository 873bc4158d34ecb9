import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { RawClient } from '../harness/client.ts'
import { startProxy } from '../harness/proxy.ts'
import { answering, ok, startUpstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

/** A port that leads wherever it is told, once that is known. */
async function startDetour(): Promise<{ port: number; to(port: number): void }> {
  let target = 0
  const server = net.createServer((socket) => {
    const onward = net.connect(target, '127.0.0.1')
    for (const each of [socket, onward]) each.on('error', () => {})
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(server)
  return {
    port: (server.address() as net.AddressInfo).port,
    to(port) {
      target = port
    },
  }
}

test('a backend that leads back to the gateway is answered with 508, after eight times', async () => {
  const detour = await startDetour()
  const proxy = await startProxy({ ports: [detour.port] })
  open.push(proxy)
  detour.to(proxy.port)
  const client = new RawClient(proxy.port).send('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  const text = await client.until(/loop_detected/)
  expect(text).toMatch(/^HTTP\/1\.1 508 /)
  client.leave()
  expect(proxy.finished).toHaveLength(9)
})

test.each([
  ['seven', 7, '200'],
  ['eight', 8, '508'],
])('%s gateways before us', async (_, hops, want) => {
  const upstream = await startUpstream(answering(ok()))
  open.push(upstream)
  const proxy = await startProxy({ ports: [upstream.port] })
  open.push(proxy)
  const via = Array.from({ length: hops }, () => '1.1 fairlead').join(', ')
  const head = `GET / HTTP/1.1\r\nhost: a\r\nvia: 1.0 other, ${via}\r\n\r\n`
  const client = new RawClient(proxy.port).send(head)
  const text = await client.until(/\r\n\r\n/)
  expect(text.slice(9, 12)).toBe(want)
  client.leave()
})
