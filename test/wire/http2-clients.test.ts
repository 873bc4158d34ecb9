import http2 from 'node:http2'
import { afterEach, describe, expect, test } from 'vitest'
import { preface } from '../../src/proxy/http2/frame.ts'
import { cutsOf, deliver } from '../harness/deliver.ts'
import { frame, get, H2Client, literal } from '../harness/h2-client.ts'
import { startProxy } from '../harness/proxy.ts'
import { startRecorder } from '../harness/recorder.ts'
import { printed } from './rig.ts'

const open: { close(): unknown }[] = []
const opened = <T extends { close(): unknown }>(each: T): T => {
  open.push(each)
  return each
}
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function start() {
  const recorder = opened(await startRecorder())
  const proxy = opened(
    await startProxy({ ports: [recorder.port], h2c: true, limits: { connectionsPerClient: 5000 } }),
  )
  return { recorder, proxy }
}

/** One request by Node's own client. */
function ask(session: http2.ClientHttp2Session, fields: http2.OutgoingHttpHeaders, body = '') {
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const stream = session.request(fields, { endStream: body === '' })
    let status: number | undefined
    let text = ''
    stream.on('response', (head) => (status = head[':status']))
    stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    stream.on('end', () => resolve({ status, body: text }))
    stream.on('error', reject)
    if (body !== '') stream.end(body)
  })
}

describe('the client of Node', () => {
  const connect = (port: number) => {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    session.on('error', () => {})
    opened({ close: () => session.destroy() })
    return session
  }

  test('gets answers, many at once, on one connection', async () => {
    const { proxy, recorder } = await start()
    const session = connect(proxy.port)
    const paths = Array.from({ length: 300 }, (_, i) => `/orders/${i}?a=${i}`)
    const answers = await Promise.all(paths.map((path) => ask(session, { ':path': path })))
    expect(answers).toEqual(paths.map((path) => ({ status: 200, body: `GET ${path}` })))
    expect(recorder.take().messages).toHaveLength(300)
    expect(proxy.finished.map(({ request }) => request.protocol)).toEqual(paths.map(() => '2'))
  })

  test('sends a body of any size, with and without a length', async () => {
    const { proxy, recorder } = await start()
    const session = connect(proxy.port)
    const body = 'x'.repeat(3_000_000)
    await ask(session, { ':method': 'POST', ':path': '/a' }, body)
    await ask(session, { ':method': 'POST', ':path': '/b', 'content-length': '5' }, 'hello')
    const [first, second] = recorder.take().messages
    expect([first?.fields.includes('transfer-encoding: chunked'), first?.body.length]).toEqual([
      true,
      body.length,
    ])
    expect([second?.fields.includes('content-length: 5'), second?.body]).toEqual([true, 'hello'])
  })
})

describe('what reaches a backend', () => {
  test('is the message that HTTP/1.1 would have been, cookie crumbs in one field', async () => {
    const { proxy, recorder } = await start()
    const client = opened(new H2Client(proxy.port))
    client.request(
      1,
      get('/a?b', ['cookie', 'a=1'], ['x-one', '\xe9\x85'], ['cookie', 'b=2'], ['te', 'trailers']),
    )
    expect((await client.answered(1)).body).toBe('GET /a?b')
    expect(recorder.take().messages.map(printed)).toEqual([
      'GET /a?b HTTP/1.1\nhost: api.example\ncookie: a=1; b=2\nx-one: \xe9\x85\n',
    ])
  })
})

describe('prior knowledge', () => {
  const hello = Buffer.concat([
    Buffer.from(preface),
    frame(4, 0, 0),
    frame(1, 5, 1, literal(get('/known'))),
  ]).toString('latin1')

  test('is found wherever the bytes are cut', async () => {
    const { proxy, recorder } = await start()
    const ways = cutsOf(hello)
    const clients = await deliver(proxy.port, ways)
    for (const client of clients) {
      await client.until(/GET \/known/)
      client.leave()
    }
    expect(recorder.take().messages).toHaveLength(ways.length)
  })

  test('H15 what is only like it is HTTP/1.1', async () => {
    const { proxy } = await start()
    for (const input of ['PRI * HTTP/2.0\r\n\r\nSM\r\n\rX', 'PRI * HTTP/2.1\r\n\r\n', 'PUT /']) {
      const ways = cutsOf(input)
      for (const client of await deliver(proxy.port, ways, ' x\r\n\r\n')) {
        expect(await client.untilOver()).toMatch(/^HTTP\/1\.1 (400|505) /)
        client.leave()
      }
    }
  })
})
