import { describe, expect, test } from 'vitest'
import { balanced } from '../../../test/harness/clusters.ts'
import type { Balance } from '../../model/snapshot.ts'
import { hashText } from './balance.ts'

const over = (endpoints: number, balance: Balance) => {
  const { selector, of } = balanced([{ endpoints }], { balance })
  const ports = () => of('a').endpoints.map(({ port }) => port)
  const pick = (key?: string) =>
    selector.pick(key === undefined ? undefined : hashText(key), [])?.endpoint
  return { pick, of, ports }
}

const locality = 'Ignore'

describe('RoundRobin', () => {
  test('takes every endpoint in turn', () => {
    const { pick } = over(3, { policy: 'RoundRobin', locality })
    const turn = Array.from({ length: 9 }, () => pick()?.port)
    expect(new Set(turn.slice(0, 3)).size).toBe(3)
    expect(turn.slice(3, 6)).toEqual(turn.slice(0, 3))
    expect(turn.slice(6)).toEqual(turn.slice(0, 3))
  })
})

describe('Random', () => {
  test('is even in the long run', () => {
    const { pick } = over(4, { policy: 'Random', locality })
    const counts: Record<number, number> = {}
    for (let i = 0; i < 8000; i++) {
      const port = pick()?.port ?? 0
      counts[port] = (counts[port] ?? 0) + 1
    }
    const chiSquare = Object.values(counts).reduce((sum, got) => sum + (got - 2000) ** 2 / 2000, 0)
    // 99.9 % quantile of chi-square with three degrees of freedom.
    expect(chiSquare).toBeLessThan(16.27)
  })
})

describe('LeastRequests', () => {
  test('never takes the busier of two', () => {
    const { pick, of } = over(2, { policy: 'LeastRequests', locality })
    const [busy, free] = of('a').endpoints
    busy!.inFlight = 5
    for (let i = 0; i < 50; i++) expect(pick()).toBe(free)
  })

  test('evens out work that takes unequally long', () => {
    const { pick, of } = over(5, { policy: 'LeastRequests', locality })
    for (let i = 0; i < 500; i++) pick()!.inFlight++
    const loads = of('a').endpoints.map(({ inFlight }) => inFlight)
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(5)
  })
})

describe('Hash', () => {
  const byCookie: Balance = {
    policy: 'Hash',
    on: { kind: 'cookie', name: 'pin', ttlMs: 0, issue: false },
    locality,
  }
  const keys = Array.from({ length: 1000 }, (_, i) => `client-${i}`)

  test('the same key goes to the same endpoint', () => {
    const { pick } = over(5, byCookie)
    for (const key of keys) expect(pick(key)).toBe(pick(key))
  })

  test('keys are spread evenly', () => {
    const { pick } = over(5, byCookie)
    const counts: Record<number, number> = {}
    for (const key of keys) {
      const port = pick(key)?.port ?? 0
      counts[port] = (counts[port] ?? 0) + 1
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(140)
    expect(Object.keys(counts)).toHaveLength(5)
  })

  test('when an endpoint goes, only its keys move', () => {
    const { pick, of } = over(5, byCookie)
    const before = new Map(keys.map((key) => [key, pick(key)]))
    const gone = of('a').endpoints[2]
    const failed = { ok: false, status: 0, firstByteMs: 0, failure: 'connect_failed' } as const
    for (let i = 0; i < 3; i++) of('a').record(gone!, failed)
    const moved = keys.filter((key) => pick(key) !== before.get(key))
    expect(moved).toEqual(keys.filter((key) => before.get(key) === gone))
  })

  test('a request without the key goes anywhere', () => {
    const { pick } = over(3, byCookie)
    expect(new Set(Array.from({ length: 60 }, () => pick()?.port)).size).toBe(3)
  })
})
