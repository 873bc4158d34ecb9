import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** A port that is free on every one of these addresses now. */
export async function freePort(addresses: readonly string[]): Promise<number> {
  for (;;) {
    const port = await portOn(addresses[0] ?? '127.0.0.1', 0)
    const others = await Promise.all(addresses.slice(1).map((address) => portOn(address, port)))
    if (others.every((other) => other === port)) return port
  }
}

/** The port that could be opened, -1 when none could. */
async function portOn(address: string, port: number): Promise<number> {
  const server = createServer().listen(port, address)
  try {
    await once(server, 'listening')
  } catch {
    return -1
  }
  const { port: opened } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return opened
}
