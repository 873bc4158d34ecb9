import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import httpProxy from 'http-proxy'
import { afterEach, describe, expect, test } from 'vitest'

/**
 * Why the request path is our own (docs/adr/0001): the same two inputs for http-proxy 1.18.1 and for Fairlead, on real
 * sockets. http-proxy is set up as its readme says, with a keep-alive agent.
 */

/** A gateway under comparison, in front of one backend. */
interface Gateway {
  readonly port: number
}

type Open = (backendPort: number) => Promise<Gateway>

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close()
})

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle).listen(0, '127.0.0.1')
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

async function openClient(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  closers.push(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Resolves with all that was received once `enough` holds, or the connection is over. */
function received(socket: Socket, enough: (text: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (enough(text)) resolve(text)
    })
    socket.on('close', () => resolve(text))
  })
}

const openHttpProxy: Open = async (backendPort) => {
  const agent = new Agent({ keepAlive: true })
  closers.push(() => agent.destroy())
  const target = `http://127.0.0.1:${backendPort}`
  const proxy = httpProxy.createProxyServer({ target, agent, xfwd: true })
  proxy.on('error', () => {})
  return await serve((request, response) => proxy.web(request, response))
}

const smuggled = 'GET /admin/delete-everything HTTP/1.1\r\nHost: internal\r\n\r\n'

/** A DELETE with a chunked body, then a GET to know when the gateway is through with the DELETE. */
async function sendChunkedDelete(open: Open) {
  const seen: string[] = []
  const bodies: string[] = []
  const backend = await serve((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      bodies.push(body)
      response.end('ok')
    })
  })
  const gateway = await open(backend.port)
  const client = await openClient(gateway.port)
  const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`
  const remove = `DELETE /orders/1 HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`
  const answers = received(client, (text) => text.split('HTTP/1.1 200').length === 3)
  client.write(`${remove}GET /last HTTP/1.1\r\nHost: shop\r\n\r\n`)
  await answers
  return { seen, bodies }
}

/** A client that leaves while its backend is thinking. The backend then answers, if it still can. */
async function leaveEarly(open: Open) {
  let asked: (response: ServerResponse) => void = () => {}
  const question = new Promise<ServerResponse>((resolve) => {
    asked = resolve
  })
  const backend = await serve((request, response) => {
    if (request.url === '/slow') asked(response)
    else response.end('ok')
  })
  const gateway = await open(backend.port)
  const client = await openClient(gateway.port)
  client.write('GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n')
  const response = await question
  const outcome = Promise.race([
    once(response, 'finish').then(() => 'did all the work'),
    once(response, 'close').then(() => 'was cancelled'),
  ])
  client.destroy()
  await once(client, 'close')
  return { gateway, response, outcome }
}

/** One request through the gateway on a connection of its own. */
async function ask(gateway: Gateway, path: string): Promise<void> {
  const client = await openClient(gateway.port)
  const answer = received(client, (text) => text.endsWith('ok'))
  client.write(`GET ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`)
  expect(await answer).toContain('200')
}

describe('http-proxy 1.18.1', () => {
  test('forwards the body of a chunked DELETE as a second request', async () => {
    const { seen } = await sendChunkedDelete(openHttpProxy)
    expect(seen).toContain('GET /admin/delete-everything')
  })

  test('lets the backend work on for a client that has left', async () => {
    const { gateway, response, outcome } = await leaveEarly(openHttpProxy)
    // Ten round trips: the gateway has long seen the client go, and the backend would have been told.
    for (let i = 0; i < 10; i++) await ask(gateway, '/ping')
    response.end('the result of much work')
    expect(await outcome).toBe('did all the work')
  })
})
