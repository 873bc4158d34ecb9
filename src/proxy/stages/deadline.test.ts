import { expect, test } from 'vitest'
import {
  type ExchangeOptions,
  exchangeOf,
  goesOn,
  noBody,
  runtimeOf,
} from '../../../test/harness/exchange.ts'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { ruleOf } from '../../../test/harness/rules.ts'
import { deadline } from './deadline.ts'

const rule = (requestMs: number) =>
  ruleOf('r', { timeouts: { requestMs, backendRequestMs: 0, connectMs: 0, idleMs: 0 } })

function begun(options: ExchangeOptions = {}) {
  const clock = fakeClock()
  const exchange = exchangeOf('POST /', { runtime: runtimeOf({}, clock), ...options })
  expect(goesOn(deadline(rule(5000)), exchange)).toBe(true)
  return { clock, exchange }
}

test('0 is no clock', () => {
  expect(deadline(rule(0))).toBeUndefined()
})

test('expiry before the head is 504, with clock, limit and time spent', () => {
  const { clock, exchange } = begun()
  clock.advance(4900)
  expect(exchange.reply.started).toBe(false)
  clock.advance(300)
  expect(exchange.reply.status).toBe(504)
  const told = JSON.parse(exchange.reply.body)
  expect(told).toMatchObject({ code: 'request_budget_exhausted', clock: 'request', limitMs: 5000 })
  expect(told.spentMs).toBeGreaterThanOrEqual(5000)
})

test.each([
  [500, 'grpcTimeout', 500],
  [5000, 'grpcTimeout', 5000],
  [9000, 'request', 5000],
])('a call with a deadline of %d ms ends by the clock %s', (timeoutMs, name, limitMs) => {
  const { clock, exchange } = begun({ grpc: { timeoutMs, isAnswered: false, end: undefined } })
  clock.advance(5200)
  expect(exchange.reply.headers?.get('grpc-status')).toBe('4')
  expect(exchange.failureDetail).toMatchObject({ clock: name, limitMs })
})

test('it is 408 when the client’s body is what is missing', () => {
  const { clock, exchange } = begun({ body: { ...noBody, framing: 'chunked', awaited: true } })
  clock.advance(5200)
  expect(exchange.reply.status).toBe(408)
  expect(JSON.parse(exchange.reply.body)).toMatchObject({
    code: 'request_timeout',
    clock: 'request',
  })
})

test('once the head is out it does nothing', () => {
  const { clock, exchange } = begun()
  exchange.reply.started = true
  clock.advance(6000)
  expect(exchange.reply).toMatchObject({ aborted: false, ended: false })
  expect(exchange.failure).toBeUndefined()
})
