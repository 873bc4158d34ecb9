import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { cutsOf, deliver, turns } from '../harness/deliver.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { startProxy } from '../harness/proxy.ts'
import { ok, type Seen, startUpstream } from '../harness/upstream.ts'
import { canary, head, type Rig, startRig } from './rig.ts'

const open: { close(): unknown }[] = []
const opened = <T extends { close(): unknown }>(each: T): T => {
  open.push(each)
  return each
}
let rig: Rig
beforeAll(async () => {
  rig = opened(await startRig())
})
afterAll(async () => {
  for (const each of open.reverse()) await each.close()
})

const post = (...fields: readonly string[]): string => head('POST / HTTP/1.1', 'host: a', ...fields)
const TE = 'transfer-encoding: chunked'

describe('bodies that end early', () => {
  test.each([
    ['F14 half a body, then FIN', `${post('content-length: 10')}hello`],
    ['F14 no byte of a body, then FIN', post('content-length: 10')],
    ['F14 all but one byte, then FIN', `${post('content-length: 6')}hello`],
    ['F21 no last chunk, then FIN', `${post(TE)}5\r\nhello\r\n`],
    ['F21 half a chunk, then FIN', `${post(TE)}a\r\nhello`],
    ['F21 a last chunk without its end, then FIN', `${post(TE)}5\r\nhello\r\n0\r\n`],
    ['F21 a trailer without its end, then FIN', `${post(TE)}5\r\nhello\r\n0\r\nx: y\r\n`],
  ])('%s', (_, input) => rig.abandons(input))

  test('F15 a length above the limit is 413 at once', async () => {
    const limited = opened(
      await startRig({ rule: { limits: { requestBody: 10, concurrency: 0 } } }),
    )
    await limited.refuses(post('content-length: 999999999'), 413)
    await limited.refuses(post('content-length: 11'), 413)
    await limited.refusesBody(`${post(TE)}6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n`, 413)
    await limited.forwards(
      `${post('content-length: 10')}helloworld`,
      'POST / HTTP/1.1\nhost: a\ncontent-length: 10\nhelloworld',
    )
  })

  test('F15 a body that does not come is 408 at its clock, and costs no memory before', async () => {
    const clock = fakeClock()
    const waiting = opened(
      await startRig({
        clock,
        clocks: { bodyIdleMs: 3000 },
        rule: { timeouts: { requestMs: 0, backendRequestMs: 0, connectMs: 0, idleMs: 0 } },
      }),
    )
    const before = process.memoryUsage().arrayBuffers
    const ways = cutsOf(post('content-length: 999999999'))
    const clients = await deliver(waiting.proxy.port, ways)
    await turns(4)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
    clock.advance(2900)
    await turns(4)
    expect(clients.map(({ text }) => text).join('')).toBe('')
    clock.advance(200)
    for (const client of clients) {
      const { answers, rest } = answersOf(await client.untilOver())
      expect([answers.length, answers[0]?.status, rest]).toEqual([1, 408, ''])
      expect(answers[0]?.fields).toContain('connection: close')
      expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({
        code: 'request_timeout',
        clock: 'bodyIdle',
        limitMs: 3000,
      })
      client.leave()
    }
    const { messages, rest } = waiting.recorder.take()
    expect(messages).toEqual([])
    for (const { socket } of rest) while (!socket.destroyed) await turns(1)
    const metrics = await waiting.proxy.proxy.runtime.metrics.metrics.exposition()
    expect(metrics).toContain(`fairlead_timeouts_total{clock="bodyIdle"} ${ways.length}`)
  })
})

describe('a client that stays after it was refused', () => {
  async function refused() {
    const clock = fakeClock()
    const upstream = opened(await startUpstream(() => {}))
    const proxy = opened(await startProxy({ ports: [upstream.port], clock }))
    const client = opened(new RawClient(proxy.port))
    const text = await client.send('GET / HTTP/1.1\r\n\r\n').untilOver()
    expect(answersOf(text).answers.map(({ status }) => status)).toEqual([400])
    return { clock, proxy, client }
  }

  test('F23 is cut after 1 s', async () => {
    const { clock, proxy } = await refused()
    await turns(4)
    clock.advance(900)
    await turns(4)
    expect(proxy.proxy.connections).toBe(1)
    clock.advance(200)
    while (proxy.proxy.connections > 0) await turns(1)
  })

  test('F23 is cut when it goes on for more than 64 KiB', async () => {
    const { proxy, client } = await refused()
    client.send('x'.repeat(60_000))
    await turns(8)
    expect(proxy.proxy.connections).toBe(1)
    client.send('x'.repeat(10_000))
    while (proxy.proxy.connections > 0) await turns(1)
    expect(answersOf(client.text).answers).toHaveLength(1)
  })
})

