import { once } from 'node:events'
import http2 from 'node:http2'
import { afterEach, expect, test } from 'vitest'
import { defaultSettings } from '../../src/model/settings.ts'
import { accessLine } from '../../src/proxy/stages/access-line.ts'
import { samplesOf, valueIn } from '../harness/exposition.ts'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { type Act, startHttp2 } from './backend.ts'
import { answer, call, type } from './calls.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

type Line = Readonly<Record<string, unknown>>

interface Rig {
  readonly proxy: TestProxy
  /** The line of the next call that is over. */
  readonly line: Promise<Line>
}

async function rig(act: Act, options: Partial<TestOptions> = {}): Promise<Rig> {
  const backend = await startHttp2(act)
  open.push(backend)
  let told: (line: Line) => void = () => {}
  const line = new Promise<Line>((resolve) => (told = resolve))
  const proxy = await startProxy({
    ports: [backend.port],
    protocol: 'H2C',
    h2c: true,
    observe: (exchange, complete, seconds) =>
      told(JSON.parse(accessLine(exchange, complete, seconds, 0, defaultSettings.accessLog))),
    ...options,
  })
  open.push(proxy)
  return { proxy, line }
}

const counted = async ({ proxy }: TestProxy, labels: Record<string, string>): Promise<number> =>
  valueIn(
    samplesOf(await proxy.runtime.metrics.metrics.exposition()),
    'fairlead_grpc_calls_total',
    labels,
  )

/** Of an answer that is nothing but its head. */
const headAlone =
  (headers: http2.OutgoingHttpHeaders): Act =>
  (stream) =>
    stream.respond(headers, { endStream: true })

const ends: readonly (readonly [
  what: string,
  act: Act,
  told: readonly [status: string, by: string, place: string],
])[] = [
  ['a good end', (stream) => answer(stream), ['OK', 'backend', 'trailers']],
  [
    'a failure in trailers',
    (stream) => answer(stream, '14'),
    ['UNAVAILABLE', 'backend', 'trailers'],
  ],
  [
    'a failure in the head',
    headAlone({ ':status': 200, 'content-type': type, 'grpc-status': '13' }),
    ['INTERNAL', 'backend', 'head'],
  ],
  [
    'a status that nobody knows',
    (stream) => answer(stream, '4711'),
    ['UNKNOWN', 'backend', 'trailers'],
  ],
  [
    'an end without a status',
    (stream) => {
      stream.respond({ ':status': 200, 'content-type': type })
      stream.end('reply')
    },
    ['UNKNOWN', 'gateway', 'trailers'],
  ],
  [
    'an answer that is none of gRPC',
    headAlone({ ':status': 503, 'content-type': 'text/html' }),
    ['UNAVAILABLE', 'backend', 'http'],
  ],
  [
    'a reset behind the head',
    (stream) => {
      stream.respond({ ':status': 200, 'content-type': type })
      stream.write('part', () => stream.destroy(new Error('broken')))
    },
    ['UNAVAILABLE', 'gateway', 'trailers'],
  ],
]

test.each(ends)(
  '%s: log and metrics tell its status, who said it and where',
  async (_, act, told) => {
    const { proxy, line } = await rig(act)
    await call(proxy)
    const [status, by, place] = told
    expect(await line).toMatchObject({
      'rpc.response.status_code': status,
      'rpc.status_by': by,
      'rpc.status_in': place,
    })
    expect(await counted(proxy, { route: 'test/route', rule: 'rule', status, by })).toBe(1)
  },
)

test('a call that no backend took', async () => {
  const { proxy, line } = await rig((stream) => answer(stream), { ports: [] })
  await call(proxy)
  expect(await line).toMatchObject({
    'error.type': 'no_backend',
    'rpc.response.status_code': 'UNAVAILABLE',
    'rpc.status_by': 'gateway',
    'rpc.status_in': 'head',
  })
  expect(await counted(proxy, { status: 'UNAVAILABLE', by: 'gateway' })).toBe(1)
})

