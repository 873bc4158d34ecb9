import { afterEach, describe, expect, test } from 'vitest'
import { type BackendSpec, balanced } from '../../../test/harness/clusters.ts'
import { hostOf, ruleOf } from '../../../test/harness/rules.ts'
import type { Balance } from '../../model/snapshot.ts'
import { Failovers } from './failovers.ts'
import { Router } from './router.ts'

const open: { close(): void }[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

function setUp(specs: readonly BackendSpec[], balance?: Balance, region = '') {
  const set = balanced(specs, balance === undefined ? {} : { balance }, region)
  open.push(set)
  const { forward } = set
  const clusters = new Map(forward.backends.map(({ name }) => [name, set.of(name)]))
  const hosts = ['a.example', 'b.example'].map((name) =>
    hostOf(name, [['/', ruleOf('read', { action: forward })]]),
  )
  // The same frozen rule is in every entry that leads to it.
  const [first] = hosts[0]!.entries
  const shared = hosts.map((host) => ({ ...host, entries: [first!] }))
  const failovers = new Failovers({ generation: 1, clusters, router: new Router(shared), region })
  return { ...set, down: () => failovers.current.map(({ backend }) => backend), failovers }
}

const local: Balance = { policy: 'RoundRobin', locality: 'PreferLocal' }

describe('a backend that traffic should go to first', () => {
  test('is named with rule and route while it is down and another one is not, once for all hosts', () => {
    const set = setUp([{}, {}])
    expect(set.failovers.current).toEqual([])
    set.fail('a')
    expect(set.failovers.current).toEqual([{ route: 'shop/orders', rule: 'read', backend: 'a' }])
    set.clock.leap(10_000)
    set.clock.advance(1000)
    expect(set.failovers.current).toEqual([])
  })

  test('is not down while one endpoint of it is healthy', () => {
    const set = setUp([{ endpoints: 2 }, {}])
    set.fail('a')
    expect(set.down()).toEqual([])
    set.fail('a', 3, 1)
    expect(set.down()).toEqual(['a'])
  })

  test('is down without any endpoint: a Service whose Pods are gone', () => {
    expect(setUp([{ endpoints: 0 }, {}]).down()).toEqual(['a'])
  })

  test('has nowhere to fail over to when all are down', () => {
    const set = setUp([{}, {}])
    set.fail('a')
    set.fail('b')
    expect(set.down()).toEqual([])
  })
})

test.each<[string, readonly BackendSpec[], Balance | undefined, string, readonly string[]]>([
  ['of a lower priority takes no traffic anyway', [{}, { priority: 1 }], undefined, 'b', []],
  ['of weight 0 takes no traffic anyway', [{}, { weight: 0 }], undefined, 'b', []],
  ['with only those of weight 0 beside it', [{}, { weight: 0 }], undefined, 'a', []],
  ['with one of a lower priority beside it', [{}, { priority: 1 }], undefined, 'a', ['a']],
  ['in another region than the preferred one', [{}, {}], local, 'b', []],
  ['in the preferred region', [{}, {}], local, 'a', ['a']],
])('a backend that is down, %s', (_, specs, balance, broken, want) => {
  const set = setUp(specs, balance, 'a')
  set.fail(broken)
  expect(set.down()).toEqual(want)
})

test('nothing is looked at again while no health changes', () => {
  const set = setUp([{}, {}])
  set.fail('a')
  expect(set.failovers.current).toBe(set.failovers.current)
})
