import net from 'node:net'
import { expect, test } from 'vitest'
import { cutsOf, deliver, turns } from '../harness/deliver.ts'

test('every delivery arrives in the pieces that it was cut into', async () => {
  const reads = new Map<number, string[]>()
  const sockets: net.Socket[] = []
  const server = net.createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    const parts: string[] = []
    reads.set(socket.remotePort ?? 0, parts)
    socket.on('data', (chunk) => parts.push(chunk.toString('latin1')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ways = cutsOf('GET / HTTP/1.1\r\n\r\n')
  expect(ways).toHaveLength(19)
  const clients = await deliver((server.address() as net.AddressInfo).port, ways, 'after')
  await turns(2)
  for (const [i, client] of clients.entries()) {
    expect(reads.get(client.socket.localPort ?? 0)).toEqual([...(ways[i] ?? []), 'after'])
    client.leave()
  }
  for (const socket of sockets) socket.destroy()
  server.close()
})
