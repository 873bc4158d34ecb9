import { expect, test } from 'vitest'
import { headOf } from '../../../test/harness/exchange.ts'
import { hostOf, matchOf, ruleOf } from '../../../test/harness/rules.ts'
import { type Explanation, explain } from './explain.ts'
import { Router } from './router.ts'

const router = new Router([
  hostOf('api.shop.example', [
    [matchOf('/orders', { methods: ['GET', 'HEAD'] }), ruleOf('read')],
    [
      matchOf('/orders', {
        methods: ['POST'],
        headers: [{ name: 'x-tenant', kind: 'prefix', value: 'a' }],
      }),
      ruleOf('tenant'),
    ],
    [
      matchOf('/orders', {
        methods: ['POST'],
        query: [{ name: 'dry', kind: 'present', value: true }],
      }),
      ruleOf('dry'),
    ],
    ['/orders/{id}', ruleOf('one')],
    ['/users', ruleOf('users')],
    [
      '/',
      ruleOf('rest', { paths: { encodedSlash: 'Keep', mergeSlashes: true, underscores: 'Drop' } }),
    ],
  ]),
  hostOf('held.example', [], true),
])

const explained = (lines: string): Explanation => explain(router, headOf(lines))
const verdicts = ({ considered }: Explanation) =>
  Object.fromEntries(considered.map(({ rule, verdict }) => [rule.split('/')[2], verdict]))

test('the winner, and why each other entry lost, in order of precedence', () => {
  const explanation = explained('POST /orders?dry=1')
  expect(explanation).toMatchObject({ outcome: 'rule', host: 'api.shop.example', path: '/orders' })
  expect(explanation.entry?.rule.name).toBe('dry')
  expect(explanation.summary).toBe('rule shop/orders/dry serves it')
  expect(verdicts(explanation)).toEqual({
    one: 'path',
    tenant: 'header',
    dry: 'won',
    read: 'outranked',
    users: 'path',
    rest: 'outranked',
  })
  expect(explanation.considered.map(({ because }) => because)).toContain(
    'header x-tenant must begin with "a" in every value',
  )
})

test('conditions that failed are told one by one', () => {
  const explanation = explained('POST /orders\nx-tenant: b')
  expect(explanation.entry?.rule.name).toBe('rest')
  expect(verdicts(explanation)).toMatchObject({
    tenant: 'header',
    dry: 'query',
    read: 'method',
    rest: 'won',
  })
})

test('a method mismatch names Allow and the rule whose authorization decides', () => {
  const explanation = explained('DELETE /orders')
  expect(explanation).toMatchObject({ outcome: 'method', allow: ['GET', 'HEAD', 'POST'] })
  expect(explanation.summary).toBe(
    'the path has rules, none of them for DELETE: 405 to whom shop/orders/tenant authorizes',
  )
  expect(verdicts(explanation)).toMatchObject({ read: 'method', rest: 'outranked' })
})

test.each([
  [
    'a host that nobody has',
    'GET /\nhost: x.example',
    { outcome: 'none', host: undefined, summary: 'no rule matches: 404' },
  ],
  ['a host that is held', 'GET /\nhost: held.example', { outcome: 'held', host: 'held.example' }],
  ['parameters that change the rule', 'GET /users;a/b', { outcome: 'ambiguous' }],
  ['a path without canonical form', 'GET /%zz', { outcome: 'path_invalid', path: undefined }],
  [
    'an encoded slash where the rule rejects it',
    'GET /users/a%2fb',
    { outcome: 'path_invalid', path: '/users/a%2Fb' },
  ],
  ['an encoded slash where the rule keeps it', 'GET /x/a%2fb', { outcome: 'rule' }],
  [
    'a path that had to be made canonical',
    'GET /x/../orders/%37',
    { outcome: 'rule', path: '/orders/7' },
  ],
])('%s', (_, lines, want) => expect(explained(lines)).toMatchObject(want))

test('explaining does not change what the router answers', () => {
  const head = headOf('POST /orders?dry=1')
  const before = router.route(head.hostname, 'POST', '/orders', head.query, head.headers)
  explained('POST /orders?dry=1')
  expect(router.route(head.hostname, 'POST', '/orders', head.query, head.headers)).toBe(before)
})
