import dns from 'node:dns'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { NameServer } from '../../../test/drills/name-server.ts'
import { type FakeClock, fakeClock } from '../../../test/harness/fake-clock.ts'
import { Resolution, systemNameServer } from './resolver.ts'

const hostname = 'orders.example'
const patienceMs = 100
let server: NameServer
let resolution: Resolution | undefined
let happened: string[]
let told: (() => void)[]
/** How often the name was asked for: a question may be several datagrams. */
let questions: number
let recoveries: number
let clock: FakeClock

beforeEach(async () => {
  server = new NameServer()
  await server.start()
  clock = fakeClock()
  happened = []
  told = []
  questions = 0
  recoveries = 0
})
afterEach(() => {
  resolution?.stop()
  server.stop()
})

/** Resolves with what came of the next answer, or of its absence. */
function next(): Promise<string> {
  return new Promise((resolve) => told.push(() => resolve(happened.at(-1) ?? '')))
}

function tell(what: string): void {
  happened.push(what)
  for (const each of told.splice(0)) each()
}

function open(name = hostname): Promise<string> {
  const first = next()
  const names = systemNameServer({ servers: [`127.0.0.1:${server.port}`], timeoutMs: patienceMs })
  resolution = new Resolution(name, {
    clock,
    dice: () => 1,
    names: {
      resolve: (asked) => {
        questions++
        return names.resolve(asked)
      },
    },
    allowLoopback: false,
    changed: (addresses) => tell(addresses.join()),
    failed: ({ reason }) => tell(`failed: ${reason}`),
    recovered: () => void recoveries++,
  })
  return first
}

/** Lets the wait pass until it asks again; resolves with what came of that. */
async function again(ms: number): Promise<string> {
  await settled(() => {})
  const came = next()
  clock.advance(ms)
  return came
}

describe('D6: a name server that does not answer as it should', () => {
  test.each([
    { row: 'SERVFAIL', answering: 'servfail', says: 'failed: ESERVFAIL' },
    { row: 'NXDOMAIN', answering: 'nxdomain', says: 'failed: ENOTFOUND' },
    { row: 'no address', answering: [], says: 'failed: ENODATA' },
    { row: 'nothing at all', answering: 'silence', says: 'failed: ETIMEOUT' },
    { row: 'an address that is refused', answering: ['127.0.0.1'], says: 'failed: forbidden_' },
  ] as const)(
    'D6: $row: the last good answer is kept, and the next good one is taken',
    async (row) => {
      server.answering = ['10.0.0.1', '10.0.0.2']
      expect(await open()).toBe('10.0.0.1,10.0.0.2')
      server.answering = row.answering
      server.answering6 = row.row.startsWith('an address') ? [] : row.answering
      expect(await again(1000)).toContain(row.says)
      expect(await again(10_000)).toContain(row.says)
      server.answering = ['10.0.0.3']
      server.answering6 = []
      expect(await again(10_000)).toBe('10.0.0.3')
      expect(happened.filter((each) => !each.startsWith('failed'))).toHaveLength(2)
    },
  )

  test.each(['servfail', 'silence'] as const)(
    'D6: %s for one family only: what is known of that family stays',
    async (failing) => {
      server.answering = ['10.0.0.1']
      server.answering6 = ['fd00:0:0:0:0:0:0:1']
      expect(await open()).toBe('10.0.0.1,fd00::1')
      server.answering = failing
      server.answering6 = ['fd00:0:0:0:0:0:0:2']
      expect(await again(1000)).toBe('10.0.0.1,fd00::2')
      server.answering = ['10.0.0.9']
      expect(await again(1000)).toBe('10.0.0.9,fd00::2')
    },
  )

  test('D6: that a family has no addresses is an answer: they go', async () => {
    server.answering = ['10.0.0.1']
    server.answering6 = ['fd00:0:0:0:0:0:0:1']
    expect(await open()).toBe('10.0.0.1,fd00::1')
    server.answering6 = []
    expect(await again(1000)).toBe('10.0.0.1')
  })

  test('D6: a name that fails from the beginning is asked for once a second, and found when it is there', async () => {
    server.answering = 'servfail'
    server.answering6 = 'servfail'
    expect(await open()).toBe('failed: ESERVFAIL')
    expect(await again(1000)).toBe('failed: ESERVFAIL')
    server.answering = ['10.0.0.1']
    expect(await again(1000)).toBe('10.0.0.1')
  })
})

test('C6: of an answer, what may not be called is left out', async () => {
  server.answering = ['169.254.169.254', '127.0.0.1', '0.0.0.0', '10.0.0.5']
  server.answering6 = ['0:0:0:0:0:0:0:1', '0:0:0:0:0:ffff:a9fe:a9fe', 'fe80:0:0:0:0:0:0:1']
  expect(await open()).toBe('10.0.0.5')
})

