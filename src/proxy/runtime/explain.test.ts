import { expect, test } from 'vitest'
import { headOf } from '../../../test/harness/exchange.ts'
import { hostOf, matchOf, ruleOf } from '../../../test/harness/rules.ts'
import { defaultSettings } from '../../model/settings.ts'
import { type Explanation, explain } from './explain.ts'
import { explainedRequest } from './explained-request.ts'
import { Router } from './router.ts'

const { limits } = defaultSettings
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
    ['/broken', ruleOf('broken', { action: { kind: 'invalid' } })],
    [matchOf('/brews', { methods: ['BREW'] }), ruleOf('brews')],
    [
      '/',
      ruleOf('rest', { paths: { encodedSlash: 'Keep', mergeSlashes: true, underscores: 'Drop' } }),
    ],
  ]),
  hostOf('held.example', [], true),
])

const explained = (lines: string): Explanation => explain(router, headOf(lines), limits)
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
    broken: 'path',
    brews: 'path',
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

const typed = (method: string, path: string, ...fields: (readonly [string, string])[]) => {
  const request = explainedRequest(method, `http://api.shop.example${path}`, fields)
  if (request === undefined) throw new Error('no URL')
  return explain(router, request, limits)
}

test.each<readonly [string, Explanation, string]>([
  ['R6 TRACE', typed('TRACE', '/x'), '405 method_not_allowed'],
  ['R6 CONNECT', typed('CONNECT', '/x'), '405 method_not_allowed'],
  ['R10 a method that is too long', typed('A'.repeat(33), '/x'), '501 not_implemented'],
  [
    'R11 a target over the limit',
    typed('GET', `/${'x'.repeat(limits.target)}`),
    '414 uri_too_long',
  ],
  [
    'R11 more headers than may be',
    typed('GET', '/', ...Array.from({ length: 101 }, (_, i) => [`x-${i}`, ''] as const)),
    '431 headers_too_large',
  ],
  ['R18 an Expect that nobody knows', typed('GET', '/', ['Expect', 'x']), '417 expectation_failed'],
  ['R3 a space in the target', typed('GET', '/a b'), '400 bad_request'],
])('%s is refused before any rule is looked for', (_, explanation, status) => {
  expect(explanation).toMatchObject({ outcome: 'refused', entry: undefined })
  expect(explanation.summary).toContain(`${status}, before any rule is looked for`)
})

test('R11: a target at the limit is not', () => {
  expect(typed('GET', `/${'x'.repeat(limits.target - 1)}`)).toMatchObject({ outcome: 'rule' })
})

test('R13: a header is taken as the bytes that a client would send; a control character is refused', () => {
  expect(typed('GET', '/x', ['x-a', '€'])).toMatchObject({ outcome: 'rule' })
  expect(typed('GET', '/x', ['x-a', '\x01'])).toMatchObject({ outcome: 'refused' })
})

test('R10: a method that nobody has heard of is 501, unless the match names it', () => {
  expect(typed('BREW', '/x')).toMatchObject({
    outcome: 'method_unknown',
    summary:
      'BREW is no registered method and no match of rule shop/orders/rest names it: 501 to whom the rule authorizes',
  })
  expect(typed('BREW', '/brews')).toMatchObject({
    outcome: 'rule',
    summary: 'rule shop/orders/brews serves it',
  })
})

test('a rule that is broken holds its place: it does not serve', () => {
  expect(typed('BREW', '/broken').summary).toBe(
    'rule shop/orders/broken is broken and holds its place: 503',
  )
})

test('explaining does not change what the router answers', () => {
  const head = headOf('POST /orders?dry=1')
  const before = router.route(head.hostname, 'POST', '/orders', head.query, head.headers)
  explained('POST /orders?dry=1')
  expect(router.route(head.hostname, 'POST', '/orders', head.query, head.headers)).toBe(before)
})
