import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { turns } from '../harness/deliver.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { webSockets } from '../harness/web-socket.ts'

/** A client and a server that know nothing of the gateway. The server says back what it hears, as it hears it. */
let server: WebSocketServer
let proxy: TestProxy

beforeAll(async () => {
  server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: { threshold: 0 },
    handleProtocols: (protocols) => (protocols.has('second') ? 'second' : false),
    verifyClient: ({ req }, answer) =>
      req.url === '/closed' ? answer(false, 403, 'not here') : answer(true),
  })
  server.on('connection', (socket, request) => {
    if (request.url === '/hello') socket.send(`hello ${request.headers['x-forwarded-host']}`)
    if (request.url === '/bye') socket.close(4001, 'enough')
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  proxy = await startProxy({ rule: webSockets(), ports: [port] })
})

afterAll(async () => {
  await proxy.close()
  for (const client of server.clients) client.terminate()
  await new Promise((resolve) => server.close(resolve))
  expect(proxy.errors).toEqual([])
})

const connect = (path = '/', protocols: string[] = [], options = {}): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${proxy.port}${path}`, protocols, options)

async function answerTo(client: WebSocket, message: string | Buffer): Promise<string> {
  client.send(message)
  const [data, binary] = (await once(client, 'message')) as [Buffer, boolean]
  expect(binary).toBe(typeof message !== 'string')
  return data.toString('latin1')
}

async function closed(client: WebSocket): Promise<readonly [number, string]> {
  const [code, reason] = (await once(client, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

describe('a client and a server of WebSockets', () => {
  test.each([
    ['plain', false],
    ['with every message deflated', { threshold: 0 }],
  ])('talk, %s: texts, bytes, fragments, a MiB, pings', async (_, perMessageDeflate) => {
    const client = connect('/', [], { perMessageDeflate })
    await once(client, 'open')
    expect(client.extensions).toBe(perMessageDeflate === false ? '' : 'permessage-deflate')
    expect(await answerTo(client, 'hello')).toBe('hello')
    expect(await answerTo(client, Buffer.from([0, 255, 13, 10]))).toBe('\0\xff\r\n')
    const mebibyte = 'x'.repeat(1024 * 1024)
    expect(await answerTo(client, mebibyte)).toBe(mebibyte)
    client.send('first, ', { fin: false })
    client.send('second, ', { fin: false })
    expect(await answerTo(client, 'third')).toBe('first, second, third')
    client.ping('are you there')
    expect(String((await once(client, 'pong'))[0])).toBe('are you there')
    client.close(4000, 'done')
    expect(await closed(client)).toEqual([4000, 'done'])
  })

  test('the server speaks first, and knows where the client wanted to go', async () => {
    const client = connect('/hello')
    expect(String((await once(client, 'message'))[0])).toBe(`hello 127.0.0.1:${proxy.port}`)
    client.terminate()
  })

  test('the server chooses the subprotocol', async () => {
    const client = connect('/', ['first', 'second'])
    await once(client, 'open')
    expect(client.protocol).toBe('second')
    client.terminate()
  })

  test('the server closes, with its own code', async () =>
    expect(await closed(connect('/bye'))).toEqual([4001, 'enough']))

  test('the server declines, with its own status', async () => {
    const client = connect('/closed')
    const [, response] = (await once(client, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ]
    expect(response.statusCode).toBe(403)
    const over = once(client, 'error')
    client.terminate()
    expect(String((await over)[0])).toContain('before the connection was established')
  })

  test('a hundred at once, each its own', async () => {
    const before = proxy.finished.length
    const clients = Array.from({ length: 100 }, () => connect())
    await Promise.all(clients.map((client) => once(client, 'open')))
    const answers = await Promise.all(clients.map((client, i) => answerTo(client, `I am ${i}`)))
    expect(answers).toEqual(clients.map((_, i) => `I am ${i}`))
    const all = Promise.all(clients.map(closed))
    for (const client of clients) client.close(1000)
    expect(new Set((await all).map(([code]) => code))).toEqual(new Set([1000]))
    while (proxy.finished.length < before + 100) await turns(1)
    expect(new Set(proxy.finished.slice(before).map(({ status }) => status))).toEqual(
      new Set([101]),
    )
  })
})
