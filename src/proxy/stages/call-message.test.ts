import { expect, test } from 'vitest'
import { exchangeOf } from '../../../test/harness/exchange.ts'
import { ruleOf } from '../../../test/harness/rules.ts'
import { type FailureCode, type FailureDetail, failures } from '../../model/failure.ts'
import { fail } from './fail.ts'

const rows: readonly (readonly [FailureCode, FailureDetail, string])[] = [
  ['no_backend', {}, 'no_backend: The route has no backend.'],
  [
    'scope_missing',
    { wanted: ['orders/read'] },
    'scope_missing: A scope is missing. orders/read is wanted.',
  ],
  [
    'group_missing',
    { detail: 'Ask for it.', wanted: ['a', 'b'] },
    'group_missing: A group is missing. Ask for it. a, b are wanted.',
  ],
  [
    'request_budget_exhausted',
    { clock: 'grpcTimeout', limitMs: 500, spentMs: 501 },
    "request_budget_exhausted: The request ran out of time. The client's own grpc-timeout of 500 ms is over.",
  ],
  [
    'request_budget_exhausted',
    { clock: 'request', limitMs: 500, spentMs: 501 },
    'request_budget_exhausted: The request ran out of time. timeouts.request of the rule is 500 ms.',
  ],
  [
    'upstream_timeout',
    { clock: 'idle', limitMs: 60_000, spentMs: 60_001 },
    'upstream_timeout: The backend took too long. No byte went either way for 60000 ms: send one in time, or raise timeouts.idle of the rule.',
  ],
  [
    'denied',
    { detail: '100 %\r\nof “ü”', reason: 'for the log', challenges: ['Bearer'] },
    'denied: Access is denied. 100 %25%0D%0Aof %E2%80%9C%C3%BC%E2%80%9D',
  ],
]

const messageOf = (code: FailureCode, detail: FailureDetail, rule = ruleOf('r')): string => {
  const grpc = { timeoutMs: 0, isAnswered: false, end: undefined }
  const exchange = exchangeOf('POST /shop.Orders/Get', { grpc, rule })
  fail(exchange, code, detail)
  return exchange.reply.headers?.get('grpc-message') ?? ''
}

test.each(rows)('%s %o is told to clients of gRPC as it is to others', (code, detail, message) => {
  expect(messageOf(code, detail)).toBe(message)
})

test.each(['a', 'ü', '“', '😀'])('a text of many %s is cut, between characters', (sign) => {
  const message = messageOf('denied', { detail: sign.repeat(5000) })
  expect(message.length).toBeLessThanOrEqual(1024)
  expect(message.length).toBeGreaterThan(900)
  expect(decodeURIComponent(message)).toMatch(/^denied: Access is denied\. .+\.\.\.$/u)
})

test('a rule with a page of its own for a failure tells as little of it', () => {
  const page = { codes: ['denied' as const], contentType: 'text/plain', body: 'no' }
  const rule = ruleOf('r', { errors: [page] })
  expect(messageOf('denied', { detail: 'Secret.' }, rule)).toBe(failures.denied.title)
})
