import { describe, expect, test } from 'vitest'
import { balanced } from '../../../test/harness/clusters.ts'
import type { Forward } from '../../model/snapshot.ts'

const near: Partial<Forward> = { balance: { policy: 'LeastRequests', locality: 'PreferLocal' } }
const serveAll: Partial<Forward> = { failover: { panic: 'ServeAll', useDrained: false } }

describe('weights', () => {
  test('are exact over ten thousand requests', () => {
    const { picks } = balanced([{ weight: 50 }, { weight: 30 }, { weight: 20 }])
    const chosen = picks(10_000)
    const chiSquare = [5000, 3000, 2000].reduce((sum, wanted, i) => {
      const got = chosen['abc'[i] as string] ?? 0
      return sum + (got - wanted) ** 2 / wanted
    }, 0)
    // 99 % quantile of chi-square with two degrees of freedom.
    expect(chiSquare).toBeLessThan(9.21)
  })

  test('are smooth over a hundred', () => {
    const { selector, picks } = balanced([{ weight: 90 }, { weight: 10 }])
    expect(picks(100)).toEqual({ a: 90, b: 10 })
    const names = Array.from({ length: 100 }, () => selector.pick(undefined, [])?.backend.name)
    const gaps = names.flatMap((name, i) => (name === 'b' ? [i] : []))
    for (let i = 1; i < gaps.length; i++) expect((gaps[i] ?? 0) - (gaps[i - 1] ?? 0)).toBe(10)
  })

  test('are shared out again over what is healthy: 8:1:1 with the first down is 50:50', () => {
    const { fail, shares, picks } = balanced([{ weight: 8 }, { weight: 1 }, { weight: 1 }])
    expect(shares()).toEqual({ a: 80, b: 10, c: 10 })
    fail('a')
    expect(shares()).toEqual({ a: 0, b: 50, c: 50 })
    expect(picks(100)).toEqual({ b: 50, c: 50 })
  })

  test('of nought take no share, also when all others are down', () => {
    const { picks, fail } = balanced([{ weight: 1 }, { weight: 0 }])
    expect(picks(10)).toEqual({ a: 10 })
    fail('a')
    expect(picks(10)['b']).toBeUndefined()
  })

  test('of nought are used when nothing else is left and the rule says so', () => {
    const { picks, fail } = balanced([{ weight: 1 }, { weight: 0 }], {
      failover: { panic: 'Fail', useDrained: true },
    })
    expect(picks(10)).toEqual({ a: 10 })
    fail('a')
    expect(picks(10)).toEqual({ b: 10 })
  })
})

describe('health in the weights', () => {
  test('72 % of the endpoints still carry the whole share', () => {
    const { fail, shares } = balanced([{ endpoints: 25 }, {}])
    for (let i = 0; i < 7; i++) fail('a', 3, i)
    expect(shares()).toEqual({ a: 50, b: 50 })
  })

  test('half of them carry 70 % of it', () => {
    const { fail, shares } = balanced([{ endpoints: 2 }, {}])
    fail('a', 3, 0)
    expect(shares()).toEqual({ a: 41.2, b: 58.8 })
  })

  test('what a level cannot carry spills to the next, and only that', () => {
    const { fail, shares } = balanced([{ endpoints: 2 }, { priority: 1 }])
    expect(shares()).toEqual({ a: 100, b: 0 })
    fail('a', 3, 0)
    expect(shares()).toEqual({ a: 70, b: 30 })
    fail('a', 3, 1)
    expect(shares()).toEqual({ a: 0, b: 100 })
  })

  test('the third level waits for the second', () => {
    const { fail, shares } = balanced([{}, { priority: 1 }, { priority: 5 }])
    fail('a')
    expect(shares()).toEqual({ a: 0, b: 100, c: 0 })
    fail('b')
    expect(shares()).toEqual({ a: 0, b: 0, c: 100 })
  })
})

