// Three small backends in two regions. A region that is switched off refuses connections, as a dead one does.
import { once } from 'node:events'
import { createServer } from 'node:http'

/** @typedef {import('node:http').Server} Server */
/** @typedef {import('node:net').AddressInfo} AddressInfo */
/** @typedef {{ readonly name: string, readonly service: string, readonly region: string, port: number, server: Server }} Backend */

/** The region decides which Service a backend belongs to. */
const plan = [
  { name: 'eu-1', service: 'orders-eu', region: 'eu-west-1' },
  { name: 'eu-2', service: 'orders-eu', region: 'eu-west-1' },
  { name: 'us-1', service: 'orders-us', region: 'us-east-1' },
]

/** @returns {Promise<Backend[]>} */
export function startBackends() {
  return Promise.all(
    plan.map(async (each) => {
      const server = await listen(each, 0)
      const { port } = /** @type {AddressInfo} */ (server.address())
      return { ...each, port, server }
    }),
  )
}

/**
 * @param {readonly Backend[]} backends
 * @param {string} region
 * @param {boolean} on
 */
export async function switchRegion(backends, region, on) {
  for (const backend of backends.filter((each) => each.region === region)) {
    if (on && !backend.server.listening) backend.server = await listen(backend, backend.port)
    if (!on) stop(backend)
  }
}

/** @param {Backend} backend */
export function stop({ server }) {
  server.close()
  server.closeAllConnections()
}

/**
 * @param {{ name: string, region: string }} backend
 * @param {number} port
 */
async function listen({ name, region }, port) {
  const server = createServer((request, response) => {
    const user = request.headers['x-user']
    request.resume()
    response.setHeader('content-type', 'text/plain')
    response.end(
      `${region} ${name}: ${request.method} ${request.url}${user ? ` for ${user}` : ''}\n`,
    )
  })
  // Longer than the gateway keeps an idle connection: it never finds one closed.
  server.keepAliveTimeout = 60_000
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}