describe('what follows a message', () => {
  test.each([
    ['F23 after a GET', head('GET / HTTP/1.1', 'host: a', 'connection: close'), 'GET /'],
    ['F23 after a body', `${post('content-length: 5', 'connection: close')}hello`, 'POST /'],
    ['F23 after chunks', `${post(TE, 'Connection: Close')}5\r\nhello\r\n0\r\n\r\n`, 'POST /'],
    [
      'F23 after close among others',
      head('GET / HTTP/1.1', 'host: a', 'connection: x, close'),
      'GET /',
    ],
    ['F23 after HTTP/1.0', head('GET / HTTP/1.0', 'host: a'), 'GET /'],
  ])('%s nothing is read', async (_, input, body) => {
    const ways = cutsOf(input)
    const clients = await deliver(rig.proxy.port, ways, canary)
    for (const client of clients) {
      const { answers, rest } = answersOf(await client.untilOver())
      expect([answers.map((answer) => answer.body), rest]).toEqual([[body], ''])
      expect(answers[0]?.fields).toContain('connection: close')
      client.leave()
    }
    await turns(2)
    const { messages, rest } = rig.recorder.take()
    expect(messages.map(({ target }) => target)).toEqual(ways.map(() => '/'))
    expect(rest).toEqual([])
  })

  const pipelined = Array.from({ length: 1000 }, (_, i) => head(`GET /${i} HTTP/1.1`, 'host: a'))

  test('F24 1,000 requests in one segment are answered in order, one at a time', async () => {
    let inFlight = 0
    let most = 0
    const upstream = opened(
      await startUpstream(({ socket }, part) => {
        most = Math.max(most, ++inFlight)
        setImmediate(() => {
          inFlight--
          socket.write(ok(part.split(' ')[1]))
        })
      }),
    )
    const proxy = opened(await startProxy({ ports: [upstream.port] }))
    const client = opened(new RawClient(proxy.port))
    const { answers, rest } = answersOf(await client.send(pipelined.join('')).until(/\/999$/))
    expect(answers.map(({ body }) => body)).toEqual(pipelined.map((_, i) => `/${i}`))
    expect([rest, most]).toEqual(['', 1])
  })

  test('F24 they stop at the first bad one', async () => {
    const bad = head('GET /bad HTTP/1.1', 'host: a', 'content-length: x')
    const all = [...pipelined.slice(0, 500), bad, ...pipelined.slice(500)]
    const client = opened(new RawClient(rig.proxy.port))
    const { answers, rest } = answersOf(await client.send(all.join('')).untilOver())
    expect(answers.map(({ status, body }) => (status === 200 ? body : status))).toEqual([
      ...pipelined.slice(0, 500).map((_, i) => `GET /${i}`),
      400,
    ])
    expect([rest, client.reset]).toEqual(['', false])
    expect(rig.recorder.take().messages).toHaveLength(500)
  })

  test('F24 while one is in flight, input is paused', async () => {
    const held: Seen[] = []
    const upstream = opened(
      await startUpstream((seen, part) => {
        if (part.startsWith('GET /canary')) seen.socket.write(ok())
        else held.push(seen)
      }),
    )
    const proxy = opened(await startProxy({ ports: [upstream.port] }))
    const client = opened(new RawClient(proxy.port))
    client.send(head('GET /held HTTP/1.1', 'host: a'))
    // More than the kernel's buffers of both sides hold: it can only be gone if the gateway reads on.
    client.send(head('GET /next HTTP/1.1', 'host: a', `x: ${'y'.repeat(8000)}`).repeat(4000))
    for (let i = 0; i < 50; i++) {
      const other = new RawClient(proxy.port)
      await other.send(canary).until(/hello$/)
      other.leave()
    }
    expect(client.socket.writableLength).toBeGreaterThan(0)
    expect(held).toHaveLength(1)
    held[0]?.socket.write(ok('held'))
    await client.until(/held$/)
    expect(answersOf(client.text).answers.map(({ body }) => body)).toEqual(['held'])
  })
})
