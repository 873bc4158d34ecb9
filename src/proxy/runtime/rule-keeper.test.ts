import { expect, test } from 'vitest'
import { ruleOf } from '../../../test/harness/rules.ts'
import type { Host, Rule } from '../../model/snapshot.ts'
import { RuleKeeper } from './rule-keeper.ts'

/** As it comes over a wire: equal to others of its name and clock, and none of them. */
const rule = (name: string, requestMs = 1000): Rule =>
  structuredClone(
    ruleOf(name, { timeouts: { requestMs, backendRequestMs: 0, connectMs: 0, idleMs: 0 } }),
  )

const path = { kind: 'prefix', value: '/', literal: 0 } as const
const host = (hostname: string, rules: readonly Rule[]): Host => ({
  hostname,
  digest: '',
  held: false,
  entries: rules.map((each) => ({
    match: { path, methods: [], headers: [], query: [] },
    rule: each,
  })),
})

const rulesOf = ({ entries }: Host): Rule[] => entries.map((entry) => entry.rule)

/** What becomes of hosts that take the place of others. */
function edit(gone: readonly Host[], ...come: readonly Host[]): readonly (readonly Rule[])[] {
  const keeper = new RuleKeeper()
  keeper.move({ gone: [], come: gone })
  return keeper.keep(come).map(rulesOf)
}

test('a rule that did not change stays the same object, one that did is the new one', () => {
  const before = host('a.example', [rule('one'), rule('two')])
  const after = host('a.example', [rule('one'), rule('two', 2000)])
  const [kept] = edit([before], after)
  expect(kept?.[0]).toBe(rulesOf(before)[0])
  expect(kept?.[1]).toBe(rulesOf(after)[1])
})

test('a rule that came from another host is found there', () => {
  const before = host('a.example', [rule('one')])
  const [kept] = edit([before], host('b.example', [rule('one')]))
  expect(kept?.[0]).toBe(rulesOf(before)[0])
})

test('a rule of several hosts is one object for all, also when it changed', () => {
  const before = [host('a.example', [rule('one')]), host('b.example', [rule('one')])]
  const next = ['a.example', 'b.example'].map((name) => host(name, [rule('one', 2000)]))
  const [first, second] = edit(before, ...next)
  expect(second?.[0]).toBe(first?.[0])
})

test('a rule is remembered for as long as some host leads to it', () => {
  const shared = rule('one')
  const [a, b] = [host('a.example', [shared]), host('b.example', [shared])]
  const keeper = new RuleKeeper()
  const keptAt = (name: string) => rulesOf(keeper.keep([host(name, [rule('one')])])[0]!)[0]
  keeper.move({ gone: [], come: [a, b] })
  keeper.move({ gone: [a], come: [] })
  expect(keptAt('c.example')).toBe(shared)
  keeper.move({ gone: [b], come: [] })
  expect(keptAt('c.example')).not.toBe(shared)
})
