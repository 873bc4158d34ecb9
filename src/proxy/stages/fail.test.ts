import { describe, expect, test } from 'vitest'
import { exchangeOf, fieldsOf } from '../../../test/harness/exchange.ts'
import { ruleOf } from '../../../test/harness/rules.ts'
import { type FailureCode, failures } from '../../model/failure.ts'
import type { ErrorPage } from '../../model/snapshot.ts'
import { fail } from './fail.ts'

const codes = Object.keys(failures) as FailureCode[]
const id = '0198c0de-0000-7000-8000-000000000000'

test.each(codes)('%s is answered with its problem document', (code) => {
  const exchange = exchangeOf('GET /')
  fail(exchange, code)
  const { reply } = exchange
  const { status, title } = failures[code]
  expect(JSON.parse(reply.body)).toEqual({
    type: `https://fairlead.dev/problems/${code}`,
    title,
    status,
    code,
    requestId: id,
  })
  expect(reply).toMatchObject({ status, ended: true, length: Buffer.byteLength(reply.body) })
  expect(reply.headers?.get('content-type')).toBe('application/problem+json')
  expect(reply.headers?.get('x-request-id')).toBe(id)
  expect(reply.headers?.get('retry-after')).toBe(status === 503 ? '1' : undefined)
  expect(exchange.failure).toBe(failures[code])
  expect(exchange.status).toBe(status)
})

test('what helps is in the document, what is for headers is not', () => {
  const exchange = exchangeOf('GET /')
  exchange.attempts = [{ backend: 'eu', region: 'eu-west-1', outcome: 'connect_failed', ms: 3 }]
  fail(exchange, 'upstream_timeout', {
    detail: 'It took "too long".',
    clock: 'backendRequest',
    limitMs: 5000,
    spentMs: 5003,
    wanted: ['a'],
    challenges: ['Bearer'],
    allow: ['GET'],
    retryAfterSeconds: 2,
  })
  expect(JSON.parse(exchange.reply.body)).toMatchObject({
    detail: 'It took "too long".',
    clock: 'backendRequest',
    limitMs: 5000,
    spentMs: 5003,
    wanted: ['a'],
    attempts: 1,
  })
  expect(exchange.reply.body).not.toMatch(/Bearer|allow|retry|eu-west|"eu"|connect_failed/)
})

test('headers that a status asks for', () => {
  const exchange = exchangeOf('GET /')
  fail(exchange, 'method_not_allowed', {
    challenges: ['Bearer realm="a"', 'ApiKey realm="b"'],
    allow: ['GET', 'HEAD'],
    retryAfterSeconds: 1.2,
  })
  const fields = fieldsOf(exchange.reply.headers)
  expect(fields).toEqual(
    expect.arrayContaining([
      'www-authenticate: Bearer realm="a"',
      'www-authenticate: ApiKey realm="b"',
      'allow: GET, HEAD',
      'retry-after: 2',
      'cache-control: no-store',
    ]),
  )
})

test('U10: a challenge that cannot be printed is left out', () => {
  const exchange = exchangeOf('GET /')
  fail(exchange, 'denied', { challenges: ['Bearer a="\r\nx: y"', 'Bearer \u010a', 'Bearer'] })
  expect(fieldsOf(exchange.reply.headers).filter((field) => field.startsWith('www-'))).toEqual([
    'www-authenticate: Bearer',
  ])
})

test('once the head is out the connection is cut, and nothing more is said', () => {
  const exchange = exchangeOf('GET /')
  exchange.reply.started = true
  fail(exchange, 'upstream_reset')
  expect(exchange.reply).toMatchObject({ aborted: true, ended: false, body: '' })
  expect(exchange.failure?.code).toBe('upstream_reset')
})

test('log and metrics are told of the first failure', () => {
  const exchange = exchangeOf('GET /')
  fail(exchange, 'denied', { detail: 'one' })
  fail(exchange, 'internal', { detail: 'two' })
  expect(exchange.failure?.code).toBe('denied')
  expect(exchange.failureDetail).toEqual({ detail: 'one' })
})

test('policies edit a failure like any other answer', () => {
  const exchange = exchangeOf('GET /')
  exchange.replyEdits = [(_, status, headers) => headers.add('x-status', String(status))]
  fail(exchange, 'denied')
  expect(exchange.reply.headers?.get('x-status')).toBe('403')
})

describe('error pages', () => {
  const page = (own: Partial<ErrorPage>): ErrorPage => ({
    codes: ['no_healthy_backend'],
    contentType: 'text/html',
    body: '<h1>Zurück</h1>',
    ...own,
  })
  const answer = (errors: readonly ErrorPage[], code: FailureCode = 'no_healthy_backend') => {
    const exchange = exchangeOf('GET /', { rule: ruleOf('r', { errors }) })
    fail(exchange, code, { challenges: ['Bearer'] })
    return exchange.reply
  }

  test('the first page for the code is the answer', () => {
    const reply = answer([
      page({ codes: ['denied'], body: 'no' }),
      page({}),
      page({ body: 'later' }),
    ])
    expect(reply).toMatchObject({ status: 503, body: '<h1>Zurück</h1>', length: 16 })
    expect(reply.headers?.get('content-type')).toBe('text/html')
    expect(reply.headers?.get('retry-after')).toBe('1')
    expect(reply.headers?.get('x-request-id')).toBe(id)
  })

  test('a page may have its own status', () => {
    expect(answer([page({ status: 500 })]).status).toBe(500)
  })

  test('what the protocol asks for stays on a page', () => {
    const reply = answer([page({ codes: ['credentials_missing'] })], 'credentials_missing')
    expect(reply).toMatchObject({ status: 401, body: '<h1>Zurück</h1>' })
    expect(reply.headers?.get('www-authenticate')).toBe('Bearer')
  })

  test('other codes keep their document', () => {
    expect(answer([page({})], 'denied').headers?.get('content-type')).toBe(
      'application/problem+json',
    )
  })

  test('U10: a page whose type cannot be printed is none', () => {
    const reply = answer([page({ contentType: 'text/html\r\nx: y' })])
    expect(reply.headers?.get('content-type')).toBe('application/problem+json')
  })
})
