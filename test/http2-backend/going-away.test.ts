import { afterEach, expect, test } from 'vitest'
import { flags, frameTypes } from '../../src/proxy/http2/frame.ts'
import { frame, get, H2Client, literal, uint32 } from '../harness/h2-client.ts'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { type Peer, type PeerConnection, type PeerRequest, startPeer } from './peer.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

const goAway = (lastId: number): Buffer =>
  frame(frameTypes.goAway, 0, 0, Buffer.concat([uint32(lastId), uint32(0)]))
const headOf = (stream: number): Buffer =>
  frame(frameTypes.headers, flags.endHeaders, stream, literal([[':status', '200']]))
const lastPart = (stream: number, text: string): Buffer =>
  frame(frameTypes.data, flags.endStream, stream, text)
const answer = (connection: PeerConnection, { stream, path }: PeerRequest): void =>
  connection.send(headOf(stream), lastPart(stream, `${path} by ${connection.number}`))

async function rig(
  act: (connection: PeerConnection, request: PeerRequest) => void,
  forward: TestOptions['forward'] = {},
): Promise<{ peer: Peer; proxy: TestProxy; client: H2Client }> {
  const peer = await startPeer(act)
  open.push(peer)
  const proxy = await startProxy({ ports: [peer.port], protocol: 'H2C', h2c: true, forward })
  open.push(proxy)
  const client = new H2Client(proxy.port)
  open.push(client)
  return { peer, proxy, client }
}

const post = (path: string) =>
  [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'api.example'],
  ] as const

test('GOAWAY: streams that it names end where they are, others go elsewhere, whatever their method', async () => {
  const { client } = await rig((connection, request) => {
    if (connection.number > 0) return answer(connection, request)
    if (connection.requests.length < 3) return
    connection.send(goAway(1))
    answer(connection, connection.requests[0] as PeerRequest)
  })
  client.request(1, get('/a')).request(3, post('/b')).request(5, get('/c'))
  expect((await client.answered(1)).body).toBe('/a by 0')
  expect((await client.answered(3)).body).toBe('/b by 1')
  expect((await client.answered(5)).body).toBe('/c by 1')
})

test('GOAWAY twice: the first sends nothing away, the second what it does not name', async () => {
  const { client, peer } = await rig((connection, request) => {
    if (connection.number > 0) return answer(connection, request)
    if (connection.requests.length === 2) connection.send(goAway(2 ** 31 - 1), headOf(1))
  })
  client.request(1, get('/a')).request(3, get('/b'))
  // What came before the head has been read.
  await client.until(() => client.statusOf(1) === '200')
  client.request(5, get('/c'))
  expect((await client.answered(5)).body).toBe('/c by 1')
  const first = peer.connections[0] as PeerConnection
  first.send(goAway(1))
  expect((await client.answered(3)).body).toBe('/b by 1')
  first.send(lastPart(1, '/a by 0'))
  expect((await client.answered(1)).body).toBe('/a by 0')
  await first.over
  expect(first.goAways).toEqual(['no_error'])
})

test('a connection that is lost with 50 streams: each is told as far as it was, and the next ones go on', async () => {
  const { client, proxy } = await rig(
    (connection, request) => {
      if (connection.number > 0) return answer(connection, request)
      const { length } = connection.requests
      // One in five has its head and a part.
      if (length % 5 === 0)
        connection.send(
          headOf(request.stream),
          frame(frameTypes.data, 0, request.stream, request.path),
        )
      if (length === 50) setImmediate(() => setImmediate(() => connection.drop()))
    },
    {
      retry: {
        attempts: 0,
        on: [],
        statuses: [],
        backoffMs: 1,
        budgetPercent: 20,
        idempotencyKeys: 'Never',
      },
    },
  )
  const ids = Array.from({ length: 50 }, (_, i) => 2 * i + 1)
  for (const id of ids) client.request(id, get(`/${id}`))
  for (const id of ids) {
    const { reset, ended, body } = await client.answered(id)
    const isCut = reset !== undefined
    // A broken answer never ends as a complete one.
    if (isCut) expect([`/${id}`, '']).toContain(body)
    else expect([client.statusOf(id), ended]).toEqual(['502', true])
  }
  const codes = new Set(proxy.finished.map(({ failure }) => failure?.code))
  expect([...codes]).toEqual(['upstream_reset'])
  client.request(101, get('/next'))
  expect((await client.answered(101)).body).toBe('/next by 1')
})

test('50 answers in pieces of one byte, all at the same time: each goes where it belongs', async () => {
  const { client } = await rig((connection, { stream }) => {
    connection.send(headOf(stream))
    if (connection.requests.length < 50) return
    const { requests } = connection
    const texts = requests.map(({ path }) => `${path}/`.repeat(4))
    for (let at = 0; at < 24; at++)
      for (const [i, request] of [...requests.entries()].reverse())
        if (at < (texts[i] as string).length)
          connection.send(frame(frameTypes.data, 0, request.stream, (texts[i] as string)[at]))
    for (const request of requests.toReversed()) connection.send(lastPart(request.stream, '.'))
  })
  const ids = Array.from({ length: 50 }, (_, i) => 2 * i + 1)
  for (const id of ids) client.request(id, get(`/${id}`))
  for (const id of ids) expect((await client.answered(id)).body).toBe(`${`/${id}/`.repeat(4)}.`)
})
