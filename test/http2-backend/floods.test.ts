import { afterEach, expect, test } from 'vitest'
import { flags, frameTypes, settingIds } from '../../src/proxy/http2/frame.ts'
import { RawClient } from '../harness/client.ts'
import { type Fields, frame, H2Client, literal, uint32 } from '../harness/h2-client.ts'
import { startProxy } from '../harness/proxy.ts'
import { type PeerConnection, startPeer } from './peer.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

const last = flags.endStream
const whole = flags.endHeaders
const head = (fields: Fields, more = 0): Buffer =>
  frame(frameTypes.headers, whole | more, 1, literal(fields))
const ok = head([[':status', '200']])
const many = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array(count).fill(bytes))
const setting = (id: number, value: number): Buffer => {
  const bytes = Buffer.alloc(6)
  bytes.writeUInt16BE(id)
  bytes.writeUInt32BE(value, 2)
  return frame(frameTypes.settings, 0, 0, bytes)
}
const continuation = (bytes: Buffer | string): Buffer => frame(frameTypes.continuation, 0, 1, bytes)
const begun = frame(frameTypes.headers, 0, 1, literal([[':status', '200']]))
const windowUpdate = (stream: number, bytes: number): Buffer =>
  frame(frameTypes.windowUpdate, 0, stream, uint32(bytes))
/** A large field that the table keeps, and then its one byte again and again: 64 KiB in a few hundred bytes. */
const bomb = Buffer.concat([
  literal([[':status', '200']]),
  Buffer.from([0x40, 1, 0x61, 0x7f, 0x81, 0x1e]),
  Buffer.alloc(4000, 'b'),
  Buffer.alloc(40, 0xbe),
])

/** What it says, and what the gateway says of the connection; '' where only the stream is over. */
const floods: readonly (readonly [string, readonly Buffer[], string])[] = [
  ['SETTINGS without end', [many(3000, frame(frameTypes.settings, 0, 0))], 'enhance_your_calm'],
  [
    'settings that take turns',
    [many(3000, Buffer.concat([setting(4, 1), setting(4, 70_000)]))],
    'enhance_your_calm',
  ],
  ['PING without end', [many(3000, frame(frameTypes.ping, 0, 0, 'pingpong'))], 'enhance_your_calm'],
  ['frames of no known type', [many(3000, frame(0x77, 0, 0, 'x'))], 'enhance_your_calm'],
  ['GOAWAY without end', [many(3000, goAway(1))], 'enhance_your_calm'],
  ['windows without end', [many(5000, windowUpdate(1, 1))], 'enhance_your_calm'],
  [
    'a header block in many frames',
    [begun, many(20, continuation(literal([['x-a', 'b']])))],
    'enhance_your_calm',
  ],
  ['CONTINUATION of nothing', [begun, continuation('')], 'enhance_your_calm'],
  [
    'a header block without end',
    [begun, many(9, continuation(Buffer.alloc(16_000)))],
    'enhance_your_calm',
  ],
  [
    'another frame within a header block',
    [begun, frame(frameTypes.ping, 0, 0, 'pingpong')],
    'protocol_error',
  ],
  ['CONTINUATION of no block', [continuation('x')], 'protocol_error'],
  ['a window of the connection beyond 2^31', [windowUpdate(0, 2 ** 31 - 1)], 'flow_control_error'],
  ['a window that grows by nothing', [windowUpdate(0, 0)], 'protocol_error'],
  ['a window of the stream beyond 2^31', [windowUpdate(1, 2 ** 31 - 1)], ''],
  [
    'a first window beyond 2^31',
    [setting(settingIds.initialWindowSize, 2 ** 31)],
    'flow_control_error',
  ],
  ['the wish to push', [setting(settingIds.enablePush, 1)], 'protocol_error'],
  ['frames of one byte at most', [setting(settingIds.maxFrameSize, 1)], 'protocol_error'],
  [
    'a frame that is too large',
    [frame(frameTypes.headers, whole, 1, Buffer.alloc(16_385))],
    'frame_size_error',
  ],
  [
    'a field that no table has',
    [frame(frameTypes.headers, whole, 1, Buffer.from([0xff, 0x70]))],
    'compression_error',
  ],
  [
    'a table larger than ours',
    [frame(frameTypes.headers, whole, 1, Buffer.from([0x3f, 0xe1, 0xff, 3]))],
    'compression_error',
  ],
  ['64 KiB of fields in a few bytes', [frame(frameTypes.headers, whole, 1, bomb)], ''],
  [
    '300 fields',
    [head([[':status', '200'], ...Array<[string, string]>(300).fill(['x-a', 'b'])])],
    '',
  ],
  ['interim answers without end', [many(20, head([[':status', '103']]))], ''],
  ['an answer that ends with 103', [head([[':status', '103']], last)], ''],
  [
    'a reset of a stream that nobody has opened',
    [frame(frameTypes.reset, 0, 3, uint32(8))],
    'protocol_error',
  ],
]

