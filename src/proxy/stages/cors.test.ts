import { describe, expect, test } from 'vitest'
import { exchangeOf, fieldsOf, goesOn } from '../../../test/harness/exchange.ts'
import { ruleOf } from '../../../test/harness/rules.ts'
import type { Cors } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import { cors } from './cors.ts'
import { fail } from './fail.ts'

const policy: Cors = {
  allowOrigins: ['https://shop.example', 'https://*.shop.example', 'http://localhost:3000'],
  allowMethods: ['GET', 'PUT'],
  allowHeaders: ['authorization'],
  exposeHeaders: ['x-total'],
  allowCredentials: true,
  maxAgeSeconds: 600,
}
const made = (own: Partial<Cors> = {}) => cors(ruleOf('r', { cors: { ...policy, ...own } }))

/** What a backend's answer, with these fields, looks like to the client. */
function answered(
  lines: string,
  fields: readonly (readonly [string, string])[] = [],
  own: Partial<Cors> = {},
): string[] {
  const headers = new HeaderList()
  for (const [name, value] of fields) headers.add(name, value)
  made(own)?.reply?.(exchangeOf(lines), 200, headers)
  return fieldsOf(headers)
}

test('a rule without cors has no policy', () => {
  expect(cors(ruleOf('r'))).toBeUndefined()
})

describe('preflights', () => {
  const preflight = (origin: string, method = 'PUT') =>
    `OPTIONS /\norigin: ${origin}\naccess-control-request-method: ${method}`
  const answerTo = (lines: string, own: Partial<Cors> = {}) => {
    const exchange = exchangeOf(lines)
    const stage = made(own)
    exchange.replyEdits = stage?.reply === undefined ? [] : [stage.reply]
    return { wentOn: goesOn(stage, exchange), reply: exchange.reply }
  }

  test('are answered here, with everything', () => {
    const { wentOn, reply } = answerTo(preflight('https://shop.example'))
    expect(wentOn).toBe(false)
    expect(reply).toMatchObject({ status: 204, length: -1, body: '', ended: true })
    expect(fieldsOf(reply.headers)).toEqual([
      'vary: Origin',
      'access-control-allow-origin: https://shop.example',
      'access-control-allow-credentials: true',
      'access-control-allow-methods: GET, PUT',
      'access-control-allow-headers: authorization',
      'access-control-max-age: 600',
      'x-request-id: 0198c0de-0000-7000-8000-000000000000',
    ])
  })

  test('of strangers get nothing but Vary', () => {
    const { wentOn, reply } = answerTo(preflight('https://evil.example'))
    expect(wentOn).toBe(false)
    expect(fieldsOf(reply.headers).filter((field) => !field.startsWith('x-'))).toEqual([
      'vary: Origin',
    ])
  })

  test('a maxAge of 0 is said, or browsers take five seconds', () => {
    const { reply } = answerTo(preflight('https://shop.example'), { maxAgeSeconds: 0 })
    expect(reply.headers?.get('access-control-max-age')).toBe('0')
  })

  test('for a method that the path does not have go on to 405', () => {
    const exchange = exchangeOf(preflight('https://shop.example', 'PATCH'))
    exchange.allow = ['GET']
    expect(goesOn(made(), exchange)).toBe(true)
  })

  test.each([
    ['OPTIONS without Access-Control-Request-Method', 'OPTIONS /\norigin: https://shop.example'],
    ['OPTIONS without Origin', 'OPTIONS /\naccess-control-request-method: PUT'],
    ['another method', 'GET /\norigin: https://shop.example\naccess-control-request-method: PUT'],
  ])('%s is none', (_, lines) => expect(answerTo(lines).wentOn).toBe(true))
})

describe('answers', () => {
  test.each<readonly [string, string, boolean]>([
    ['an exact origin', 'https://shop.example', true],
    ['a port belongs to the origin', 'https://shop.example:8443', false],
    ['the scheme belongs to it', 'http://shop.example', false],
    ['an origin with its port', 'http://localhost:3000', true],
    ['under a wildcard', 'https://www.shop.example', true],
    ['far under a wildcard', 'https://a.b.shop.example', true],
    ['a wildcard needs a label', 'https://.shop.example', false],
    ['something that only ends alike', 'https://evilshop.example', false],
    ['something that only begins alike', 'https://shop.example.evil.example', false],
    ['a star hides no port', 'https://evil.example:80.shop.example', false],
    ['nor a path', 'https://evil.example/.shop.example', false],
    ['nor a user', 'https://evil@x.shop.example', false],
    ['null is no origin', 'null', false],
    ['case counts: browsers print lower case', 'https://SHOP.example', false],
  ])('%s', (_, origin, isAllowed) => {
    const fields = answered(`GET /\norigin: ${origin}`)
    expect(fields.includes(`access-control-allow-origin: ${origin}`)).toBe(isAllowed)
    expect(fields).toContain('vary: Origin')
  })

  test('what may be read is told, what is for preflights is not', () => {
    expect(answered('GET /\norigin: https://shop.example')).toEqual([
      'vary: Origin',
      'access-control-allow-origin: https://shop.example',
      'access-control-allow-credentials: true',
      'access-control-expose-headers: x-total',
    ])
  })

  test("the backend's own CORS fields are replaced", () => {
    const fields = answered('GET /\norigin: https://evil.example', [
      ['access-control-allow-origin', '*'],
      ['access-control-allow-private-network', 'true'],
      ['etag', '"1"'],
    ])
    expect(fields).toEqual(['etag: "1"', 'vary: Origin'])
  })

  test.each<readonly [string, readonly (readonly [string, string])[], string]>([
    ['an answer varies by origin even for who names none', [], 'Origin'],
    ['the backend’s Vary is kept', [['vary', 'Accept-Encoding']], 'Accept-Encoding, Origin'],
    [
      'several fields become one',
      [
        ['vary', 'a'],
        ['vary', 'b'],
      ],
      'a, b, Origin',
    ],
    ['not twice', [['vary', 'accept, ORIGIN']], 'accept, ORIGIN'],
    ['a name that only holds it is another', [['vary', 'x-origin']], 'x-origin, Origin'],
    ['* says it all', [['vary', '*']], '*'],
  ])('%s', (_, fields, vary) => {
    expect(answered('GET /', fields).filter((field) => field.startsWith('vary'))).toContain(
      `vary: ${vary}`,
    )
  })

  test('several Origin fields are none', () => {
    expect(answered('GET /\norigin: https://shop.example\norigin: https://evil.example')).toEqual([
      'vary: Origin',
    ])
  })

  test('* is told as *, never with credentials', () => {
    expect(answered('GET /\norigin: https://any.example', [], { allowOrigins: ['*'] })).toEqual([
      'vary: Origin',
      'access-control-allow-origin: *',
      'access-control-expose-headers: x-total',
    ])
  })

  test('the gateway’s own failures have them too', () => {
    const exchange = exchangeOf('GET /\norigin: https://shop.example')
    const reply = made()?.reply
    exchange.replyEdits = reply === undefined ? [] : [reply]
    fail(exchange, 'credentials_missing')
    expect(exchange.reply.headers?.get('access-control-allow-origin')).toBe('https://shop.example')
  })
})

test('U10: what cannot be printed is refused when the policy is built', () => {
  expect(() => made({ allowHeaders: ['a\r\nb: c'] })).toThrow('cannot be printed')
  expect(() => made({ exposeHeaders: ['\u010a'] })).toThrow('cannot be printed')
})
