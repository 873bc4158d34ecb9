import v8 from 'node:v8'
import vm from 'node:vm'
import { afterEach, describe, expect, test } from 'vitest'
import { Outbox } from '../../src/controller/publish/outbox.ts'
import { Batch } from '../../src/controller/sources/batching.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Intake } from '../../src/proxy/feed/intake.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { startRelay } from './relay.ts'
import { snapshotOf, startFeed, startServer, until } from './set-up.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void

const steady = Array.from({ length: 20 }, (_, i) => `steady-${i}.example`)
const stateOf = (edit: number): Snapshot => snapshotOf(...steady, `edit-${edit}.example`)

/** A change every millisecond for ten seconds; what is compiled then is what is newest then. */
function storm(publish: (edit: number, sequence: number) => void): number {
  const clock = fakeClock()
  let edit = 0
  let sequence = 0
  const batch = new Batch(clock, () => {
    publish(edit, ++sequence)
    clock.advance(5)
  })
  for (; edit < 10_000; ) {
    edit++
    batch.touch()
    clock.advance(1)
  }
  clock.advance(1000)
  return sequence
}

describe('K12: a thousand changes a second', () => {
  test('K12: are put together, and the last of them is published', () => {
    const published: number[] = []
    const count = storm((edit) => void published.push(edit))
    // Once in 50 ms and the 5 ms that it takes.
    expect(count).toBeGreaterThan(150)
    expect(count).toBeLessThanOrEqual(10_000 / 50 + 2)
    expect(published.at(-1)).toBe(10_000)
    expect(published).toEqual(published.toSorted((a, b) => a - b))
  })

  test('K12: what is remembered for proxies that are behind is bounded', async () => {
    const outbox = new Outbox()
    const made: WeakRef<Snapshot>[] = []
    const frames: WeakRef<Buffer>[] = []
    const count = storm((edit, sequence) => {
      const snapshot = stateOf(edit)
      made.push(new WeakRef(snapshot))
      const { epoch = 1, sequence: at = 0, snapshot: before } = outbox.newest ?? {}
      const has = before && { epoch, sequence: at, digest: before.digest }
      outbox.put({ epoch: 1, sequence, snapshot, changedMs: 0 })
      for (const served of [has, undefined]) {
        const next = outbox.next(served)
        if (next !== undefined) frames.push(new WeakRef(next.frame))
      }
    })
    // What is only weakly held is kept until the turn is over.
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    const alive = (refs: readonly WeakRef<object>[]) =>
      refs.filter((ref) => ref.deref() !== undefined).length
    expect(made).toHaveLength(count)
    expect(alive(made)).toBeLessThanOrEqual(65)
    expect(alive(frames)).toBeLessThanOrEqual(17)
    expect(outbox.newest?.sequence).toBe(count)
  })

  test('K12: proxies that are fast, slow, and come late all end with the last one, and the slow one is sent few', async () => {
    const { server, port } = await startServer()
    const relay = await startRelay(port)
    server.lead(1)
    open.push(
      () => server.close(),
      () => relay.close(),
    )
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const taken: string[] = []
    const intake = new Intake(async ({ snapshot }) => {
      taken.push(snapshot.digest)
      await gate
    })
    server.publish({ epoch: 1, sequence: 1, snapshot: stateOf(0), changedMs: 0 })
    const feeds = [startFeed([port]), startFeed([relay.port], { intake, token: 'slow' })]
    await until(() => taken.length === 1 && server.proxies.length === 2)
    let last: Snapshot | undefined
    const count = storm((edit, sequence) => {
      last = stateOf(edit)
      server.publish({ epoch: 1, sequence: sequence + 1, snapshot: last, changedMs: 0 })
    })
    feeds.push(startFeed([port], { token: 'late' }))
    for (const { feed } of feeds) open.push(() => feed.close())
    release()
    await until(
      () =>
        server.proxies.length === 3 &&
        server.proxies.every(({ acknowledged }) => acknowledged?.sequence === count + 1),
    )
    for (const each of feeds) expect(each.intake.held?.snapshot.digest).toBe(last?.digest)
    expect(taken).toHaveLength(2)
    expect(relay.down.filter((text) => /"type":"(snapshot|delta)"/.test(text))).toHaveLength(2)
  })
})