function goAway(lastId: number): Buffer {
  return frame(frameTypes.goAway, 0, 0, Buffer.concat([uint32(lastId), uint32(0)]))
}

/** Its first connection says the frames; all others answer as they should. */
async function rig(frames: readonly Buffer[]) {
  const peer = await startPeer((connection, { stream, path }) => {
    if (connection.number === 0) connection.send(...frames)
    else connection.send(...answer(stream, path))
  })
  open.push(peer)
  const proxy = await startProxy({
    ports: [peer.port],
    protocol: 'H2C',
    h2c: true,
    forward: { retry: noRetry },
  })
  open.push(proxy)
  const first = (): PeerConnection => peer.connections[0] as PeerConnection
  return { peer, proxy, first }
}

const noRetry = {
  attempts: 0,
  on: [],
  statuses: [],
  backoffMs: 1,
  budgetPercent: 20,
  idempotencyKeys: 'Never',
} as const

const answer = (stream: number, text: string): readonly Buffer[] => [
  frame(frameTypes.headers, whole, stream, literal([[':status', '200']])),
  frame(frameTypes.data, last, stream, text),
]

/** The next request has a good connection. */
async function goesOn(port: number): Promise<void> {
  const client = new RawClient(port)
  client.send('GET /next HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n')
  expect(await client.untilOver()).toMatch(/^HTTP\/1\.1 200 [\s\S]*\/next/)
}

test.each(floods)('%s: 502, and the next request goes on', async (_, frames, error) => {
  const { proxy, first } = await rig(frames)
  const client = new RawClient(proxy.port)
  client.send('GET /first HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n')
  expect(await client.untilOver()).toMatch(/HTTP\/1\.1 502 [\s\S]*upstream_protocol_error/)
  if (error !== '') {
    await first().over
    expect(first().goAways).toEqual([error])
    await goesOn(proxy.port)
  }
  expect(proxy.errors).toEqual([])
})

test.each([
  ['empty DATA without end', many(10, frame(frameTypes.data, 0, 1)), 'enhance_your_calm'],
  ['resets without end', many(3000, frame(frameTypes.reset, 0, 1, uint32(8))), 'enhance_your_calm'],
  [
    'padding that is longer than its frame',
    frame(frameTypes.data, flags.padded, 1, Buffer.from([9, 0])),
    'protocol_error',
  ],
])('%s behind a part of an answer: the client is cut off', async (_, flood, error) => {
  const { proxy, first } = await rig([ok, frame(frameTypes.data, 0, 1, 'part')])
  const client = new RawClient(proxy.port)
  client.send('GET /first HTTP/1.1\r\nhost: a.example\r\n\r\n')
  await client.until(/part/)
  first().send(flood)
  expect(await client.untilOver()).toMatch(/\r\n4\r\npart\r\n$/)
  await first().over
  expect(first().goAways).toEqual([error])
  await goesOn(proxy.port)
})

test('DATA beyond the window of a client that reads nothing: the connection is over, and the client is told', async () => {
  const { proxy, first } = await rig([
    ok,
    many(5, frame(frameTypes.data, 0, 1, Buffer.alloc(16_384))),
  ])
  const client = new H2Client(proxy.port)
  open.push(client)
  client.send(setting(settingIds.initialWindowSize, 0))
  await client.ping()
  client.request(1)
  const { reset, ended, body } = await client.answered(1)
  expect([reset, ended, body]).toEqual(['internal_error', false, ''])
  await first().over
  expect(first().goAways).toEqual(['flow_control_error'])
  await goesOn(proxy.port)
})
