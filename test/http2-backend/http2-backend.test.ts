import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { afterEach, expect, test } from 'vitest'
import { get, H2Client } from '../harness/h2-client.ts'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { type Act, type Http2Backend, startHttp2 } from './backend.ts'

const open: { close(): unknown }[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function rig(
  act: Act,
  options: Partial<TestOptions> = {},
  server: http2.ServerOptions = {},
): Promise<{ proxy: TestProxy; backend: Http2Backend }> {
  const backend = await startHttp2(act, server)
  open.push(backend)
  const proxy = await startProxy({ ports: [backend.port], protocol: 'H2C', h2c: true, ...options })
  open.push(proxy)
  return { proxy, backend }
}

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** One request over HTTP/1.1. */
async function ask(port: number, options: http.RequestOptions = {}, body = ''): Promise<Answer> {
  const request = http.request({ port, host: '127.0.0.1', agent: false, ...options })
  request.end(body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  let text = ''
  for await (const part of response) text += part
  return { status: response.statusCode ?? 0, headers: response.headers, body: text }
}

test('a request of HTTP/1.1 becomes a stream, and the answer comes back', async () => {
  let seen: http2.IncomingHttpHeaders = {}
  const { proxy } = await rig((stream, headers) => {
    seen = headers
    stream.respond({ ':status': 201, 'x-served': 'yes', 'set-cookie': ['a=1', 'b=2'] })
    stream.end('hello')
  })
  const answer = await ask(proxy.port, { path: '/orders?x=1', headers: { host: 'api.example' } })
  expect(answer).toMatchObject({ status: 201, body: 'hello' })
  expect(answer.headers).toMatchObject({ 'x-served': 'yes', 'set-cookie': ['a=1', 'b=2'] })
  expect(seen).toMatchObject({
    ':method': 'GET',
    ':path': '/orders?x=1',
    ':scheme': 'http',
    ':authority': 'api.example',
    'x-forwarded-for': '127.0.0.1',
    via: '1.1 fairlead',
  })
  expect(seen).not.toHaveProperty('connection')
  expect(seen).not.toHaveProperty('host')
})

test('many requests share one connection, up to what the backend takes; beyond that there is another', async () => {
  const waiting: http2.ServerHttp2Stream[] = []
  let wake = (): void => {}
  const { proxy, backend } = await rig(
    (stream) => {
      waiting.push(stream)
      wake()
    },
    {},
    { settings: { maxConcurrentStreams: 4 } },
  )
  const until = async (count: number) => {
    while (waiting.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  const first = ask(proxy.port)
  await until(1)
  const more = Array.from({ length: 9 }, () => ask(proxy.port))
  await until(10)
  expect(backend.sessions).toHaveLength(3)
  for (const stream of waiting) {
    stream.respond({ ':status': 200 })
    stream.end('x')
  }
  const answers = await Promise.all([first, ...more])
  expect(answers.map(({ body }) => body).join('')).toBe('xxxxxxxxxx')
  expect(await waitFor(() => waiting.every(({ closed }) => closed))).toBe(true)
})

async function waitFor(isSo: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 10_000 && !isSo(); turn++)
    await new Promise<void>((resolve) => setImmediate(resolve))
  return isSo()
}

test('a body of 20 MB goes there and back through the windows of both sides', async () => {
  const { proxy } = await rig((stream) => {
    stream.respond({ ':status': 200 })
    stream.pipe(stream)
  })
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`)
  open.push({ close: () => client.destroy() })
  const stream = client.request({ ':method': 'POST', ':path': '/' })
  const part = Buffer.alloc(64 * 1024, 'abcdefgh')
  let sent = 0
  const feed = (): void => {
    while (sent < 320) {
      sent++
      if (!stream.write(part)) return void stream.once('drain', feed)
    }
    stream.end()
  }
  feed()
  let received = 0
  for await (const chunk of stream) {
    const bytes = chunk as Buffer
    expect(bytes[0]).toBe('abcdefgh'.charCodeAt(received % 8))
    received += bytes.length
  }
  expect(received).toBe(320 * part.length)
})

test('trailers of an answer reach a client of HTTP/2, those of a request nobody', async () => {
  const got: unknown[] = []
  const { proxy } = await rig((stream, headers) => {
    got.push(headers['te'])
    stream.on('trailers', (trailers) => got.push(trailers))
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }))
    stream.resume()
    stream.on('end', () => stream.end('body'))
  })
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`)
  open.push({ close: () => client.destroy() })
  const stream = client.request(
    { ':method': 'POST', ':path': '/', te: 'trailers' },
    { waitForTrailers: true },
  )
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-asked': 'yes' }))
  stream.end('question')
  const trailers = once(stream, 'trailers')
  stream.resume()
  expect((await trailers)[0]).toMatchObject({ 'x-sum': '42' })
  expect(got).toEqual(['trailers'])
})

test('a client that goes away takes its stream with it, and no other', async () => {
  const streams: http2.ServerHttp2Stream[] = []
  const { proxy, backend } = await rig((stream) => {
    streams.push(stream)
    stream.respond({ ':status': 200 })
    stream.write('first')
  })
  const client = new H2Client(proxy.port)
  open.push(client)
  client.request(1).request(3, get('/other'))
  await client.until(() => client.stream(1).body !== '' && client.stream(3).body !== '')
  const [first, other] = streams as [http2.ServerHttp2Stream, http2.ServerHttp2Stream]
  const closed = once(first, 'close')
  client.frame(3, 0, 1, Buffer.from([0, 0, 0, 8]))
  await closed
  expect(first.rstCode).toBe(http2.constants.NGHTTP2_CANCEL)
  expect(other.closed).toBe(false)
  expect(backend.sessions).toHaveLength(1)
  other.end('last')
  expect((await client.answered(3)).body).toBe('firstlast')
})

test('W4 the head of an answer goes on before there is anything of its body', async () => {
  const answers: http2.ServerHttp2Stream[] = []
  const { proxy } = await rig((stream) => {
    stream.respond({ ':status': 200, 'x-said': 'head' })
    answers.push(stream)
  })
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`)
  open.push({ close: () => client.destroy() })
  // The second is on a connection that is warm.
  for (const body of ['one', 'two']) {
    const stream = client.request({ ':path': '/' })
    const [head] = await once(stream, 'response')
    expect(head).toMatchObject({ 'x-said': 'head' })
    answers.at(-1)?.end(body)
    let text = ''
    for await (const part of stream.setEncoding('utf8')) text += part
    expect(text).toBe(body)
  }
})

test('H7 clients that take nothing hold up their own answers, and nobody else’s', async () => {
  const part = Buffer.alloc(100 * 1024, 'x')
  const { proxy, backend } = await rig((stream, headers) => {
    stream.respond({ ':status': 200 })
    stream.end(headers[':path'] === '/short' ? 'short' : part)
  })
  const greedy = http2.connect(`http://127.0.0.1:${proxy.port}`, {
    settings: { initialWindowSize: 0 },
  })
  open.push({ close: () => greedy.destroy() })
  for (let n = 0; n < 60; n++) greedy.request({ ':path': '/long' }).on('error', () => {})
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`)
  open.push({ close: () => client.destroy() })
  // Far more than the window of a connection.
  for (let n = 0; n < 200; n++) {
    const stream = client.request({ ':path': n % 20 === 0 ? '/long' : '/short' })
    let bytes = 0
    for await (const chunk of stream) bytes += (chunk as Buffer).length
    expect(bytes).toBe(n % 20 === 0 ? part.length : 5)
  }
  expect(backend.sessions).toHaveLength(1)
})
