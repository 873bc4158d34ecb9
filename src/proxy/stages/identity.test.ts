import { describe, expect, test } from 'vitest'
import { exchangeOf, fieldsOf, goesOn } from '../../../test/harness/exchange.ts'
import { ruleOf } from '../../../test/harness/rules.ts'
import type { PathPolicy } from '../../model/snapshot.ts'
import { identity } from './identity.ts'

/** The fields that go on, or the code of the failure. */
function passed(
  fields: string,
  underscores: PathPolicy['underscores'] = 'Drop',
  stripHeaders = ['x-user', 'x-fairlead-claims'],
): string[] | string {
  const rule = ruleOf('r', {
    stripHeaders,
    paths: { encodedSlash: 'Reject', mergeSlashes: true, underscores },
  })
  const exchange = exchangeOf(`GET /\n${fields}`, { rule })
  if (goesOn(identity(rule), exchange)) return fieldsOf(exchange.headers)
  expect(exchange.reply.closing).toBe(true)
  return exchange.failure?.code ?? ''
}

describe('U6: headers that an authorizer injects', () => {
  test.each([
    ['are removed', 'x-user: admin\naccept: */*'],
    ['in any case', 'X-USER: admin\nx-User: root\naccept: */*'],
    ['however often', 'x-user: a\nx-fairlead-claims: b\nx-user: c\naccept: */*\nx-user: d'],
  ])('%s', (_, fields) => expect(passed(fields)).toEqual(['accept: */*']))

  test.each([['Drop'], ['Reject'], ['Keep']] as const)(
    'in another spelling are 400, also with %s',
    (setting) => {
      expect(passed('x_user: admin', setting)).toBe('bad_request')
      expect(passed('X_Fairlead-Claims: x', setting)).toBe('bad_request')
    },
  )

  test('an injected name with an underscore is kept from both spellings', () => {
    expect(passed('x-user-id: 1\naccept: */*', 'Keep', ['x_user_id'])).toEqual(['accept: */*'])
    expect(passed('x_user_id: 1', 'Keep', ['x_user_id'])).toBe('bad_request')
  })
})

describe('U7: names with an underscore', () => {
  test('are dropped by default', () => {
    expect(passed('x_a: 1\naccept: */*\n_method: DELETE\na_: 1')).toEqual(['accept: */*'])
  })
  test('are refused where the route says so', () => {
    expect(passed('x_a: 1', 'Reject')).toBe('bad_request')
  })
  test('are kept where the route says so', () => {
    expect(passed('x_a: 1', 'Keep')).toEqual(['x_a: 1'])
  })
  test.each([
    'content_type',
    'x_forwarded_for',
    'X_Forwarded-Proto',
    'x_forwarded_user',
    'x_real_ip',
    'x_request_id',
    'proxy_authorization',
    'true_client_ip',
    'x_amzn_trace_id',
    'content_md5',
    'transfer_coding',
    'x_request_deadline_ms',
  ])('%s looks like a field that means something: 400 with every setting', (name) => {
    for (const setting of ['Drop', 'Reject', 'Keep'] as const)
      expect(passed(`${name}: 1`, setting)).toBe('bad_request')
  })
  test.each(['x_http_method_override', 'x_original_url', 'x_rewrite_url', 'x_method_override'])(
    '%s is not kept: its other spelling is dropped',
    (name) => {
      expect(passed(`${name}: 1`, 'Keep')).toBe('bad_request')
      expect(passed(`${name}: 1`, 'Drop')).toEqual([])
    },
  )
})

test('a request without such headers passes as it is', () => {
  expect(passed('accept: */*\nx-users: 1\nuser: x')).toEqual([
    'accept: */*',
    'x-users: 1',
    'user: x',
  ])
})
