import { afterEach, describe, expect, test } from 'vitest'
import { RawClient } from '../harness/client.ts'
import { startProxy, type TestOptions, type TestProxy } from '../harness/proxy.ts'
import { answering, ok, type Seen, startUpstream, type Upstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function setUp(act: (seen: Seen, part: string) => void, options: Partial<TestOptions> = {}) {
  const upstream = await startUpstream(act)
  const proxy = await startProxy({ ports: [upstream.port], ...options })
  const client = new RawClient(proxy.port)
  open.push(upstream, proxy, client)
  return { upstream, proxy, client } satisfies {
    upstream: Upstream
    proxy: TestProxy
    client: RawClient
  }
}

const get = (path = '/'): string => `GET ${path} HTTP/1.1\r\nhost: a.example\r\n\r\n`
const statusOf = (text: string): string => text.slice(9, 12)

/** A clean request on a connection of its own gets its own answer. */
async function canary(proxy: TestProxy): Promise<string> {
  const client = new RawClient(proxy.port)
  open.push(client)
  return statusOf(await client.send(get('/canary')).until(/\r\n\r\n/))
}

describe('an upstream that breaks', () => {
  test('D1: a reset before the head is 502', async () => {
    const { client } = await setUp(({ socket }) => socket.resetAndDestroy(), {
      forward: {
        retry: {
          attempts: 0,
          on: [],
          statuses: [],
          backoffMs: 1,
          budgetPercent: 20,
          idempotencyKeys: 'Never',
        },
      },
    })
    expect(statusOf(await client.send(get()).until(/upstream_reset/))).toBe('502')
  })

  test('D1: a reset in the head is 502', async () => {
    const { client } = await setUp(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-le', () => socket.destroy()),
    )
    expect(await client.send(get()).until(/upstream_reset/)).toMatch(/^HTTP\/1.1 502 /)
  })

  test.each([
    [
      'D1: a body that ends short of its length aborts the client',
      'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf',
    ],
    [
      'D1: a chunked body that ends without its last chunk aborts the client',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    ],
  ])('%s', async (_, answer) => {
    const { client, proxy } = await setUp(({ socket }) =>
      socket.write(answer, () => setImmediate(() => socket.end())),
    )
    const text = await client.send(get()).untilOver()
    expect(client.reset).toBe(true)
    expect(text).not.toMatch(/0\r\n\r\n$/)
    expect(proxy.errors).toEqual([])
  })

  test.each([
    ['no status line', 'hello\r\n\r\n'],
    ['HTTP/0.9', '<html></html>'.padEnd(40)],
    ['a status of two digits', 'HTTP/1.1 99 X\r\n\r\n'],
    [
      'both framings',
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc'],
    ['a bare LF', 'HTTP/1.1 200 OK\nx: y\n\n'],
    ['a NUL', 'HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n'],
    ['101 that nobody asked for', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n'],
    ['a 204 with a length', 'HTTP/1.1 204 No\r\ncontent-length: 3\r\n\r\nabc'],
    ['more 1xx than anyone needs', 'HTTP/1.1 103 Hints\r\nlink: a\r\n\r\n'.repeat(1000)],
    ['a head of 1 MB', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(1_000_000)}\r\n\r\n`],
    ['a bad chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    [
      'a first chunk below zero',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n',
    ],
  ])('D2: %s is 502, and its connection is not used again', async (_, answer) => {
    const { client, upstream, proxy } = await setUp((seen, part) => {
      if (part.includes('/canary')) seen.socket.write(ok())
      else seen.socket.write(answer, 'latin1')
    })
    const text = await client.send(get()).until(/upstream_protocol_error/)
    expect(text).toMatch(/HTTP\/1.1 502 /)
    expect(text).not.toMatch(/HTTP\/1.1 200 /)
    expect(await canary(proxy)).toBe('200')
    expect(upstream.connections.length).toBe(2)
    expect(proxy.finished[0]).toMatchObject({
      status: 502,
      failure: { code: 'upstream_protocol_error' },
      attempts: [{ outcome: 'upstream_protocol_error' }],
    })
    expect(proxy.errors).toEqual([])
  })

  test('D2: a bad chunk after a head that is out aborts the client', async () => {
    const { client, upstream } = await setUp(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'),
    )
    await client.send(get()).until(/\r\n\r\n/)
    upstream.connections[0]?.socket.write('-5\r\n')
    expect(await client.untilOver()).toMatch(/^HTTP\/1.1 200 .*\r\n\r\n$/s)
    expect(client.reset).toBe(true)
  })

  test('D3: bytes on an idle connection are no answer: the connection goes, the next request gets a new one', async () => {
    const { client, upstream, proxy } = await setUp((seen, part) => {
      if (part.includes('/first')) seen.socket.write(ok('first') + ok('poison'))
      else if (part.includes('/third')) seen.socket.write(ok('third'))
    })
    await client.send(get('/first')).until(/first/)
    client.send(get('/third'))
    expect(await client.until(/third/)).not.toContain('poison')
    expect(upstream.connections.length).toBe(2)
    expect(await proxy.proxy.runtime.metrics.metrics.exposition()).toMatch(
      /fairlead_rejected_requests_total\{reason="unsolicited_answer"\} 1/,
    )
    expect(proxy.errors).toEqual([])
  })

  test('D3: bytes that come later on an idle connection are counted and destroy it', async () => {
    const { client, upstream, proxy } = await setUp((seen, part) => {
      seen.socket.write(ok(part.includes('/a') ? 'answer-a' : 'answer-b'))
    })
    await client.send(get('/a')).until(/answer-a/)
    const [first] = upstream.connections
    const gone = new Promise((resolve) => first?.socket.once('close', resolve))
    first?.socket.write(ok('poison'))
    await gone
    expect(await client.send(get('/b')).until(/answer-b/)).not.toContain('poison')
    expect(await proxy.proxy.runtime.metrics.metrics.exposition()).toMatch(
      /fairlead_rejected_requests_total\{reason="unsolicited_answer"\} 1/,
    )
  })

  test('D4: a kept connection that closes as we write is tried once more, for a safe method', async () => {
    const { client, upstream } = await setUp((seen) => {
      const count = seen.text.split('\r\n\r\n').length - 1
      if (count === 1) seen.socket.write(ok('answer'))
      else seen.socket.destroy()
    })
    await client.send(get('/1')).until(/answer/)
    client.text = ''
    expect(statusOf(await client.send(get('/2')).until(/answer/))).toBe('200')
    expect(upstream.connections.length).toBe(2)
  })

  test('D4: a POST on such a connection is not repeated', async () => {
    const { client, upstream } = await setUp((seen) => {
      if ((seen.text.match(/HTTP\/1.1\r\n/g) ?? []).length === 1) seen.socket.write(ok('answer'))
      else seen.socket.destroy()
    })
    const post = 'POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 2\r\n\r\nhi'
    await client.send(post).until(/answer/)
    client.text = ''
    expect(statusOf(await client.send(post).until(/upstream_reset/))).toBe('502')
    expect(upstream.connections.length).toBe(1)
  })

  test('D5: one that never answers is 504 with its clock, and its connection goes', async () => {
    const { client, upstream } = await setUp(() => {}, {
      rule: { timeouts: { requestMs: 5000, backendRequestMs: 100, connectMs: 1000, idleMs: 5000 } },
    })
    const text = await client.send(get()).until(/spentMs/)
    expect(text).toMatch(/^HTTP\/1.1 504 /)
    expect(text).toMatch(/"clock":"backendRequest","limitMs":100/)
    await closed(upstream)
  })

  test('D5: one that stops in the middle of a body is cut by the idle clock', async () => {
    const { client } = await setUp(
      ({ socket }) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'),
      {
        rule: {
          timeouts: { requestMs: 5000, backendRequestMs: 5000, connectMs: 1000, idleMs: 100 },
        },
      },
    )
    await client.send(get()).untilOver()
    expect(client.reset).toBe(true)
  })

  test('D5: a client that leaves takes its request along', async () => {
    const { client, upstream } = await setUp(() => {})
    client.send(get())
    await some(upstream)
    client.socket.resetAndDestroy()
    await closed(upstream)
  })

  test('the request clock covers everything', async () => {
    const { client } = await setUp(() => {}, {
      rule: { timeouts: { requestMs: 100, backendRequestMs: 0, connectMs: 1000, idleMs: 0 } },
    })
    expect(await client.send(get()).until(/spentMs/)).toMatch(
      /504 .*request_budget_exhausted.*"clock":"request","limitMs":100/s,
    )
  })

  test('a failed connect is tried at another backend, also for a POST', async () => {
    const dead = await startUpstream(() => {})
    await dead.close()
    const upstream = await startUpstream(answering(ok('alive')))
    const proxy = await startProxy({ ports: [dead.port, upstream.port] })
    open.push(upstream, proxy)
    for (let i = 0; i < 4; i++) {
      const client = new RawClient(proxy.port)
      open.push(client)
      expect(
        statusOf(
          await client
            .send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi')
            .until(/alive|code/),
        ),
      ).toBe('200')
    }
    expect(upstream.text().match(/\r\n\r\nhi/g)).toHaveLength(4)
  })

  test('W6: 103 goes through before the answer', async () => {
    const { client } = await setUp(({ socket }) =>
      socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n${ok()}`),
    )
    expect(await client.send(get()).until(/hello/)).toMatch(
      /^HTTP\/1.1 103 .*link: <\/a.css>.*HTTP\/1.1 200 /s,
    )
  })

  test('more requests than connections wait, and more than may wait are refused', async () => {
    const waiting: Seen[] = []
    const { proxy, upstream } = await setUp((seen) => void waiting.push(seen), {
      maxConnections: 1,
      maxPending: 1,
    })
    const clients = [1, 2, 3].map(() => new RawClient(proxy.port))
    open.push(...clients)
    clients[0]?.send(get('/0'))
    await some(upstream)
    clients[1]?.send(get('/1'))
    clients[2]?.send(get('/2'))
    const refused = await Promise.race([
      clients[1]?.until(/overloaded/),
      clients[2]?.until(/overloaded/),
    ])
    expect(refused).toMatch(/^HTTP\/1.1 503 /)
    waiting[0]?.socket.write(ok('one'))
    await clients[0]?.until(/one/)
  })
})

async function some(upstream: Upstream): Promise<void> {
  while (upstream.text() === '') await new Promise((resolve) => setImmediate(resolve))
}

async function closed(upstream: Upstream): Promise<void> {
  const socket = upstream.connections[0]?.socket
  if (socket !== undefined && !socket.destroyed)
    await new Promise((resolve) => socket.once('close', resolve))
}

test('U6: what only the gateway says of an answer is not taken from a backend', async () => {
  const { client } = await setUp(
    answering(
      'HTTP/1.1 103 Early Hints\r\nx-fairlead-region: evil\r\n\r\n' +
        'HTTP/1.1 200 OK\r\nX-Fairlead-Route: evil\r\nx-fairlead: kept\r\nx-fairlead-attempts: evil\r\ncontent-length: 2\r\n\r\nok',
    ),
  )
  const text = await client.send(get()).until(/ok$/)
  expect(text).not.toMatch(/evil/)
  expect(text).toMatch(/x-fairlead: kept/)
})

describe('an answer without a body', () => {
  const lengths = (text: string): string[] =>
    text.match(/^(content-length|transfer-encoding).*$/gm) ?? []
  const head = 'HEAD / HTTP/1.1\r\nhost: a.example\r\n\r\n'

  test.each([
    [
      'HEAD with a length',
      head,
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n',
      ['content-length: 5'],
    ],
    [
      'HEAD with a length of 0',
      head,
      'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      ['content-length: 0'],
    ],
    ['HEAD without one', head, 'HTTP/1.1 200 OK\r\n\r\n', []],
    ['HEAD in chunks', head, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', []],
    [
      '304 with a length',
      get(),
      'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n',
      ['content-length: 5'],
    ],
    ['304 without one', get(), 'HTTP/1.1 304 Not Modified\r\n\r\n', []],
    ['204', get(), 'HTTP/1.1 204 No Content\r\n\r\n', []],
  ])(
    'gets no length that the backend did not tell (RFC 9110 §8.6): %s',
    async (_, request, answer, want) => {
      const { client, upstream, proxy } = await setUp(answering(answer))
      expect(lengths(await client.send(request).until(/\r\n\r\n/))).toEqual(want)
      client.text = ''
      expect(
        lengths(await client.send(request).until(/\r\n\r\n/)),
        'on the same connection',
      ).toEqual(want)
      expect(upstream.connections.length).toBe(1)
      expect(proxy.errors).toEqual([])
    },
  )
})

describe('D7: files that may be open', () => {
  test('clients get four fifths of them, whatever the settings say; those who have a connection keep it', async () => {
    const { proxy, client, upstream } = await setUp(answering(ok()), { openFiles: 5 })
    expect(statusOf(await client.send(get()).until(/hello/))).toBe('200')
    const others = [1, 2, 3].map(() => new RawClient(proxy.port))
    open.push(...others)
    for (const other of others) expect(statusOf(await other.send(get()).until(/hello/))).toBe('200')
    const fifth = new RawClient(proxy.port)
    open.push(fifth)
    expect(await fifth.untilOver()).toBe('')
    expect(proxy.rejected).toEqual(['connections'])
    expect(upstream.connections.length).toBeLessThanOrEqual(4)
  })
})