describe('slow start', () => {
  /** Shares of what comes back, at the beginning and each second of ten. */
  const ramp = (own: Parameters<typeof balanced>[0], endpoint = 0) => {
    const { fail, shares, clock } = balanced(own)
    fail('a', 3, endpoint)
    shares()
    clock.advance(10_000)
    return Array.from({ length: 11 }, (_, second) => {
      if (second > 0) clock.advance(1000)
      return shares()['a']
    })
  }
  const slowStartMs = 10_000

  test('a weight grows from a tenth to the whole in a line', () => {
    const weights = [0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
    const wanted = weights.map((weight) => Math.round((1000 * weight) / (1 + weight)) / 10)
    expect(ramp([{ slowStartMs }, { slowStartMs }])).toEqual(wanted)
  })

  test('a level takes its load back in a line', () => {
    expect(ramp([{ slowStartMs }, { slowStartMs, priority: 1 }])).toEqual([
      10, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100,
    ])
  })

  test('one endpoint of two adds to what the other carries', () => {
    const shares = ramp([{ slowStartMs, endpoints: 2 }, { slowStartMs }])
    expect(shares.at(0)).toBe(Math.round((1000 * 0.73) / 1.73) / 10)
    expect(shares.at(-1)).toBe(50)
  })

  test('an endpoint that comes back to many changes nothing: the others carry the whole share', () => {
    expect(new Set(ramp([{ slowStartMs, endpoints: 20 }, { slowStartMs }]))).toEqual(new Set([50]))
  })
})

describe('locality', () => {
  const regions = [
    { region: 'eu', weight: 1 },
    { region: 'us', weight: 9 },
  ] as const

  test('is ignored by default', () => {
    expect(balanced(regions, {}, 'eu').shares()).toEqual({ a: 10, b: 90 })
  })

  test('PreferLocal makes our own region a level before the others of its priority', () => {
    const { shares, fail } = balanced(regions, near, 'eu')
    expect(shares()).toEqual({ a: 100, b: 0 })
    fail('a')
    expect(shares()).toEqual({ a: 0, b: 100 })
  })

  test('PreferLocal does not reach over a priority', () => {
    const specs = [
      { region: 'eu', priority: 1 },
      { region: 'us', priority: 0 },
    ] as const
    expect(balanced(specs, near, 'eu').shares()).toEqual({ a: 0, b: 100 })
  })
})

describe('another try', () => {
  test('goes to an endpoint that has not failed yet', () => {
    const { selector, endpoint } = balanced([{ endpoints: 2 }])
    const tried = [endpoint('a', 0)]
    for (let i = 0; i < 20; i++)
      expect(selector.pick(undefined, tried)?.endpoint).toBe(endpoint('a', 1))
  })

  test('goes to another region first: what failed here may be more than an endpoint', () => {
    const { selector, endpoint } = balanced([
      { region: 'eu', endpoints: 2 },
      { region: 'eu', endpoints: 2 },
      { region: 'us', weight: 0.1 },
    ])
    const tried = [endpoint('a', 0)]
    for (let i = 0; i < 20; i++) expect(selector.pick(undefined, tried)?.backend.name).toBe('c')
  })

  test('stays in its level while another endpoint of it is there', () => {
    const { selector, endpoint } = balanced([{ endpoints: 2 }, { priority: 1 }])
    const tried = [endpoint('a', 0)]
    for (let i = 0; i < 20; i++)
      expect(selector.pick(undefined, tried)?.endpoint).toBe(endpoint('a', 1))
  })

  test('goes to the next level when this one is used up', () => {
    const { selector, endpoint } = balanced([{}, { priority: 1 }])
    expect(selector.pick(undefined, [endpoint('a')])?.backend.name).toBe('b')
  })

  test('is better on the same endpoint than not at all', () => {
    const { selector, endpoint } = balanced([{}])
    expect(selector.pick(undefined, [endpoint('a')])?.endpoint).toBe(endpoint('a'))
  })

  test('that is bound to a region stays there', () => {
    const { selector, endpoint } = balanced([{ region: 'eu', endpoints: 2 }, { region: 'us' }])
    const tried = [endpoint('a', 0), endpoint('a', 1)]
    for (let i = 0; i < 20; i++)
      expect(selector.pick(undefined, tried, 'eu')?.backend.name).toBe('a')
  })
})

describe('nothing is healthy', () => {
  test('Fail: no backend, but one trial a backend every 250 ms', () => {
    const { fail, picks, clock } = balanced([{}, {}])
    fail('a')
    fail('b')
    expect(picks(100)).toEqual({ a: 1, b: 1, none: 98 })
    clock.advance(249)
    expect(picks(100)).toEqual({ none: 100 })
    clock.advance(1)
    expect(picks(100)).toEqual({ a: 1, b: 1, none: 98 })
  })

  test('Fail: a trial that succeeds ends the ejection, where no probes tell', () => {
    const { fail, selector, of, clock, picks } = balanced([{}, {}])
    fail('a')
    fail('b')
    const trial = selector.pick(undefined, [])
    expect(trial?.panic).toBe(true)
    of('a').trialSucceeded(trial!.endpoint)
    clock.advance(1)
    expect(picks(10)).toEqual({ a: 10 })
  })

  test('ServeAll: everything by its configured weight', () => {
    const { fail, picks } = balanced([{ weight: 3 }, { weight: 1 }, { weight: 0 }], serveAll)
    fail('a')
    fail('b')
    const chosen = picks(4000)
    expect(chosen['none'] ?? chosen['c']).toBeUndefined()
    expect((chosen['a'] ?? 0) / 4000).toBeCloseTo(0.75, 1)
  })

  test('a rule whose weights are all nought has nothing to pick', () => {
    const { selector, picks } = balanced([{ weight: 0 }], serveAll)
    expect(selector.empty).toBe(true)
    expect(picks(1)).toEqual({ none: 1 })
  })
})

describe('a backend that is much slower than the best of its level', () => {
  const slow = (own: Parameters<typeof balanced>[0]) => {
    const all = balanced(own)
    all.picks(1)
    all.succeed('a', 32, 10)
    all.succeed('b', 32, 200)
    all.clock.advance(500)
    all.picks(1)
    return all
  }

  test('is ejected', () => {
    const { events, picks } = slow([{}, {}])
    expect(events).toEqual(['b ejected: slow'])
    expect(picks(10)).toEqual({ a: 10 })
  })

  test('stays when it is of another level', () => {
    expect(slow([{}, { priority: 1 }]).events).toEqual([])
  })

  test('stays when so much of the backend may not be ejected', () => {
    expect(slow([{}, { passive: { maxEjected: 0 } }]).events).toEqual([])
  })
})

describe('zone hints', () => {
  const zones = [['a'], ['b'], ['b']]
  const setUp = (hints: readonly (readonly string[] | undefined)[], zone: string) => {
    const all = balanced([{ endpoints: 3, zones: hints }], {}, '', zone)
    const ports = (tried = 0): number[] => {
      const from = all.of('a').endpoints.slice(0, tried)
      const picked = Array.from(
        { length: 60 },
        () => all.selector.pick(undefined, from)?.endpoint.port ?? 0,
      )
      return [...new Set(picked)].sort()
    }
    return { ...all, ports }
  }

  test('first tries go to the endpoints that are hinted at for our zone', () => {
    expect(setUp(zones, 'b').ports()).toEqual([9001, 9002])
    expect(setUp(zones, 'a').ports()).toEqual([9000])
  })

  test('a further try goes anywhere', () => {
    expect(setUp(zones, 'a').ports(1)).toEqual([9001, 9002])
  })

  test('when those are down, the others serve', () => {
    const { fail, ports } = setUp(zones, 'a')
    fail('a', 3, 0)
    expect(ports()).toEqual([9001, 9002])
  })

  test.each([
    { what: 'no zone of our own', hints: zones, zone: '' },
    { what: 'no hint for our zone', hints: zones, zone: 'c' },
    { what: 'an endpoint without a hint', hints: [['a'], undefined, ['b']], zone: 'a' },
  ])('$what: all are used', ({ hints, zone }) => {
    expect(setUp(hints, zone).ports()).toEqual([9000, 9001, 9002])
  })
})
