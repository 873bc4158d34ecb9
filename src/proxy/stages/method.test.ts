import { describe, expect, test } from 'vitest'
import { exchangeOf, goesOn } from '../../../test/harness/exchange.ts'
import { matchOf, ruleOf } from '../../../test/harness/rules.ts'
import { method } from './method.ts'

function outcome(verb: string, methods: readonly string[] = [], allow?: readonly string[]) {
  const exchange = exchangeOf(`${verb} /`, {
    entry: { match: matchOf('/', { methods }), rule: ruleOf('r') },
  })
  exchange.allow = allow
  const went = goesOn(method(), exchange)
  return went
    ? 'goes on'
    : `${exchange.reply.status} ${exchange.reply.headers?.get('allow') ?? ''}`.trim()
}

describe('R10: methods', () => {
  test.each<readonly [string, string, string]>([
    ['a registered one goes on', 'PATCH', 'goes on'],
    ['WebDAV too', 'PROPFIND', 'goes on'],
    ['lower case is another method, which nobody knows', 'get', '501'],
    ['an unknown token', 'FOO', '501'],
    ['odd but legal tokens', "X!#$%&'*+-.^_`|~", '501'],
    ['the preface of HTTP/2', 'PRI', '501'],
    ['names that objects have', 'constructor', '501'],
  ])('%s', (_, verb, want) => expect(outcome(verb)).toBe(want))

  test('one that a match names goes on', () => {
    expect(outcome('PURGE', ['GET', 'PURGE'])).toBe('goes on')
  })

  test('a path without it is 405 with Allow', () => {
    expect(outcome('PUT', ['GET', 'HEAD'], ['GET', 'HEAD'])).toBe('405 GET, HEAD')
    expect(outcome('FOO', ['GET', 'HEAD'], ['GET', 'HEAD'])).toBe('405 GET, HEAD')
  })
})
