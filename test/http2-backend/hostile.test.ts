import { afterEach, expect, test } from 'vitest'
import { flags, frameTypes } from '../../src/proxy/http2/frame.ts'
import { RawClient } from '../harness/client.ts'
import { type Fields, frame, literal, uint32 } from '../harness/h2-client.ts'
import { startProxy } from '../harness/proxy.ts'
import { startUpstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

const settings = frame(frameTypes.settings, 0, 0)
const head = (fields: Fields, more = 0): Buffer =>
  frame(frameTypes.headers, flags.endHeaders | more, 1, literal(fields))
const last = flags.endStream
const data = (text: string): Buffer => frame(frameTypes.data, last, 1, text)

const faulty: readonly (readonly [string, readonly Buffer[]])[] = [
  ['D2: no status', [head([['x-a', 'b']], last)]],
  ['D2: a status of two digits', [head([[':status', '99']], last)]],
  ['D2: 101', [head([[':status', '101']], last)]],
  [
    'D2: a field of a connection',
    [
      head(
        [
          [':status', '200'],
          ['connection', 'close'],
        ],
        last,
      ),
    ],
  ],
  [
    'D2: two lengths',
    [
      head([
        [':status', '200'],
        ['content-length', '1'],
        ['content-length', '1'],
      ]),
    ],
  ],
  [
    'D2: a line end in a value',
    [
      head(
        [
          [':status', '200'],
          ['x-a', 'b\r\nc: d'],
        ],
        last,
      ),
    ],
  ],
  ['D2: DATA before a head', [data('x')]],
  ['D3: a promise', [frame(frameTypes.pushPromise, flags.endHeaders, 1, uint32(2))]],
  [
    'D3: a stream that nobody has opened',
    [frame(frameTypes.headers, 5, 7, literal([[':status', '200']]))],
  ],
  ['D2: HTTP/1.1', [Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')]],
]

test.each(faulty)('%s is 502, and nothing of it reaches the client', async (_, frames) => {
  let isFirst = true
  const upstream = await startUpstream(({ socket }) => {
    if (!isFirst) return
    isFirst = false
    socket.write(Buffer.concat([settings, ...frames]))
  })
  open.push(upstream)
  const proxy = await startProxy({ ports: [upstream.port], protocol: 'H2C' })
  open.push(proxy)
  const client = new RawClient(proxy.port)
  client.send('GET / HTTP/1.1\r\nhost: a.example\r\n\r\n')
  const text = await client.until(/upstream_protocol_error/)
  expect(text).toMatch(/^HTTP\/1\.1 502 /)
})

test('D1: fewer bytes than were announced cut the client off', async () => {
  let isFirst = true
  const upstream = await startUpstream(({ socket }) => {
    if (!isFirst) return
    isFirst = false
    socket.write(
      Buffer.concat([
        settings,
        head([
          [':status', '200'],
          ['content-length', '9'],
        ]),
        data('half'),
      ]),
    )
  })
  open.push(upstream)
  const proxy = await startProxy({ ports: [upstream.port], protocol: 'H2C' })
  open.push(proxy)
  const client = new RawClient(proxy.port)
  client.send('GET / HTTP/1.1\r\nhost: a.example\r\n\r\n')
  await client.untilOver()
  expect(proxy.finished[0]?.failure?.code).toBe('upstream_protocol_error')
})
