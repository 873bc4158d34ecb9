import { afterEach, describe, expect, test } from 'vitest'
import type { Retry } from '../../src/model/snapshot.ts'
import { RawClient } from '../harness/client.ts'
import { startProxy } from '../harness/proxy.ts'
import { answering, ok, type Seen, startUpstream } from '../harness/upstream.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

const fails = (seen: Seen, part: string): void => {
  if (part.includes('\r\n\r\n'))
    seen.socket.write('HTTP/1.1 503 X\r\ncontent-length: 4\r\n\r\ndown')
}
const resets = ({ socket }: Seen): void => void socket.resetAndDestroy()

const retry: Retry = {
  attempts: 1,
  on: ['ConnectFailure', 'Reset', 'Timeout'],
  statuses: [503],
  backoffMs: 0,
  budgetPercent: 100,
  idempotencyKeys: 'Never',
}

interface Region {
  readonly act: (seen: Seen, part: string) => void
  readonly region?: string
  readonly priority?: number
}

/** A gateway with one backend a region; the first of them serves first, by priority. */
async function setUp(regions: readonly Region[], own: Partial<Retry> = {}) {
  const upstreams = []
  for (const { act } of regions) upstreams.push(await startUpstream(act))
  const ports = upstreams.map(({ port }) => port)
  const proxy = await startProxy({
    ports,
    forward: {
      retry: { ...retry, ...own },
      backends: ports.map((port, i) => ({
        name: `b${i}`,
        cluster: `c${port}`,
        region: regions[i]?.region ?? `r${i}`,
        weight: 1,
        priority: regions[i]?.priority ?? i,
        basePath: '',
      })),
    },
  })
  open.push(...upstreams, proxy)
  const ask = async (lines: string, body = '') => {
    const client = new RawClient(proxy.port)
    open.push(client)
    const text = await client
      .send(
        `${lines.replaceAll('\n', '\r\n')}\r\nhost: a.example\r\nconnection: close\r\n\r\n${body}`,
      )
      .untilOver()
    return { status: Number(text.slice(9, 12)), text }
  }
  const outcomes = () =>
    proxy.finished.at(-1)?.attempts?.map(({ backend, outcome }) => `${backend}=${outcome}`)
  return { ask, upstreams, outcomes, proxy }
}

describe('which requests are tried again, and where', () => {
  test('an idempotent one goes to the next region after a status that the rule names', async () => {
    const { ask, outcomes } = await setUp([{ act: fails }, { act: answering(ok()) }])
    expect((await ask('GET / HTTP/1.1')).status).toBe(200)
    expect(outcomes()).toEqual(['b0=503', 'b1=200'])
  })

  test('the answer of the last try is passed on as it is', async () => {
    const { ask, outcomes } = await setUp([{ act: fails }, { act: fails }])
    expect((await ask('GET / HTTP/1.1')).text).toMatch(/^HTTP\/1.1 503 [\s\S]*down$/)
    expect(outcomes()).toEqual(['b0=503', 'b1=503'])
  })

  test.each([
    ['POST', 'a request that is not idempotent'],
    ['PATCH', 'another one'],
  ])('%s that has left is not tried again: %s', async (method) => {
    const { ask, outcomes } = await setUp([{ act: fails }, { act: answering(ok()) }])
    expect((await ask(`${method} / HTTP/1.1\ncontent-length: 2`, '{}')).status).toBe(503)
    expect(outcomes()).toEqual(['b0=503'])
  })

  test('any method is tried again when no connection could be made', async () => {
    const { ask, upstreams, outcomes } = await setUp([{ act: fails }, { act: answering(ok()) }])
    await upstreams[0]?.close()
    expect((await ask('POST / HTTP/1.1\ncontent-length: 2', '{}')).status).toBe(200)
    expect(outcomes()).toEqual(['b0=connect_failed', 'b1=200'])
  })

  test('a body that was kept is sent again, byte for byte', async () => {
    const { ask, upstreams } = await setUp([{ act: resets }, { act: answering(ok()) }])
    expect((await ask('PUT / HTTP/1.1\ncontent-length: 5', 'hello')).status).toBe(200)
    expect(upstreams[1]?.text()).toMatch(/content-length: 5\r\n\r\nhello$/)
  })

  test('a body over 64 KiB is not kept, and the request not tried again', async () => {
    const size = 65_537
    let got = 0
    const act = (seen: Seen, part: string) => {
      got += part.length
      if (got > size) resets(seen)
    }
    const { ask, outcomes } = await setUp([{ act }, { act: answering(ok()) }])
    const { status } = await ask(`PUT / HTTP/1.1\ncontent-length: ${size}`, 'x'.repeat(size))
    expect(status).toBe(502)
    expect(outcomes()).toEqual(['b0=upstream_reset'])
  })

  test('attempts are bounded', async () => {
    const { ask, outcomes } = await setUp(
      [{ act: fails }, { act: fails }, { act: fails }, { act: answering(ok()) }],
      {
        attempts: 2,
      },
    )
    expect((await ask('GET / HTTP/1.1')).status).toBe(503)
    expect(outcomes()).toEqual(['b0=503', 'b1=503', 'b2=503'])
  })
})

describe('idempotencyKeys', () => {
  const keyed = 'POST / HTTP/1.1\nidempotency-key: 7\ncontent-length: 2'
  const near: Region = { act: fails, region: 'eu', priority: 0 }
  const sameRegion: Region = { act: answering(ok('same')), region: 'eu', priority: 2 }
  const otherRegion: Region = { act: answering(ok('other')), region: 'us', priority: 1 }

  test('Never: a key changes nothing', async () => {
    const { ask, outcomes } = await setUp([near, otherRegion, sameRegion])
    expect((await ask(keyed, '{}')).status).toBe(503)
    expect(outcomes()).toEqual(['b0=503'])
  })

  test('AnyRegion: wherever the traffic goes next', async () => {
    const { ask, outcomes } = await setUp([near, otherRegion, sameRegion], {
      idempotencyKeys: 'AnyRegion',
    })
    expect((await ask(keyed, '{}')).text).toMatch(/other$/)
    expect(outcomes()).toEqual(['b0=503', 'b1=200'])
  })

  test('SameRegion: only where the key is known', async () => {
    const { ask, outcomes } = await setUp([near, otherRegion, sameRegion], {
      idempotencyKeys: 'SameRegion',
    })
    expect((await ask(keyed, '{}')).text).toMatch(/same$/)
    expect(outcomes()).toEqual(['b0=503', 'b2=200'])
  })

  test('SameRegion does not hold back a method that is idempotent by itself', async () => {
    const { ask, outcomes } = await setUp([near, otherRegion, sameRegion], {
      idempotencyKeys: 'SameRegion',
    })
    expect((await ask('PUT / HTTP/1.1\nidempotency-key: 7\ncontent-length: 2', '{}')).status).toBe(
      200,
    )
    expect(outcomes()).toEqual(['b0=503', 'b1=200'])
  })

  test('SameRegion does not hold back a request of which nothing has left', async () => {
    const { ask, upstreams, outcomes } = await setUp([near, otherRegion, sameRegion], {
      idempotencyKeys: 'SameRegion',
    })
    await upstreams[0]?.close()
    expect((await ask(keyed, '{}')).status).toBe(200)
    expect(outcomes()).toEqual(['b0=connect_failed', 'b1=200'])
  })
})
