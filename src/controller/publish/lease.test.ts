import { describe, expect, test } from 'vitest'
import { type FakeClock, fakeClock } from '../../../test/harness/fake-clock.ts'
import { seededDice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import { LeaderElection, type LeaseStore } from './leader-election.ts'
import type { Lease } from './lease.ts'

const quiet: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  isDebug: () => false,
}

/** A lease with the API server's rules: a write with an old version is refused. */
function leases() {
  let lease: Lease | undefined
  let version = 0
  let reachable = true
  const keep = (next: Lease): Lease => {
    lease = { ...next, metadata: { ...next.metadata, resourceVersion: String(++version) } }
    return lease
  }
  const check = () => {
    if (!reachable) throw new Error('unreachable')
  }
  const store: LeaseStore = {
    read: async () => {
      check()
      return lease
    },
    create: async (next) => {
      check()
      if (lease !== undefined) throw new Error('AlreadyExists')
      return keep(next)
    },
    replace: async (next) => {
      check()
      if (next.metadata.resourceVersion !== lease?.metadata.resourceVersion)
        throw new Error('Conflict')
      return keep(next)
    },
  }
  return {
    store,
    get lease() {
      return lease
    },
    cut: () => {
      reachable = false
    },
    mend: () => {
      reachable = true
    },
    forget: () => {
      lease = undefined
    },
  }
}

function candidate(identity: string, store: LeaseStore, clock: FakeClock) {
  const told: string[] = []
  const election = new LeaderElection({
    store,
    clock,
    dice: seededDice(1),
    log: quiet,
    namespace: 'gateway',
    name: 'fairlead',
    identity,
    elected: (epoch) => void told.push(`leads ${epoch}`),
    following: (leader) => void told.push(`follows ${leader}`),
  })
  void election.run()
  return { election, told }
}

