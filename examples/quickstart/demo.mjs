// What stands around the gateway in the demo: keys and tokens of an issuer, and the switch of the regions.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { switchRegion } from './backends.mjs'
import { keySet, token } from './login.mjs'

const usage = 'GET /token, GET /keys, POST /regions/eu-west-1/off, POST /regions/eu-west-1/on\n'

/**
 * @param {import('./backends.mjs').Backend[]} backends
 * @param {{ readonly port: number, readonly address: string }} at
 */
export async function startDemo(backends, { port, address }) {
  const server = createServer(async (request, response) => {
    const [path = '', query] = (request.url ?? '').split('?')
    const [, region, state] = /^\/regions\/([a-z0-9-]+)\/(on|off)$/.exec(path) ?? []
    response.setHeader('content-type', 'text/plain')
    if (path === '/keys') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(keySet()))
    } else if (path === '/token') {
      response.end(`${token(new URLSearchParams(query).get('scope') ?? 'account/read')}\n`)
    } else if (region !== undefined && request.method === 'POST') {
      await switchRegion(backends, region, state === 'on')
      response.end(`${region} is ${state}\n`)
    } else response.writeHead(404).end(usage)
  })
  server.listen(port, address)
  await once(server, 'listening')
  return server
}
