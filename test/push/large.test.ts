import { afterEach, describe, expect, test } from 'vitest'
import type { Log } from '../../src/base/log.ts'
import { Outbox } from '../../src/controller/publish/outbox.ts'
import { StatusWriter } from '../../src/controller/publish/status-writer.ts'
import { encodeControllerMessage } from '../../src/model/push-message.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { snapshotOf, startFeed, startServer, until } from './set-up.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const a = snapshotOf('a.example')
const ab = snapshotOf('a.example', 'b.example')
const many = snapshotOf(...Array.from({ length: 40 }, (_, i) => `host-${i}.example`))
const publication = (sequence: number, snapshot: Snapshot) => ({
  epoch: 1,
  sequence,
  snapshot,
  changedMs: 0,
})
const sizeOf = (snapshot: Snapshot): number =>
  Buffer.byteLength(encodeControllerMessage({ type: 'snapshot', epoch: 1, sequence: 1, snapshot }))
/** Enough for two hosts, not for forty. */
const largest = sizeOf(ab) + 10

function listen() {
  const said: string[] = []
  const say = (message: string, fields?: Record<string, unknown>) =>
    void said.push(`${message} ${JSON.stringify(fields)}`)
  const log: Log = { error: say, warn: say, info: () => {}, debug: () => {}, isDebug: () => false }
  return { log, said }
}

async function leading(own: Parameters<typeof startServer>[0] = {}) {
  const started = await startServer(own)
  open.push(() => started.server.close())
  started.server.lead(1)
  return started
}

function fed(...args: Parameters<typeof startFeed>) {
  const started = startFeed(...args)
  open.push(() => started.feed.close())
  return started
}

describe('C10: a configuration that is too large to be sent', () => {
  test('C10: is refused before the push and said in the log; the one before stays, also for a proxy that comes now', async () => {
    const { log, said } = listen()
    const { server, port } = await leading({ largest, log })
    server.publish(publication(1, a))
    const first = fed([port])
    await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
    server.publish(publication(2, many))
    expect(said).toEqual([
      expect.stringMatching(
        `the configuration is not published .*has ${sizeOf(many)} bytes, and at most ${largest} can be sent`,
      ),
    ])
    const second = fed([port], { token: 'b' })
    await until(
      () => server.proxies.length === 2 && server.proxies[1]?.acknowledged?.sequence === 1,
    )
    expect(second.intake.held?.snapshot).toEqual(a)
    server.publish(publication(3, ab))
    await until(() => server.proxies.every(({ acknowledged }) => acknowledged?.sequence === 3))
    expect(first.applied.map(({ snapshot }) => snapshot.digest)).toEqual([a.digest, ab.digest])
    expect(server.withheld).toBeUndefined()
  })

  test('C10: the first of all is measured, too', async () => {
    const { server, port } = await leading({ largest })
    server.publish(publication(1, many))
    expect(server.withheld).toMatchObject({ since: { epoch: 1, sequence: 1 } })
    const { intake } = fed([port])
    await until(() => server.proxies.length === 1)
    server.publish(publication(2, a))
    await until(() => intake.held !== undefined)
    expect(intake.held?.snapshot.digest).toBe(a.digest)
  })

  test('C10: it is bytes that count, not characters', () => {
    const accented = snapshotOf('é'.repeat(200))
    const text = encodeControllerMessage({
      type: 'snapshot',
      epoch: 1,
      sequence: 1,
      snapshot: accented,
    })
    expect(new Outbox(text.length).put(publication(1, accented))).toContain('bytes')
    expect(new Outbox(Buffer.byteLength(text)).put(publication(1, accented))).toBeUndefined()
  })

  test('C10: a change that is larger than the whole goes as the whole', () => {
    const outbox = new Outbox(sizeOf(many))
    const gone = { ...a, secrets: Object.fromEntries(prints.map((print) => [print, ''])) }
    expect(outbox.put(publication(1, gone))).toBeUndefined()
    expect(outbox.put(publication(2, many))).toBeUndefined()
    const next = outbox.next({ epoch: 1, sequence: 1, digest: gone.digest })
    expect(next?.frame.subarray(4).toString()).toContain('"type":"snapshot"')
  })
})

/** Names of secrets: a change that takes them away has to say each. */
const prints = Array.from({ length: 400 }, (_, i) => `${i}`.padStart(64, '0'))

describe('C10: Programmed says so', () => {
  test('C10: of what is in it, not of what was served before; and it is over when there is room', async () => {
    const { server, port } = await leading({ largest })
    server.publish(publication(1, a))
    const clock = fakeClock()
    const written = new Map<string, string>()
    const writer = new StatusWriter({
      clock,
      log: listen().log,
      written: () => [],
      write: async ({ uid }, conditions) => {
        const { status, reason, message } =
          conditions.find(({ type }) => type === 'Programmed') ?? {}
        written.set(uid, `${status} ${reason} ${message}`)
      },
      happened: () => {},
      expected: () => [{ namespace: 'shop', name: 'a' }],
      proxies: () => server.proxies,
      withheld: () => server.withheld,
    })
    open.push(() => writer.close())
    writer.lead()
    fed([port])
    await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
    const old = statusOf('old')
    writer.update([old], { epoch: 1, sequence: 1 })
    server.publish(publication(2, many))
    writer.update([old, statusOf('new')], { epoch: 1, sequence: 2 })
    const passed = async (isSo: () => boolean) => {
      while (!isSo()) {
        clock.advance(250)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await passed(() => written.size === 2)
    expect(written.get('old')).toMatch(/^True Programmed/)
    expect(written.get('new')).toMatch(/^False TooLarge the configuration has \d+ bytes/)
    server.publish(publication(3, ab))
    await until(() => server.proxies[0]?.acknowledged?.sequence === 3)
    await passed(() => written.get('new')?.startsWith('True') === true)
  })
})

describe('C10: a proxy that takes less than it is sent', () => {
  test('C10: refuses with the size, keeps what it has, stays connected and takes the next', async () => {
    const { server, port } = await leading()
    server.publish(publication(1, a))
    const { applied, intake, problems } = fed([port], { largest })
    await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
    server.publish(publication(2, many))
    await until(() => server.proxies[0]?.refused?.moment.sequence === 2)
    expect(server.proxies[0]?.refused?.problems).toEqual([
      expect.stringMatching(
        new RegExp(`^a message has \\d+ bytes, and at most ${largest} are taken$`),
      ),
    ])
    expect(intake.held?.snapshot.digest).toBe(a.digest)
    server.publish(publication(3, ab))
    await until(() => server.proxies[0]?.acknowledged?.sequence === 3)
    expect(applied.map(({ snapshot }) => snapshot.digest)).toEqual([a.digest, ab.digest])
    expect(problems.filter((problem) => problem !== undefined)).toEqual([])
  })
})

const statusOf = (uid: string) => ({
  kind: 'ApiRoute',
  namespace: 'shop',
  name: uid,
  uid,
  generation: 1,
  conditions: [
    {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: '',
      observedGeneration: 1,
    } as const,
  ],
})