/** Lets time pass in small steps, with what is pending in between. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 200) {
    clock.advance(200)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('leader election', () => {
  test('the first to come leads, the second follows it', async () => {
    const clock = fakeClock()
    const shared = leases()
    const a = candidate('a', shared.store, clock)
    await pass(clock, 200)
    const b = candidate('b', shared.store, clock)
    await pass(clock, 5000)
    expect(a.told).toEqual([expect.stringMatching(/^leads \d+$/)])
    expect(b.told).toEqual(['follows a'])
  })

  test('a leader that stops lets go, and the standby leads at its next look, in a later epoch', async () => {
    const clock = fakeClock()
    const shared = leases()
    const a = candidate('a', shared.store, clock)
    await pass(clock, 200)
    const b = candidate('b', shared.store, clock)
    await pass(clock, 3000)
    await a.election.release()
    await pass(clock, 1400)
    const [first, second] = [a.told[0], b.told.at(-1)].map((text) => Number(text?.split(' ')[1]))
    expect(b.told.at(-1)).toMatch(/^leads/)
    expect(second).toBe((first ?? 0) + 1)
  })

  test('K6: a leader that cannot renew steps down before anybody else may lead', async () => {
    const clock = fakeClock()
    const shared = leases()
    const a = candidate('a', shared.store, clock)
    await pass(clock, 200)
    const since = clock.nowMs()
    shared.cut()
    while (a.election.leads) await pass(clock, 200)
    expect(clock.nowMs() - since).toBeLessThan(15_000)
    expect(a.told.at(-1)).toBe('follows ')
  })

  test('a lease that is not renewed is taken after it has run out on our own clock, not before', async () => {
    const clock = fakeClock()
    const shared = leases()
    await shared.store.create({
      metadata: { namespace: 'gateway', name: 'fairlead' },
      // A clock that is an hour ahead wrote this; it does not count.
      spec: {
        holderIdentity: 'gone',
        leaseDurationSeconds: 15,
        leaseTransitions: 4,
        renewTime: '2026-01-01T01:00:00.000000Z',
      },
    })
    const since = clock.nowMs()
    const { election, told } = candidate('b', shared.store, clock)
    while (!election.leads) await pass(clock, 200)
    expect(clock.nowMs() - since).toBeGreaterThanOrEqual(15_000)
    expect(told).toEqual(['follows gone', 'leads 5'])
  })

  test('K4: a controller that restarts under the same name leads in a later epoch', async () => {
    const clock = fakeClock()
    const shared = leases()
    const before = candidate('a', shared.store, clock)
    await pass(clock, 200)
    const after = candidate('a', shared.store, clock)
    await pass(clock, 200)
    const [first, second] = [before, after].map(({ told }) => Number(told[0]?.split(' ')[1]))
    expect(second).toBe((first ?? 0) + 1)
  })

  test('an epoch does not fall back when somebody deletes the Lease', async () => {
    const clock = fakeClock()
    const shared = leases()
    const a = candidate('a', shared.store, clock)
    await pass(clock, 5000)
    await a.election.release()
    shared.forget()
    const b = candidate('b', shared.store, clock)
    await pass(clock, 200)
    const [first, second] = [a.told[0], b.told[0]].map((text) => Number(text?.split(' ')[1]))
    expect(second).toBeGreaterThan(first ?? Number.POSITIVE_INFINITY)
  })

  test('K7: an epoch does not fall back when the Lease is deleted and the clock is set back', async () => {
    const clock = fakeClock()
    const shared = leases()
    const a = candidate('a', shared.store, clock)
    await pass(clock, 200)
    const b = candidate('b', shared.store, clock)
    await pass(clock, 2000)
    shared.forget()
    clock.jump(-86_400_000)
    await a.election.release()
    await pass(clock, 3000)
    const [first, second] = [a.told[0], b.told.at(-1)].map((text) => Number(text?.split(' ')[1]))
    expect(b.told.at(-1)).toMatch(/^leads/)
    expect(second).toBeGreaterThan(first ?? Number.POSITIVE_INFINITY)
  })
})

describe.each([
  ['an hour ahead', 3_600_000],
  ['an hour back', -3_600_000],
  ['a day back', -86_400_000],
])('K7: the clock is set %s', (_, jumpMs) => {
  test('K7: who leads goes on leading, at its pace, and nobody else begins', async () => {
    const clock = fakeClock()
    const shared = leases()
    const a = candidate('a', shared.store, clock)
    await pass(clock, 200)
    const b = candidate('b', shared.store, clock)
    await pass(clock, 10_000)
    const before = Number(shared.lease?.metadata.resourceVersion)
    clock.jump(jumpMs)
    await pass(clock, 20_000)
    clock.jump(-jumpMs)
    await pass(clock, 20_000)
    const renewals = Number(shared.lease?.metadata.resourceVersion) - before
    expect(a.told).toEqual([expect.stringMatching(/^leads/)])
    expect(b.told).toEqual(['follows a'])
    // Every 2 to 2.4 s.
    expect(renewals).toBeGreaterThanOrEqual(15)
    expect(renewals).toBeLessThanOrEqual(20)
  })

  test('K7: a lease that nobody renews is taken after it has run out, not before and not much later', async () => {
    const clock = fakeClock()
    const shared = leases()
    const spec = { holderIdentity: 'gone', leaseDurationSeconds: 15, leaseTransitions: 4 }
    const renewTime = new Date(clock.wallMs()).toISOString()
    await shared.store.create({
      metadata: { namespace: 'gateway', name: 'fairlead' },
      spec: { ...spec, renewTime },
    })
    const { election } = candidate('b', shared.store, clock)
    const since = clock.nowMs()
    await pass(clock, 5000)
    clock.jump(jumpMs)
    while (!election.leads) await pass(clock, 200)
    expect(clock.nowMs() - since).toBeGreaterThanOrEqual(15_000)
    expect(clock.nowMs() - since).toBeLessThanOrEqual(17_000)
  })
})

describe('K6: two that both think they lead', () => {
  test('K6: one that wakes up from a long pause has an older epoch than who leads now, and finds out at its first look', async () => {
    const [clockA, clockB] = [fakeClock(), fakeClock()]
    const shared = leases()
    const a = candidate('a', shared.store, clockA)
    await pass(clockA, 200)
    const b = candidate('b', shared.store, clockB)
    // A stands still: no timer of its runs.
    while (!b.election.leads) await pass(clockB, 200)
    expect(a.election.leads).toBe(true)
    const [first, second] = [a.told[0], b.told.at(-1)].map((text) => Number(text?.split(' ')[1]))
    expect(second).toBeGreaterThan(first ?? Number.POSITIVE_INFINITY)
    clockA.leap(60_000)
    await pass(clockA, 400)
    expect(a.told.at(-1)).toBe('follows b')
    expect(b.election.leads).toBe(true)
  })
})
