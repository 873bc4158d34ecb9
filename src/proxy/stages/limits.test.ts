import { describe, expect, test } from 'vitest'
import { exchangeOf, goesOn, noBody } from '../../../test/harness/exchange.ts'
import { ruleOf } from '../../../test/harness/rules.ts'
import type { BodySource } from '../http1/message.ts'
import { whole } from '../runtime/share.ts'
import { limits } from './limits.ts'

const made = (requestBody: number, concurrency: number, more: { callBody?: number } = {}) =>
  limits(ruleOf('r', { limits: { requestBody, concurrency, ...more } }), { share: whole })

test('a rule without limits has no policy', () => {
  expect(made(0, 0)).toBeUndefined()
})

describe('size of the body', () => {
  function passed(body: Partial<BodySource>, requestBody = 10) {
    let limit: number | undefined
    const source: BodySource = { ...noBody, limit: (bytes) => (limit = bytes), ...body }
    const exchange = exchangeOf('POST /', { body: source })
    const went = goesOn(made(requestBody, 0), exchange)
    return { went, limit, code: exchange.failure?.code }
  }

  test('F15: what is announced as too large is 413 at once', () => {
    expect(passed({ framing: 'length', length: 11 })).toEqual({
      went: false,
      limit: undefined,
      code: 'body_too_large',
    })
  })
  test('what fits goes on', () => {
    expect(passed({ framing: 'length', length: 10 })).toMatchObject({ went: true, code: undefined })
    expect(passed({})).toMatchObject({ went: true, limit: undefined })
  })
  test('chunks are counted as they come', () => {
    expect(passed({ framing: 'chunked' })).toEqual({ went: true, limit: 10, code: undefined })
  })
  test('calls of gRPC have a limit of their own, where it is said', () => {
    const announced = { ...noBody, framing: 'length', length: 11 } as const
    const call = { timeoutMs: 0, isAnswered: false, end: undefined }
    const went = (more: { callBody?: number }, grpc: typeof call | undefined) =>
      goesOn(made(10, 0, more), exchangeOf('POST /', { body: announced, ...(grpc && { grpc }) }))
    expect(went({ callBody: 0 }, call)).toBe(true)
    expect(went({ callBody: 0 }, undefined)).toBe(false)
    expect(went({}, call)).toBe(false)
    expect(went({ callBody: 5 }, call)).toBe(false)
  })
  test('0 is unlimited', () => {
    expect(made(0, 1)).toBeDefined()
    const exchange = exchangeOf('POST /', { body: { ...noBody, framing: 'length', length: 1e12 } })
    expect(goesOn(made(0, 1), exchange)).toBe(true)
  })
})

describe('requests in flight', () => {
  test('beyond the limit the answer is 503, until one is over', () => {
    const policy = made(0, 2)
    const begin = () => {
      const exchange = exchangeOf('GET /')
      return { exchange, went: goesOn(policy, exchange) }
    }
    const [first, second, third] = [begin(), begin(), begin()]
    expect([first.went, second.went, third.went]).toEqual([true, true, false])
    expect(third.exchange.reply).toMatchObject({ status: 503 })
    expect(third.exchange.reply.headers?.get('retry-after')).toBe('1')
    expect(third.exchange.failure?.code).toBe('overloaded')
    expect(third.exchange.onDone).toBeUndefined()
    for (const release of first.exchange.onDone ?? []) release()
    expect([begin().went, begin().went]).toEqual([true, false])
  })

  test('a request that is refused for its body takes no place', () => {
    const policy = made(10, 1)
    goesOn(policy, exchangeOf('POST /', { body: { ...noBody, framing: 'length', length: 11 } }))
    expect(goesOn(policy, exchangeOf('GET /'))).toBe(true)
  })

  test('each rule has its own count', () => {
    const [one, other] = [made(0, 1), made(0, 1)]
    expect(goesOn(one, exchangeOf('GET /'))).toBe(true)
    expect(goesOn(other, exchangeOf('GET /'))).toBe(true)
  })
})
