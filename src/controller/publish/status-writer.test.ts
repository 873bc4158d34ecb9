import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import type { Log } from '../../base/log.ts'
import type { ObjectStatus, Reason } from '../../model/problem.ts'
import type { LiveCondition } from './fleet-reports.ts'
import type { ExpectedProxy } from './programmed.ts'
import type { ConnectedProxy } from './publication.ts'
import type { StatusCondition } from './status-conditions.ts'
import { StatusWriter } from './status-writer.ts'

const quiet: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  isDebug: () => false,
}

const pods: readonly ExpectedProxy[] = [
  { namespace: 'gateway', name: 'one' },
  { namespace: 'gateway', name: 'two' },
]

const statusOf = (
  uid: string,
  generation = 1,
  reason: Reason = 'Accepted',
  message = '',
): ObjectStatus => ({
  kind: 'ApiRoute',
  namespace: 'shop',
  name: uid,
  uid,
  generation,
  conditions: [
    {
      type: 'Accepted',
      status: reason === 'Accepted' ? 'True' : 'False',
      reason,
      message,
      observedGeneration: generation,
    },
  ],
})

/** A writer, the API server that it writes to, and proxies that acknowledge when they are told. */
function setUp() {
  const clock = fakeClock()
  const stored = new Map<string, readonly StatusCondition[]>()
  const writes: string[] = []
  const events: string[] = []
  let expected: readonly ExpectedProxy[] = pods
  let sequence = 0
  let isDown = false
  let live: LiveCondition = 'none'
  let atOnce = 0
  let mostAtOnce = 0
  const writer = new StatusWriter({
    clock,
    log: quiet,
    written: ({ uid }) => stored.get(uid) ?? [],
    write: async ({ uid }, conditions) => {
      mostAtOnce = Math.max(mostAtOnce, ++atOnce)
      await new Promise((resolve) => setImmediate(resolve))
      atOnce--
      if (isDown) throw new Error('503')
      stored.set(uid, conditions)
      const programmed = conditions.find(({ type }) => type === 'Programmed')
      writes.push(`${uid} ${programmed?.status} ${programmed?.reason}`)
    },
    happened: (status, list) =>
      events.push(...list.map(({ type, reason }) => `${status.uid} ${type} ${reason}`)),
    expected: () => expected,
    withheld: () => undefined,
    live: ({ kind }) => (kind === 'ApiAuthorizer' ? live : 'none'),
    proxies: () =>
      pods.map(
        (pod) =>
          ({
            ...pod,
            address: '',
            version: '',
            acknowledged: { epoch: 1, sequence, digest: '' },
            refused: undefined,
          }) satisfies ConnectedProxy,
      ),
  })
  return {
    clock,
    stored,
    writes,
    events,
    writer,
    acknowledge(upTo: number) {
      sequence = upTo
      writer.proxiesChanged()
    },
    expect(some: readonly ExpectedProxy[]) {
      expected = some
      writer.expectedChanged()
    },
    know(next: LiveCondition) {
      live = next
      writer.authorizersChanged()
    },
    down(is: boolean) {
      isDown = is
    },
    get mostAtOnce() {
      return mostAtOnce
    },
    /** Time, with what is pending in between. */
    async pass(ms: number) {
      for (let at = 0; at < ms; at += 50) {
        clock.advance(50)
        for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

const at = (sequence: number) => ({ epoch: 1, sequence })

describe('the first write of an object', () => {
  test('waits for the proxies, so that one write says all', async () => {
    const { writer, writes, acknowledge, pass } = setUp()
    writer.lead()
    writer.update([statusOf('a')], at(1))
    await pass(600)
    expect(writes).toEqual([])
    acknowledge(1)
    await pass(5000)
    expect(writes).toEqual(['a True Programmed'])
  })

  test('comes after a second at the latest', async () => {
    const { writer, writes, acknowledge, pass } = setUp()
    writer.lead()
    writer.update([statusOf('a')], at(1))
    await pass(1400)
    expect(writes).toEqual(['a False Waiting'])
    await pass(10_000)
    acknowledge(1)
    await pass(500)
    expect(writes).toEqual(['a False Waiting', 'a True Programmed'])
  })
})

describe('writes', () => {
  test('ten thousand routes: one write each, never more than sixteen at once', async () => {
    const set = setUp()
    set.writer.lead()
    set.writer.update(
      Array.from({ length: 10_000 }, (_, i) => statusOf(`r${i}`)),
      at(1),
    )
    set.acknowledge(1)
    for (let turn = 0; turn < 200 && set.stored.size < 10_000; turn++) await set.pass(2000)
    expect(set.writes).toHaveLength(10_000)
    expect(set.mostAtOnce).toBe(16)
    await set.pass(5000)
    expect(set.writes).toHaveLength(10_000)
  })

  test('nothing is written that stands there already', async () => {
    const { writer, writes, acknowledge, pass } = setUp()
    writer.lead()
    writer.update([statusOf('a')], at(1))
    acknowledge(1)
    await pass(1000)
    writer.update([statusOf('a')], at(2))
    acknowledge(2)
    await pass(60_000)
    expect(writes).toEqual(['a True Programmed'])
  })

  test('one that fails is tried again, with what is known then', async () => {
    const { writer, writes, acknowledge, pass, down } = setUp()
    writer.lead()
    down(true)
    writer.update([statusOf('a')], at(1))
    acknowledge(1)
    await pass(1000)
    writer.update([statusOf('a', 2)], at(2))
    acknowledge(2)
    down(false)
    await pass(6000)
    expect(writes).toEqual(['a True Programmed'])
  })

  test('a follower writes nothing', async () => {
    const { writer, writes, acknowledge, pass } = setUp()
    writer.lead()
    writer.follow()
    writer.update([statusOf('a')], at(1))
    acknowledge(1)
    await pass(10_000)
    expect(writes).toEqual([])
  })

  test('an object that is gone is not written', async () => {
    const { writer, writes, pass } = setUp()
    writer.lead()
    writer.update([statusOf('a')], at(1))
    writer.update([], at(2))
    await pass(5000)
    expect(writes).toEqual([])
  })
})

describe('Programmed', () => {
  test('stays while proxies come: scaling out does not unset it', async () => {
    const set = setUp()
    set.writer.lead()
    set.writer.update([statusOf('a')], at(1))
    set.acknowledge(1)
    await set.pass(1000)
    set.expect([...pods, { namespace: 'gateway', name: 'three' }])
    await set.pass(5000)
    expect(set.writes).toEqual(['a True Programmed'])
  })

  test('a new leader does not write that something waits before proxies had time to come to it', async () => {
    const set = setUp()
    set.stored.set('a', [
      {
        type: 'Programmed',
        status: 'True',
        reason: 'Programmed',
        message: 'served by every proxy (2)',
        observedGeneration: 1,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ])
    set.writer.lead()
    set.writer.update([statusOf('a', 2)], at(5))
    await set.pass(20_000)
    expect(set.writes).toEqual([])
    set.acknowledge(5)
    await set.pass(500)
    expect(set.writes).toEqual(['a True Programmed'])
  })

  test('without proxies it is Unknown, and known when they come', async () => {
    const set = setUp()
    set.writer.lead()
    set.expect([])
    set.writer.update([statusOf('a')], at(1))
    await set.pass(1500)
    set.acknowledge(1)
    set.expect(pods)
    await set.pass(500)
    expect(set.writes).toEqual(['a Unknown NoProxies', 'a True Programmed'])
  })
})

describe('Events', () => {
  test('a conflict is told once, and its end; what was good from the beginning is not told', async () => {
    const { writer, events, acknowledge, pass } = setUp()
    writer.lead()
    writer.update([statusOf('a'), statusOf('b', 1, 'Conflicted', 'came second')], at(1))
    acknowledge(1)
    await pass(2000)
    writer.update([statusOf('a'), statusOf('b', 1, 'Conflicted', 'came second')], at(2))
    await pass(2000)
    writer.update([statusOf('a'), statusOf('b')], at(3))
    acknowledge(3)
    await pass(2000)
    expect(events).toEqual(['b Warning Conflicted', 'b Normal Accepted'])
  })
})

describe('what only proxies know of an authorizer', () => {
  const reached = { type: 'IssuersReachable', status: 'True', reason: 'IssuersReachable' } as const
  const good: LiveCondition = { ...reached, message: '' }
  const bad: LiveCondition = {
    ...reached,
    status: 'False',
    reason: 'IssuerUnreachable',
    message: 'ECONNREFUSED',
  }
  const authorizer = { ...statusOf('a'), kind: 'ApiAuthorizer' }

  /** An authorizer and a route that stand written, and what became of the condition. */
  async function written() {
    const set = setUp()
    set.writer.lead()
    set.writer.update([authorizer, statusOf('r')], at(1))
    set.acknowledge(1)
    await set.pass(1000)
    const condition = () => set.stored.get('a')?.find(({ type }) => type === 'IssuersReachable')
    return { ...set, condition }
  }

  test('is written when it is known, with the generation, and told when it turns', async () => {
    const { know, pass, condition, writes, events } = await written()
    expect(condition()).toBeUndefined()
    know(good)
    await pass(500)
    expect(condition()).toMatchObject({ ...good, observedGeneration: 1 })
    know(bad)
    await pass(500)
    expect(condition()).toMatchObject(bad)
    know(good)
    await pass(500)
    expect(events).toEqual(['a Warning IssuerUnreachable', 'a Normal IssuersReachable'])
    // Of the route nothing is written again.
    expect(writes.filter((line) => line.startsWith('r '))).toHaveLength(1)
  })

  test('is written once, however often it is said', async () => {
    const { know, pass, writes } = await written()
    for (let i = 0; i < 100; i++) {
      know(good)
      await pass(50)
    }
    expect(writes.filter((line) => line.startsWith('a '))).toHaveLength(2)
  })

  test('stays while nobody can tell, through an edit and a new leader, and goes with the last issuer', async () => {
    const { know, pass, condition, writer, acknowledge, writes } = await written()
    know(bad)
    await pass(500)
    know('unknown')
    writer.update([{ ...authorizer, generation: 2 }, statusOf('r')], at(2))
    acknowledge(2)
    await pass(500)
    expect(condition()).toMatchObject({ ...bad, observedGeneration: 1 })
    writer.follow()
    writer.lead()
    const before = writes.length
    await pass(60_000)
    expect(writes).toHaveLength(before)
    know('none')
    await pass(500)
    expect(condition()).toBeUndefined()
  })
})

describe.each([3_600_000, -3_600_000, -86_400_000])('K7: the clock is set by %i ms', (jumpMs) => {
  test('K7: nothing is written anew, times of transitions stay, and the next one is still written', async () => {
    const { clock, writer, writes, stored, acknowledge, pass } = setUp()
    writer.lead()
    writer.update([statusOf('a')], at(1))
    acknowledge(1)
    await pass(1000)
    const before = stored.get('a')
    clock.jump(jumpMs)
    writer.update([statusOf('a')], at(2))
    writer.lead()
    await pass(60_000)
    expect(writes).toEqual(['a True Programmed'])
    expect(stored.get('a')).toBe(before)
    writer.update([statusOf('a', 2, 'Invalid', 'wrong')], at(3))
    await pass(2000)
    const accepted = stored.get('a')?.find(({ type }) => type === 'Accepted')
    expect(accepted?.status).toBe('False')
    const seconds = Date.parse(accepted?.lastTransitionTime ?? '') - clock.wallMs()
    expect(Math.abs(seconds)).toBeLessThan(5000)
  })
})

describe('C13 a status that somebody else has written', () => {
  /** One was written, somebody has put another in its place, and the watch shows it. */
  async function forgery() {
    const parts = setUp()
    parts.writer.lead()
    parts.writer.update([statusOf('a')], { epoch: 1, sequence: 1 })
    parts.acknowledge(1)
    await parts.pass(2000)
    const good = parts.stored.get('a') ?? []
    parts.stored.set(
      'a',
      good.map((each) => ({ ...each, message: 'all is well' })),
    )
    parts.writer.seen('a')
    return { ...parts, good }
  }

  test('is written over after a while, by what it was, and not again', async () => {
    const { writer, stored, writes, pass, good } = await forgery()
    await pass(4000)
    expect(stored.get('a')).not.toEqual(good)
    await pass(2000)
    expect(stored.get('a')).toEqual(good)
    writer.seen('a')
    await pass(10_000)
    expect(writes).toHaveLength(2)
  })

  test('is none of that when the watch was only late', async () => {
    const { stored, writes, pass, good } = await forgery()
    stored.set('a', good)
    await pass(10_000)
    expect(writes).toHaveLength(1)
  })
})
