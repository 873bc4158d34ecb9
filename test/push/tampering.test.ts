import { afterEach, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { frame } from '../../src/model/frame.ts'
import { fastClock } from '../harness/fast-clock.ts'
import { startRelay, type Tamper } from './relay.ts'
import { snapshotOf, startFeed, startServer, until } from './set-up.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const a = snapshotOf('a.example')
const ab = snapshotOf('a.example', 'b.example')
const digests = [a.digest, ab.digest]

const typeOf = (text: string): string => (JSON.parse(text) as { type: string }).type

/** What is done to the first message of a type; the others pass. */
function once(type: string, act: (text: string, bytes: Buffer) => ReturnType<Tamper>): Tamper {
  let done = false
  return (text, bytes) => {
    if (done || typeOf(text) !== type) return [bytes]
    done = true
    return act(text, bytes)
  }
}

/** A proxy that has `a` and is then sent `ab` through somebody who tampers. */
async function setUp(tamper: Tamper, clock: Clock = systemClock) {
  const { server, port } = await startServer({ clock })
  const relay = await startRelay(port, tamper)
  server.lead(1)
  server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
  const fed = startFeed([relay.port])
  open.push(
    () => server.close(),
    () => relay.close(),
    () => fed.feed.close(),
  )
  return {
    server,
    relay,
    ...fed,
    publish: () => server.publish({ epoch: 1, sequence: 2, snapshot: ab, changedMs: 0 }),
  }
}

const nacksOf = (up: readonly string[]): string[] => up.filter((text) => typeOf(text) === 'nack')

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] as number) ^ (1 << bit)
  return copy
}

describe('K5: a change that does not arrive as it was sent', () => {
  test.each<[string, (text: string, bytes: Buffer) => ReturnType<Tamper>, RegExp]>([
    [
      'a digest that is another',
      (text) => [frame(text.replace(ab.digest, a.digest))],
      /does not match/,
    ],
    [
      'a rule that is another',
      (text) => [frame(text.replace('"underscores":"Drop"', '"underscores":"Keep"'))],
      /digest/,
    ],
    [
      'a host left out',
      (text) => [frame(text.replace(/"hosts":\[.*?\],"gone/, '"hosts":[],"gone'))],
      /digest|rules/,
    ],
    ['its second half missing', (text) => [frame(text.slice(0, text.length / 2))], /not JSON/],
    [
      'a change of something else',
      (text) => [frame(text.replace(`"from":"${a.digest}"`, '"from":"elsewhere"'))],
      /a change of elsewhere/,
    ],
    [
      'a field that is not known',
      (text) => [frame(text.replace('"authorize":', '"mtls":{},"authorize":'))],
      /mtls/,
    ],
    ['no message at all', () => [frame('\0\0\0\0')], /not JSON/],
  ])(
    'K5: %s: refused with the reason, nothing of it is applied, and the whole follows',
    async (_, act, says) => {
      const { server, relay, applied, publish } = await setUp(once('delta', act))
      await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
      publish()
      await until(() => server.proxies[0]?.acknowledged?.sequence === 2)
      expect(nacksOf(relay.up)).toEqual([expect.stringMatching(says)])
      expect(relay.down.map(typeOf).filter((type) => type !== 'ping')).toEqual([
        'hello',
        'snapshot',
        'delta',
        'snapshot',
      ])
      expect(applied.map(({ snapshot }) => snapshot.digest)).toEqual(digests)
    },
  )

  test('K5: a change that comes twice is applied once', async () => {
    const { server, applied, publish } = await setUp(once('delta', (_, bytes) => [bytes, bytes]))
    await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
    publish()
    await until(() => server.proxies[0]?.acknowledged?.sequence === 2)
    server.publish({ epoch: 1, sequence: 3, snapshot: a, changedMs: 0 })
    await until(() => server.proxies[0]?.acknowledged?.sequence === 3)
    expect(applied.map(({ snapshot }) => snapshot.digest)).toEqual([...digests, a.digest])
  })

  test('K5: one from before that comes again afterwards is refused, and what is newest stays', async () => {
    let before: Buffer | undefined
    const { server, relay, intake, publish } = await setUp((text, bytes) => {
      if (typeOf(text) === 'snapshot') before ??= bytes
      return typeOf(text) === 'delta' && before !== undefined ? [bytes, before] : [bytes]
    })
    await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
    publish()
    await until(() => nacksOf(relay.up).length > 0)
    expect(nacksOf(relay.up)[0]).toMatch(/older than what is in force/)
    expect(intake.held).toMatchObject({ sequence: 2, snapshot: { digest: ab.digest } })
  })

  test.each([0, 0.01, 0.5, 0.99])(
    'K5: a connection that ends after %d of it: nothing is applied, and it comes again over the next one',
    async (share) => {
      const { server, relay, applied, publish } = await setUp(
        once('delta', (_, bytes) => [bytes.subarray(0, bytes.length * share), 'end']),
      )
      await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
      publish()
      await until(() => server.proxies[0]?.acknowledged?.sequence === 2)
      expect(nacksOf(relay.up)).toEqual([])
      expect(relay.down.filter((text) => typeOf(text) === 'hello').length).toBeGreaterThan(1)
      expect(applied.map(({ snapshot }) => snapshot.digest)).toEqual(digests)
    },
  )

  test('K5: whatever bit of a change or of its length is flipped, all of it is applied in the end and never a part', async () => {
    let flip: ((bytes: Buffer) => Buffer) | undefined
    const { server, applied } = await setUp((text, bytes) => {
      if (typeOf(text) !== 'delta' || flip === undefined) return [bytes]
      const act = flip
      flip = undefined
      return [act(bytes)]
    }, fastClock(50))
    await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
    let sequence = 1
    for (const place of places) {
      flip = place
      const snapshot = ++sequence % 2 === 0 ? ab : a
      server.publish({ epoch: 1, sequence, snapshot, changedMs: 0 })
      await until(() => server.proxies[0]?.acknowledged?.sequence === sequence)
      expect(flip).toBeUndefined()
    }
    expect(applied.map(({ snapshot }) => snapshot.digest)).toEqual(
      applied.map((_, i) => digests[i % 2]),
    )
    expect(applied).toHaveLength(sequence)
  })
})

/** Bits of the length, and bits all over the change. When it is from is not among them: TLS alone vouches for that. */
const places = [
  ...[0, 5, 15, 20, 24, 30].map(
    (bit) => (bytes: Buffer) => flipped(bytes, bit >> 3, 7 - (bit & 7)),
  ),
  ...Array.from({ length: 25 }, (_, i) => (bytes: Buffer) => {
    const from = bytes.indexOf('"delta":') + 8
    return flipped(bytes, from + Math.floor(((bytes.length - from) * i) / 25), i % 7)
  }),
]
