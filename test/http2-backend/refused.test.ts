import { once } from 'node:events'
import http2 from 'node:http2'
import { afterEach, expect, test } from 'vitest'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { type Act, type Http2Backend, startHttp2 } from './backend.ts'

const open: { close(): unknown }[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

interface Rig {
  readonly proxy: TestProxy
  readonly backend: Http2Backend
  readonly client: http2.ClientHttp2Session
}

async function rig(
  act: Act,
  options: Partial<TestOptions> = {},
  server: http2.ServerOptions = {},
): Promise<Rig> {
  const backend = await startHttp2(act, server)
  open.push(backend)
  const proxy = await startProxy({ ports: [backend.port], protocol: 'H2C', h2c: true, ...options })
  open.push(proxy)
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`)
  open.push({ close: () => client.destroy() })
  return { proxy, backend, client }
}

interface Answer {
  readonly status: number | undefined
  readonly body: string
}

async function ask({ client }: Rig, method: string, body = ''): Promise<Answer> {
  const stream = client.request({ ':method': method, ':path': '/' }, { endStream: body === '' })
  if (body !== '') stream.end(body)
  const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  let text = ''
  for await (const part of stream.setEncoding('utf8')) text += part
  return { status: Number(head[':status']), body: text }
}

const refuse = (stream: http2.ServerHttp2Stream): void =>
  stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)

const echo = (stream: http2.ServerHttp2Stream): void => {
  stream.respond({ ':status': 200 })
  stream.pipe(stream)
}

/** Does the first of these with the first stream, and so on; the last with all others. */
const inTurn = (...acts: Act[]): { act: Act; count: () => number } => {
  let count = 0
  return {
    act: (stream, headers) => acts[Math.min(count++, acts.length - 1)]?.(stream, headers),
    count: () => count,
  }
}

test.each(['POST', 'PUT'])(
  '%s that is refused on a kept connection is sent again',
  async (method) => {
    const turns = inTurn(echo, refuse, echo)
    const all = await rig(turns.act)
    expect(await ask(all, 'POST', 'warm')).toEqual({ status: 200, body: 'warm' })
    expect(await ask(all, method, 'again')).toEqual({ status: 200, body: 'again' })
    expect(turns.count()).toBe(3)
    expect(all.backend.sessions).toHaveLength(1)
  },
)

test('POST behind the last stream of a GOAWAY on a kept connection is sent again on another', async () => {
  const leave: Act = (stream) => stream.session?.goaway(0, 1)
  const turns = inTurn(echo, leave, echo)
  const all = await rig(turns.act)
  await ask(all, 'POST', 'warm')
  expect(await ask(all, 'POST', 'again')).toEqual({ status: 200, body: 'again' })
  expect(all.backend.sessions).toHaveLength(2)
})

test.each([0, 1, 3])(
  'attempts: %i is so many further tries, beside the one that a refusal has for nothing',
  async (attempts) => {
    const retry = {
      attempts,
      on: ['ConnectFailure', 'Reset'] as const,
      statuses: [],
      backoffMs: 1,
      budgetPercent: 100,
      idempotencyKeys: 'Never' as const,
    }
    const turns = inTurn(refuse)
    const all = await rig(turns.act, { forward: { retry } })
    expect(await ask(all, 'POST', 'body')).toMatchObject({ status: 502 })
    expect(turns.count()).toBe(1 + 1 + attempts)
  },
)

test.each([1, 10])(
  'a burst of 60 before the backend has said that it takes %i at once loses nothing, and is refused little',
  async (most) => {
    let refused = 0
    const running = new Map<unknown, number>()
    const act: Act = (stream) => {
      const { session } = stream
      const count = (running.get(session) ?? 0) + 1
      if (count > most) {
        refused++
        return refuse(stream)
      }
      running.set(session, count)
      stream.on('close', () => running.set(session, (running.get(session) ?? 0) - 1))
      setImmediate(() => echo(stream))
    }
    const all = await rig(act, { maxConnections: 20 }, { settings: { maxConcurrentStreams: most } })
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        ask(all, n % 2 === 0 ? 'GET' : 'POST', n % 2 === 0 ? '' : `${n}`),
      ),
    )
    expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(
      answers.map((_, n) => (n % 2 === 0 ? '200 ' : `200 ${n}`)),
    )
    expect(refused).toBeLessThan(20)
  },
)

test('a body of 1 MB waits with its head, and arrives whole', async () => {
  const all = await rig(echo)
  const body = 'abcdefgh'.repeat(128 * 1024)
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(all, 'POST', body)))
  expect(answers.every((answer) => answer.body === body)).toBe(true)
})

test('refusals are no illness: nothing is ejected for them', async () => {
  const turns = inTurn(refuse)
  const all = await rig(turns.act, {
    passive: { consecutiveFailures: 1, maxEjected: 100 },
    forward: { failover: { panic: 'Fail', useDrained: false } },
  })
  await ask(all, 'GET')
  await ask(all, 'GET')
  const codes = all.proxy.finished.map(({ failure }) => failure?.code)
  expect(codes).toEqual(['upstream_reset', 'upstream_reset'])
})
