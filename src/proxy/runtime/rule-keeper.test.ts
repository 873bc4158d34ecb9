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

test('a rule that did not change stays the same object, one that did is the new one', () => {
  const before = host('a.example', [rule('one'), rule('two')])
  const after = host('a.example', [rule('one'), rule('two', 2000)])
  const kept = rulesOf(new RuleKeeper(() => [before]).keep(after, before))
  expect(kept[0]).toBe(rulesOf(before)[0])
  expect(kept[1]).toBe(rulesOf(after)[1])
})

test('other hosts are not looked at for it: one edit in many costs one host', () => {
  const before = host('a.example', [rule('one'), rule('two')])
  const keeper = new RuleKeeper(() => expect.fail('all hosts were asked for'))
  keeper.keep(host('a.example', [rule('one'), rule('two', 2000)]), before)
})

test('a rule that came from another host is found there', () => {
  const before = host('a.example', [rule('one')])
  const kept = new RuleKeeper(() => [before]).keep(host('b.example', [rule('one')]), undefined)
  expect(rulesOf(kept)[0]).toBe(rulesOf(before)[0])
})

test('a rule of several hosts is one object for all, also when it changed', () => {
  const before = [host('a.example', [rule('one')]), host('b.example', [rule('one')])]
  const keeper = new RuleKeeper(() => before)
  const first = keeper.keep(host('a.example', [rule('one', 2000)]), before[0])
  const second = keeper.keep(host('b.example', [rule('one', 2000)]), before[1])
  expect(rulesOf(second)[0]).toBe(rulesOf(first)[0])
})
