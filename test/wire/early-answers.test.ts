import { afterEach, describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { turns } from '../harness/deliver.ts'
import { type FakeClock, fakeClock } from '../harness/fake-clock.ts'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { ok, type Seen, startUpstream, type Upstream } from '../harness/upstream.ts'
import { canary, head } from './rig.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

interface Setup {
  readonly upstream: Upstream
  readonly proxy: TestProxy
  readonly clock: FakeClock
  readonly client: RawClient
}

/** A gateway whose time stands still, and a backend that answers as soon as it has seen a head. */
async function start(
  act: (seen: Seen, part: string) => void = early(ok('early')),
  options: Partial<TestOptions> = {},
): Promise<Setup> {
  const clock = fakeClock()
  const upstream = await startUpstream(act)
  const proxy = await startProxy({ ports: [upstream.port], clock, ...options })
  const client = new RawClient(proxy.port)
  open.push(upstream, proxy, client)
  return { upstream, proxy, clock, client }
}

function early(answer: string): (seen: Seen, part: string) => void {
  return ({ socket }, part) => {
    if (/^(GET|POST) /.test(part)) socket.write(part.startsWith('GET') ? ok('own') : answer)
  }
}

const post = (...fields: readonly string[]): string => head('POST / HTTP/1.1', 'host: a', ...fields)

/** A clean request on a new connection gets its own answer, from a new connection to the backend. */
async function expectUnpooled({ proxy, upstream }: Setup): Promise<void> {
  const other = new RawClient(proxy.port)
  open.push(other)
  expect(answersOf(await other.send(canary).until(/own$/)).answers[0]?.body).toBe('own')
  expect(upstream.connections).toHaveLength(2)
  while (upstream.connections[0]?.socket.destroyed === false) await turns(1)
}

describe('an answer before the body was read', () => {
  test.each([
    ['R19 with a length', post('content-length: 1000000')],
    ['R19 in chunks', `${post('transfer-encoding: chunked')}5\r\nhello\r\n`],
  ])('%s is passed on, and the connections of both sides end', async (_, input) => {
    const setup = await start()
    const { answers, rest } = answersOf(await setup.client.send(input).untilOver())
    expect([answers.map(({ body }) => body), rest]).toEqual([['early'], ''])
    expect(answers[0]?.fields).toContain('connection: close')
    await expectUnpooled(setup)
  })

  test('R19 the rest is read and thrown away, so that the answer arrives', async () => {
    const setup = await start()
    const { client, upstream } = setup
    await client.send(`${post('content-length: 60000')}x`).until(/early$/)
    client.send('x'.repeat(59_999) + canary)
    expect(answersOf(await client.untilOver()).answers.map(({ body }) => body)).toEqual(['early'])
    expect([client.reset, upstream.text()]).toEqual([false, expect.not.stringContaining('canary')])
    await expectUnpooled(setup)
  })

  test('R19 of more than 64 KiB the rest is cut', async () => {
    const { client, proxy } = await start()
    await client.send(post('content-length: 1000000')).until(/early$/)
    client.send('x'.repeat(70_000))
    while (proxy.proxy.connections > 0) await turns(1)
    expect(answersOf(client.text).answers.map(({ body }) => body)).toEqual(['early'])
  })

  test('R19 after 1 s it is cut as well', async () => {
    const { client, proxy, clock } = await start()
    await client.send(post('content-length: 1000000')).untilOver()
    await turns(4)
    clock.advance(900)
    await turns(4)
    expect(proxy.proxy.connections).toBe(1)
    clock.advance(200)
    while (proxy.proxy.connections > 0) await turns(1)
  })

  test('R19 a long answer goes on while the body comes', async () => {
    const setup = await start(({ socket }, part) => {
      if (part.startsWith('GET')) socket.write(ok('own'))
      else if (part.startsWith('POST'))
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
      else socket.write(`${part.length.toString(16)}\r\n${part}\r\n`)
    })
    const { client, upstream } = setup
    await client.send(post('content-length: 6')).until(/\r\n\r\n/)
    await client.send('one').until(/one/)
    await client.send('two').until(/two/)
    upstream.connections[0]?.socket.write('0\r\n\r\n')
    expect(await client.untilOver()).toMatch(
      /connection: close\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n$/,
    )
  })

  test('R19 from a backend that closes at once', async () => {
    const setup = await start(({ socket }, part) => {
      if (part.startsWith('GET')) socket.write(ok('own'))
      else socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno')
    })
    setup.client.send(`${post('content-length: 1000000')}hello`)
    const { answers } = answersOf(await setup.client.untilOver())
    expect(answers.map(({ status, body }) => [status, body])).toEqual([[403, 'no']])
    await expectUnpooled(setup)
  })

  test('R19 one of the gateway itself', async () => {
    const action = {
      kind: 'respond',
      status: 200,
      body: 'own',
      contentType: 'text/plain',
      headers: [],
    } as const
    const { client, upstream } = await start(undefined, { rule: { action } })
    const text = await client.send(`${post('content-length: 1000000')}hello${canary}`).untilOver()
    expect(answersOf(text).answers.map(({ body }) => body)).toEqual(['own'])
    expect([client.reset, upstream.connections]).toEqual([false, []])
  })
})