test('a client that leaves its call', async () => {
  const { proxy, line } = await rig((stream) => stream.respond({ 'content-type': type }))
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`)
  open.push({ close: () => client.destroy() })
  const stream = client.request({ ':method': 'POST', ':path': '/a', 'content-type': type })
  stream.on('error', () => {})
  await once(stream, 'response')
  stream.close(http2.constants.NGHTTP2_CANCEL)
  const told = await line
  expect(told).toMatchObject({ 'rpc.response.status_code': 'CANCELLED', 'rpc.status_by': 'client' })
  expect(told).not.toHaveProperty('rpc.status_in')
  expect(await counted(proxy, { status: 'CANCELLED', by: 'client' })).toBe(1)
})

/** A call whose two sides have all the time that clocks give them. */
async function openCall(proxy: TestProxy): Promise<http2.ClientHttp2Stream> {
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`)
  open.push({ close: () => client.destroy() })
  const stream = client.request({ ':method': 'POST', ':path': '/a', 'content-type': type })
  await once(stream, 'response')
  return stream
}

test('a client that has no question for longer than bodyIdle keeps its call while the backend talks', async () => {
  const { proxy } = await rig(
    (stream) => {
      stream.respond({ ':status': 200, 'content-type': type }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      const timer = setInterval(() => stream.write('news'), 100)
      stream.on('data', () => stream.end('bye'))
      stream.on('close', () => clearInterval(timer))
    },
    { clocks: { bodyIdleMs: 300 } },
  )
  const stream = await openCall(proxy)
  let trailers: http2.IncomingHttpHeaders = {}
  stream.on('trailers', (fields) => (trailers = fields))
  let got = ''
  stream.on('data', (part: Buffer) => {
    got += part.toString()
    // Some 900 ms.
    if (got === 'news'.repeat(9)) stream.end('enough')
  })
  await once(stream, 'end')
  expect(trailers['grpc-status']).toBe('0')
  expect(got).toMatch(/^(news){9,}bye$/)
})

test('R16 until the backend answers, a client is waited for no longer than bodyIdle, whatever it calls its body', async () => {
  const { proxy } = await rig(() => {}, { clocks: { bodyIdleMs: 300 } })
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`)
  open.push({ close: () => client.destroy() })
  const stream = client.request({ ':method': 'POST', ':path': '/a', 'content-type': type })
  const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  expect(head['grpc-message']).toContain('request_timeout')
})

test('a stream that idles: DEADLINE_EXCEEDED, which says by which clock and what helps', async () => {
  const timeouts = { requestMs: 5000, backendRequestMs: 5000, connectMs: 1000, idleMs: 200 }
  const act: Act = (stream) => stream.respond({ ':status': 200, 'content-type': type })
  const { proxy, line } = await rig(act, { rule: { timeouts } })
  const stream = await openCall(proxy)
  const [trailers] = (await once(stream, 'trailers')) as [http2.IncomingHttpHeaders]
  expect(trailers['grpc-status']).toBe('4')
  expect(trailers['grpc-message']).toContain('200 ms')
  expect(trailers['grpc-message']).toContain('raise timeouts.idle of the rule')
  stream.destroy()
  expect(await line).toMatchObject({
    clock: 'idle',
    'rpc.response.status_code': 'DEADLINE_EXCEEDED',
    'rpc.status_by': 'gateway',
  })
})

test('a deadline of the client is told as its own', async () => {
  const { proxy, line } = await rig(() => {})
  const { head } = await call(proxy, { 'grpc-timeout': '50m' })
  expect(head['grpc-message']).toContain("The client's own grpc-timeout of 50 ms is over.")
  expect(await line).toMatchObject({ clock: 'grpcTimeout', clock_limit_ms: 50 })
})

test('a request that is none of gRPC has none of this', async () => {
  const { proxy, line } = await rig((stream) => {
    stream.respond({ 'grpc-status': '14' })
    stream.end('web')
  })
  await call(proxy, { 'content-type': 'application/grpc-web' })
  expect(Object.keys(await line).filter((name) => name.startsWith('rpc.'))).toEqual([])
  expect(await counted(proxy, {})).toBeNaN()
})
