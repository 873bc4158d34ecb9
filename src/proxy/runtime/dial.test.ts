import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { dial } from './dial.ts'

const open: { close(): unknown }[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

/** What Node keeps of `setNoDelay`: nobody else tells it. */
const isNoDelay = (socket: net.Socket): unknown => {
  const symbol = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'kSetNoDelay',
  )
  return symbol && (socket as unknown as Record<symbol, unknown>)[symbol]
}

test.each([
  ['plaintext', undefined],
  ['TLS', { serverName: 'orders.internal', context: tls.createSecureContext() }],
])('what is written to a backend leaves at once: %s', async (_, secure) => {
  const server = net.createServer((socket) => void socket.on('error', () => {}).resume())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(server)
  const { port } = server.address() as AddressInfo
  const socket = dial(
    { address: '127.0.0.1', port, tls: secure },
    {
      allowLoopback: true,
      protocol: 'h2',
      sessions: { session: undefined },
      read: () => true,
    },
  )
  await new Promise<void>((resolve) => void socket.on('connect', resolve).on('error', () => {}))
  expect(isNoDelay(socket)).toBe(true)
  socket.destroy()
})
