import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { cutsOf, deliver, turns } from '../harness/deliver.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { answering, ok, startUpstream, type Upstream } from '../harness/upstream.ts'

const request = 'GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 6.6.6.6\r\nconnection: close\r\n\r\n'
const v1 = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n'
const hex = (text: string): string =>
  Buffer.from(text.replaceAll(' ', ''), 'hex').toString('latin1')
const v2 = hex('0d0a0d0a000d0a515549540a 21 11 000c c0000207 c6336401 dc04 01bb')
const local = hex('0d0a0d0a000d0a515549540a 20 00 0000')

let upstream: Upstream
let proxy: TestProxy
beforeAll(async () => {
  upstream = await startUpstream(answering(ok()))
  proxy = await startProxy({ ports: [upstream.port], proxyProtocolFrom: ['127.0.0.0/8'] })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
  expect(proxy.errors).toEqual([])
})

/** What a backend is told of whoever asked, and what the access log is. */
async function told(client: RawClient, at: TestProxy): Promise<readonly unknown[]> {
  const before = at.finished.length
  expect(answersOf(await client.untilOver()).answers.map(({ status }) => status)).toEqual([200])
  while (at.finished.length === before) await turns(1)
  const exchange = at.finished.at(-1)
  return [exchange?.client, exchange?.request.peer.port, exchange?.request.peer.localPort]
}

describe('from a peer that has to say for whom it comes', () => {
  test.each([
    ['version 1', v1],
    ['version 2', v2],
  ])(
    '%s, in any pieces: the address it says is the client',
    async (_, header) => {
      proxy.finished.length = 0
      const ways = cutsOf(header + request)
      const clients = await deliver(proxy.port, ways)
      for (const client of clients) {
        expect(answersOf(await client.untilOver()).answers.map(({ status }) => status)).toEqual([
          200,
        ])
        client.leave()
      }
      while (proxy.finished.length < ways.length) await turns(1)
      expect(new Set(proxy.finished.map(({ client }) => client))).toEqual(new Set(['192.0.2.7']))
      const fields = upstream.text().match(/^(x-forwarded-(for|port)|x-real-ip): .*$/gm)
      expect([...new Set(fields)].sort()).toEqual([
        'x-forwarded-for: 192.0.2.7',
        'x-forwarded-port: 443',
        'x-real-ip: 192.0.2.7',
      ])
    },
    20_000,
  )

  test.each([
    ['LOCAL', local],
    ['UNKNOWN', 'PROXY UNKNOWN\r\n'],
  ])('%s: the address of the socket is the client', async (_, header) => {
    const client = new RawClient(proxy.port).send(header + request)
    const [address, port, localPort] = await told(client, proxy)
    expect([address, localPort]).toEqual(['127.0.0.1', proxy.port])
    expect(port).toBeGreaterThan(0)
  })

  test.each([
    ['no header', request],
    ['half a header, then FIN', v1.slice(0, 20)],
    ['a header that is none', v1.replace('TCP4', 'TCP5') + request],
    ['a second request before it', `\r\n${v1}${request}`],
    ['version 2 of more than 536 bytes', v2.replace('\0\x0c', '\x02\x09') + request],
  ])('%s: closed without a word, and counted', async (_, input) => {
    const before = proxy.rejected.length
    const requests = upstream.text().length
    const client = new RawClient(proxy.port).send(input)
    if (input.length < 30) client.socket.end()
    expect(await client.untilOver()).toBe('')
    expect(proxy.rejected.slice(before)).toEqual(['proxy_header'])
    expect(upstream.text()).toHaveLength(requests)
    client.leave()
  })

  test('a second header is no request', async () => {
    const client = new RawClient(proxy.port).send(v1 + v1 + request)
    const { answers } = answersOf(await client.untilOver())
    expect(answers.map(({ status }) => status)).toEqual([400])
    client.leave()
  })

  test('a connection that only looks whether somebody is there is no fault', async () => {
    const before = proxy.rejected.length
    const client = new RawClient(proxy.port)
    await client.connected()
    client.socket.end()
    await client.untilOver()
    expect(proxy.rejected.slice(before)).toEqual([])
    client.leave()
  })
})

test('from anybody else its bytes are a request like any other', async () => {
  const other = await startProxy({ ports: [upstream.port], proxyProtocolFrom: ['192.0.2.0/24'] })
  for (const header of [v1, v2]) {
    const client = new RawClient(other.port).send(header + request)
    const { answers } = answersOf(await client.untilOver())
    expect(answers.map(({ status }) => status)).toEqual([400])
    client.leave()
  }
  await other.close()
})

test('it is not waited for longer than for a head', async () => {
  const clock = fakeClock()
  const still = await startProxy({
    ports: [upstream.port],
    proxyProtocolFrom: ['127.0.0.1'],
    clock,
  })
  const clients = ['', v1.slice(0, 10)].map((begun) => new RawClient(still.port).send(begun))
  for (const client of clients) await client.connected()
  while (still.proxy.connections < 2) await turns(1)
  clock.advance(9900)
  await turns(4)
  expect(clients.map(({ over }) => over)).toEqual([false, false])
  clock.advance(200)
  for (const client of clients) expect(await client.untilOver()).toBe('')
  expect(still.rejected).toEqual(['proxy_header_timeout', 'proxy_header_timeout'])
  while (still.proxy.connections > 0) await turns(1)
  for (const client of clients) client.leave()
  await still.close()
})

test('R17 the cap of a client is for those it comes for, not for the proxy', async () => {
  const limits = { connectionsPerClient: 2 }
  const capped = await startProxy({
    ports: [upstream.port],
    proxyProtocolFrom: ['127.0.0.1'],
    limits,
  })
  const kept = request.replace('connection: close\r\n', '')
  const from = (address: string) =>
    new RawClient(capped.port).send(`PROXY TCP4 ${address} 198.51.100.1 1 2\r\n${kept}`)
  const clients = ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.3'].map(from)
  for (const client of clients) expect(await client.until(/hello$/)).toMatch(/hello$/)
  expect(await from('192.0.2.1').untilOver()).toBe('')
  expect(capped.rejected).toEqual(['connections_per_client'])
  clients[0]?.leave()
  while (capped.proxy.connections > 3) await turns(1)
  const again = from('192.0.2.1')
  expect(await again.until(/hello$/)).toMatch(/hello$/)
  for (const client of [...clients, again]) client.leave()
  await capped.close()
})

test('who is believed is decided by the address that it says', async () => {
  const trusting = await startProxy({ ports: [upstream.port], proxyProtocolFrom: ['127.0.0.1'] })
  const { snapshot } = trusting.proxy.runtime
  const settings = { ...snapshot.settings, trustedProxies: ['192.0.2.0/24'] }
  trusting.proxy.apply({ ...snapshot, digest: 'trusting', settings })
  expect(await told(new RawClient(trusting.port).send(v1 + request), trusting)).toEqual([
    '6.6.6.6',
    56_324,
    443,
  ])
  await trusting.close()
})
