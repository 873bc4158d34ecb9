import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { afterEach, expect, test } from 'vitest'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { type Act, startHttp2 } from './backend.ts'
import { answer, call, type } from './calls.ts'

const open: { close(): unknown }[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function rig(act: Act, options: Partial<TestOptions> = {}): Promise<TestProxy> {
  const backend = await startHttp2(act)
  open.push(backend)
  const proxy = await startProxy({ ports: [backend.port], protocol: 'H2C', h2c: true, ...options })
  open.push(proxy)
  return proxy
}

test('W5: te and trailers go end to end, and the deadline as what is left of it', async () => {
  let seen: http2.IncomingHttpHeaders = {}
  const proxy = await rig((stream, headers) => {
    seen = headers
    answer(stream)
  })
  const { head, trailers, body } = await call(proxy, { 'grpc-timeout': '300S' })
  expect(head[':status']).toBe(200)
  expect(body).toBe('reply')
  expect(trailers).toMatchObject({ 'grpc-status': '0', 'x-detail': 'a' })
  expect(seen['te']).toBe('trailers')
  expect(seen['grpc-timeout']).toMatch(/^(29\d{4}|300000)m$/)
  expect(seen).not.toHaveProperty('x-request-deadline-ms')
})

test('W5: an answer of trailers alone stays one', async () => {
  const proxy = await rig((stream) =>
    stream.respond(
      { ':status': 200, 'content-type': type, 'grpc-status': '5', 'grpc-message': 'no such order' },
      { endStream: true },
    ),
  )
  const { head, body } = await call(proxy)
  expect(head).toMatchObject({ 'grpc-status': '5', 'grpc-message': 'no such order' })
  expect(head).not.toHaveProperty('content-length')
  expect(body).toBe('')
})

test('W5: the head of an answer does not wait for its first message', async () => {
  const proxy = await rig((stream) => {
    stream.respond({ ':status': 200, 'content-type': type, 'x-first': 'a' })
    // Nothing more before the client has seen that.
    stream.on('data', () => stream.end())
  })
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`)
  open.push({ close: () => client.destroy() })
  const stream = client.request({ ':method': 'POST', ':path': '/a', 'content-type': type })
  const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  expect(head).toMatchObject({ ':status': 200, 'x-first': 'a' })
  stream.end('seen')
  await once(stream.resume(), 'end')
})

test('W5: a backend that says no status at its end is UNKNOWN', async () => {
  const proxy = await rig((stream) => {
    stream.respond({ ':status': 200, 'content-type': type })
    stream.end('reply')
  })
  const { trailers } = await call(proxy)
  expect(trailers['grpc-status']).toBe('2')
})

test('W5: a reset in the middle of a stream is UNAVAILABLE behind what has come', async () => {
  const proxy = await rig((stream) => {
    stream.respond({ ':status': 200, 'content-type': type })
    stream.write('part', () => stream.destroy(new Error('broken')))
  })
  const { trailers, body } = await call(proxy)
  expect(body).toBe('part')
  expect(trailers['grpc-status']).toBe('14')
})

test('W5: the deadline of a call ends it before and behind its head', async () => {
  const silent = await rig(() => {})
  const early = await call(silent, { 'grpc-timeout': '50m' })
  expect(early.head).toMatchObject({ ':status': 200, 'grpc-status': '4', 'content-type': type })
  const stalled = await rig((stream) => {
    stream.respond({ ':status': 200, 'content-type': type })
    stream.write('part')
  })
  const late = await call(stalled, { 'grpc-timeout': '300m' })
  expect(late.trailers['grpc-status']).toBe('4')
  expect(late.body).toBe('part')
})

test.each([
  ['no backend', { ports: [] }, '14'],
  [
    'an address that is not admitted',
    {
      rule: { authorize: { kind: 'public', addresses: { allow: [], deny: ['127.0.0.1/32'] } } },
    } as Partial<TestOptions>,
    '7',
  ],
  [
    'a redirect',
    {
      rule: { action: { kind: 'redirect', status: 302, hostname: 'new.example' } },
    } as Partial<TestOptions>,
    '12',
  ],
])('W5: %s is told as a status of gRPC', async (_, options, status) => {
  const proxy = await rig((stream) => answer(stream), options)
  const { head } = await call(proxy)
  expect(head).toMatchObject({ ':status': 200, 'grpc-status': status })
  expect(head['grpc-message']).toMatch(/\w/)
  expect(head).not.toHaveProperty('location')
})

test('a call by HTTP/1.1 is refused with the reason; gRPC-Web is no call', async () => {
  const proxy = await rig((stream) => {
    stream.respond({ ':status': 200 })
    stream.end('web')
  })
  const post = async (contentType: string) => {
    const request = http.request({
      port: proxy.port,
      host: '127.0.0.1',
      agent: false,
      method: 'POST',
      headers: { 'content-type': contentType },
    })
    request.end('x')
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    let text = ''
    for await (const part of response) text += part
    return { status: response.statusCode, text }
  }
  const refused = await post('application/grpc+proto')
  expect(refused.status).toBe(426)
  expect(refused.text).toContain('gRPC is spoken over HTTP/2')
  expect(await post('application/grpc-web+proto')).toEqual({ status: 200, text: 'web' })
})
