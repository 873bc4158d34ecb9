import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { cutsOf, deliver, turns } from '../harness/deliver.ts'
import { startProxy } from '../harness/proxy.ts'
import { hostOf, ruleOf } from '../harness/rules.ts'
import { ok, startUpstream } from '../harness/upstream.ts'
import { canary, head, printed, type Rig, startRig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig({
    change: (snapshot, forward) => ({
      ...snapshot,
      hosts: [
        hostOf('*', [
          ['/', ruleOf('all', { action: forward })],
          ['/denied', ruleOf('denied', { action: forward, authorize: { kind: 'deny' } })],
          [
            '/small',
            ruleOf('small', { action: forward, limits: { requestBody: 4, concurrency: 0 } }),
          ],
        ]),
      ],
    }),
  })
})
afterAll(() => rig.close())

const post = (target: string, ...fields: readonly string[]): string =>
  head(`POST ${target} HTTP/1.1`, 'host: a', ...fields)
const expecting = (...fields: readonly string[]): string =>
  post('/', 'expect: 100-continue', ...fields)
const statusesOf = (text: string): readonly number[] =>
  answersOf(text).answers.map(({ status }) => status)

describe('Expect: 100-continue', () => {
  test.each([
    ['R18 with a length', expecting('content-length: 5'), 'hello', 'content-length: 5'],
    [
      'R18 in chunks',
      expecting('transfer-encoding: chunked'),
      '5\r\nhello\r\n0\r\n\r\n',
      'transfer-encoding: chunked',
    ],
    [
      'R18 in another case',
      post('/', 'Expect: 100-Continue', 'content-length: 5'),
      'hello',
      'content-length: 5',
    ],
  ])(
    '%s: the gateway asks for the body, the backend is not expected to',
    async (_, input, body, framing) => {
      const ways = cutsOf(input)
      const clients = await deliver(rig.proxy.port, ways)
      for (const client of clients) {
        expect(statusesOf(await client.until(/\r\n\r\n/))).toEqual([100])
        client.send(body + canary)
      }
      for (const client of clients) {
        expect(statusesOf(await client.until(/canary$/))).toEqual([100, 200, 200])
        client.leave()
      }
      const { messages, rest } = rig.recorder.take()
      const want = `POST / HTTP/1.1\nhost: a\n${framing}\nhello`
      const arrived = messages.map(printed)
      expect(arrived.filter((text) => text === want)).toHaveLength(ways.length)
      expect([arrived.length, rest]).toEqual([2 * ways.length, []])
    },
  )

  test('R18 the body sent at once: 100 or not, but one answer', async () => {
    const ways = cutsOf(`${expecting('content-length: 5')}hello`)
    for (const client of await deliver(rig.proxy.port, ways, canary)) {
      const statuses = statusesOf(await client.until(/canary$/))
      expect(statuses.filter((status) => status !== 100)).toEqual([200, 200])
      expect(statuses.length).toBeLessThanOrEqual(3)
      client.leave()
    }
    expect(
      rig.recorder
        .take()
        .messages.map(({ target, body }) => target + body)
        .sort(),
    ).toEqual([...ways.map(() => '/canary'), ...ways.map(() => '/hello')].sort())
  })

  test('R18 a request in the place of the body is the body', async () => {
    const ways = cutsOf(expecting(`content-length: ${canary.length}`))
    for (const client of await deliver(rig.proxy.port, ways, canary)) {
      const statuses = statusesOf(await client.until(/POST \/$/))
      expect(statuses.filter((status) => status !== 100)).toEqual([200])
      client.leave()
    }
    const { messages, rest } = rig.recorder.take()
    expect(messages.map(({ method, body }) => [method, body])).toEqual(
      ways.map(() => ['POST', canary]),
    )
    expect(rest).toEqual([])
  })

  test.each([
    ['R18 no path', post('/../x', 'expect: 100-continue', 'content-length: 5'), 400],
    ['R18 not authorized', post('/denied', 'expect: 100-continue', 'content-length: 5'), 503],
    ['R18 too large', post('/small', 'expect: 100-continue', 'content-length: 5'), 413],
  ] as const)(
    '%s: the answer is final, without a body asked for, and the connection ends',
    async (_, input, status) => {
      const ways = cutsOf(input)
      for (const client of await deliver(rig.proxy.port, ways, canary)) {
        const { answers, rest } = answersOf(await client.untilOver())
        expect([answers.map((answer) => answer.status), rest]).toEqual([[status], ''])
        expect(answers[0]?.fields).toContain('connection: close')
        client.leave()
      }
      await turns(2)
      expect(rig.recorder.take()).toEqual({ messages: [], rest: [] })
    },
  )

  test('R18 without a body there is nothing to ask for', () =>
    rig.forwards(
      head('GET / HTTP/1.1', 'host: a', 'expect: 100-continue'),
      'GET / HTTP/1.1\nhost: a\n',
    ))

  test('R18 HTTP/1.0 knows no 100', async () => {
    const client = new RawClient(rig.proxy.port)
    client.send(head('POST / HTTP/1.0', 'host: a', 'expect: 100-continue', 'content-length: 5'))
    await turns(6)
    expect(client.text).toBe('')
    expect(statusesOf(await client.send('hello').untilOver())).toEqual([200])
    client.leave()
  })

  test.each(
    [
      ...['y 100-continue', '200-ok', '100-continue, 200-ok', '100-continue, 100-continue', '100'],
      ...[
        '',
        '100-continuE;x',
        '"100-continue"',
        '100_continue',
        ', 100-continue',
        '\xa0100-continue',
      ],
    ].map((value) => [`R18 Expect: ${JSON.stringify(value)}`, value]),
  )('%s', (_, value) =>
    rig.refuses(`${post('/', `expect: ${value}`, 'content-length: 5')}hello`, 417),
  )

  test('R18 two of them', () =>
    rig.refuses(expecting('expect: 100-continue', 'content-length: 5'), 417))

  test('R18 a folded one', () =>
    rig.refuses(post('/', 'expect: 100-', ' continue', 'content-length: 5'), 400))
})

describe('Expect: 100-continue and the backend', () => {
  async function start(answer: (part: string) => string) {
    const upstream = await startUpstream(({ socket }, part) => socket.write(answer(part)))
    const proxy = await startProxy({ ports: [upstream.port] })
    const client = new RawClient(proxy.port)
    return {
      upstream,
      client,
      close: async () => {
        client.leave()
        await proxy.close()
        await upstream.close()
      },
    }
  }

  test('R18 its own 100 is not told a second time', async () => {
    const { client, close } = await start((part) =>
      part.includes('POST') ? 'HTTP/1.1 100 Continue\r\n\r\n' : ok('done'),
    )
    await client.send(expecting('content-length: 5')).until(/\r\n\r\n/)
    await turns(6)
    client.send('hello')
    expect(statusesOf(await client.until(/done$/))).toEqual([100, 200])
    await close()
  })

  test('R18 an answer before the body ends the connection, to the client and to the backend', async () => {
    const { client, upstream, close } = await start(
      () => 'HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nno\n',
    )
    client.send(expecting('content-length: 5'))
    const { answers, rest } = answersOf(await client.untilOver())
    expect([answers.map(({ status }) => status), rest]).toEqual([[100, 413], ''])
    expect(answers[1]?.fields).toContain('connection: close')
    while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
    await close()
  })
})