test('why look-ups fail and since when is known until the first good one, which is told once', async () => {
  server.answering = 'servfail'
  server.answering6 = 'servfail'
  const sinceWallMs = clock.wallMs()
  await open()
  expect(resolution?.fault).toEqual({ hostname, reason: 'ESERVFAIL', sinceWallMs })
  server.answering = []
  server.answering6 = []
  await again(1000)
  expect(resolution?.fault).toEqual({ hostname, reason: 'ENODATA', sinceWallMs })
  expect(resolution?.resolvedWallMs).toBe(0)
  server.answering = ['10.0.0.1']
  await again(1000)
  server.answering = ['10.0.0.2']
  await again(1000)
  expect(resolution?.fault).toBeUndefined()
  expect(resolution?.resolvedWallMs).toBe(clock.wallMs())
  expect(recoveries).toBe(1)
})

describe('D6: how much, and how often', () => {
  test('D6: 512 addresses come over TCP, and 64 of them are used', async () => {
    server.answering = Array.from({ length: 512 }, (_, i) => `10.1.${i >> 8}.${i & 255}`)
    expect((await open()).split(',')).toHaveLength(64)
  })

  test('D6: of 512 addresses in any order the same are used, and they are asked for as seldom as one', async () => {
    const addresses = Array.from({ length: 512 }, (_, i) => `10.1.${i >> 8}.${i & 255}`)
    server.answering = addresses
    await open()
    server.answering = addresses.toReversed()
    await settled(() => clock.advance(999))
    expect(questions).toBe(1)
    await settled(() => clock.advance(1))
    server.answering = ['10.9.9.9']
    expect(await again(1000)).toBe('10.9.9.9')
    expect(happened).toHaveLength(2)
  })

  test.each([
    { ttl: 0, waits: 1000 },
    { ttl: 30, waits: 30_000 },
    { ttl: 2 ** 31 - 1, waits: 300_000 },
  ])('D6: with a TTL of $ttl s it is asked again after $waits ms, not before', async (row) => {
    server.ttlSeconds = row.ttl
    server.answering = ['10.0.0.1']
    await open()
    await settled(() => {})
    clock.advance(row.waits - 1)
    expect(questions).toBe(1)
    server.answering = ['10.0.0.2']
    expect(await again(1)).toBe('10.0.0.2')
  })

  test('D6: while an answer takes its time nothing more is asked', async () => {
    server.answering = ['10.0.0.1']
    await open()
    server.answering = 'silence'
    server.answering6 = 'silence'
    const failed = next()
    for (let i = 0; i < 100; i++) clock.advance(1000)
    expect(await failed).toBe('failed: ETIMEOUT')
    expect(questions).toBe(2)
  })

  test('D6: an address is not looked up', async () => {
    expect(await Promise.race([open('10.0.0.7'), Promise.resolve(happened.join())])).toBe(
      '10.0.0.7',
    )
    expect(server.asked).toBe(0)
  })
})

describe('D6: names that only the system knows', () => {
  afterEach(() => void vi.restoreAllMocks())

  test('D6: however many hang, one thread is held', async () => {
    const waiting: (() => void)[] = []
    const lookUp = vi
      .spyOn(dns.promises, 'lookup')
      .mockImplementation(
        (() =>
          new Promise((resolve) =>
            waiting.push(() => resolve([{ address: '10.0.0.1', family: 4 }])),
          )) as never,
      )
    const names = systemNameServer()
    const found = Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => names.resolve(name)))
    for (let done = 1; done <= 5; done++) {
      while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
      expect(lookUp).toHaveBeenCalledTimes(done)
      waiting.shift()?.()
    }
    expect((await found).map((answer) => answer.found[0]?.address)).toEqual(
      Array(5).fill('10.0.0.1'),
    )
  })

  test.each([
    { isAbsolute: true, asked: 'orders.' },
    { isAbsolute: false, asked: 'orders' },
  ])(
    'C5: absolute is $isAbsolute: a search domain leads nowhere else',
    async ({ isAbsolute, asked }) => {
      const lookUp = vi
        .spyOn(dns.promises, 'lookup')
        .mockResolvedValue([{ address: '10.0.0.1', family: 4 }] as never)
      await systemNameServer({ isAbsolute }).resolve('orders')
      expect(lookUp).toHaveBeenCalledWith(asked, { all: true })
    },
  )
})

/** Resolves once an answer has been dealt with and the next question is planned. */
async function settled(act: () => void): Promise<void> {
  act()
  while (clock.planned < questions) await new Promise((resolve) => setImmediate(resolve))
}
