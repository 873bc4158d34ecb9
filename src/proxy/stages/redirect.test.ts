import { describe, expect, test } from 'vitest'
import { exchangeOf, peerOf, runtimeOf } from '../../../test/harness/exchange.ts'
import { matchOf, ruleOf } from '../../../test/harness/rules.ts'
import type { Redirect } from '../../model/snapshot.ts'
import { identify } from './identify.ts'
import { redirect } from './redirect.ts'

function answerTo(lines: string, own: Partial<Redirect>, match = '/', peer = '192.0.2.1') {
  const action: Redirect = { kind: 'redirect', status: 308, ...own }
  const runtime = runtimeOf({ trustedProxies: ['10.0.0.0/8'] })
  const entry = { match: matchOf(match), rule: ruleOf('r', { action }) }
  const exchange = exchangeOf(lines, { entry, runtime, peer: peerOf(peer) })
  identify(exchange)
  redirect(action)(exchange)
  return exchange.reply
}

const location = (...args: Parameters<typeof answerTo>) =>
  answerTo(...args).headers?.get('location')

describe('where to', () => {
  test.each<readonly [string, Partial<Redirect>, string, string]>([
    ['another scheme', { scheme: 'https' }, 'GET /a?b=1', 'https://api.shop.example/a?b=1'],
    [
      'another scheme leaves the port',
      { scheme: 'https' },
      'GET /a\nhost: api.shop.example:8080',
      'https://api.shop.example/a',
    ],
    [
      'the same scheme keeps the port',
      { path: { kind: 'full', template: '/b' } },
      'GET /a\nhost: api.shop.example:8080',
      'http://api.shop.example:8080/b',
    ],
    ['another port', { port: 8443, scheme: 'https' }, 'GET /a', 'https://api.shop.example:8443/a'],
    [
      'a default port is not written',
      { port: 443, scheme: 'https' },
      'GET /a',
      'https://api.shop.example/a',
    ],
    [
      'another hostname',
      { hostname: 'www.shop.example' },
      'GET /a\nhost: api.shop.example:8080',
      'http://www.shop.example/a',
    ],
    [
      'another hostname and port',
      { hostname: 'www.shop.example', port: 81 },
      'GET /a',
      'http://www.shop.example:81/a',
    ],
    [
      'the query stays byte for byte',
      { scheme: 'https' },
      "GET /a?x=%20&x=<'>&;[]",
      "https://api.shop.example/a?x=%20&x=<'>&;[]",
    ],
  ])('%s', (_, own, lines, want) => expect(location(lines, own)).toBe(want))

  test('a prefix or a pattern is rewritten', () => {
    expect(location('GET /v1/a?q', { path: { kind: 'prefix', value: '/v2' } }, '/v1')).toBe(
      'http://api.shop.example/v2/a?q',
    )
    expect(
      location('GET /o/7', { path: { kind: 'full', template: '/orders/{id}' } }, '/o/{id}'),
    ).toBe('http://api.shop.example/orders/7')
  })

  test('a trusted proxy says by which scheme the client came', () => {
    const lines = 'GET /a\nx-forwarded-proto: https'
    const path = { kind: 'full', template: '/b' } as const
    expect(location(lines, { path }, '/', '10.0.0.1')).toBe('https://api.shop.example/b')
    expect(location(lines, { path })).toBe('http://api.shop.example/b')
  })

  test('P4: no path is taken for a host', () => {
    expect(location('GET //evil.example/a', { scheme: 'https' })).toBe(
      'https://api.shop.example/evil.example/a',
    )
    expect(location('GET /v1//evil.example', { path: { kind: 'prefix', value: '/' } }, '/v1')).toBe(
      'http://api.shop.example/evil.example',
    )
    expect(
      location('GET /v1/%2F%2Fevil.example', { path: { kind: 'prefix', value: '/' } }, '/v1'),
    ).toBe('http://api.shop.example/%2F%2Fevil.example')
  })
})

test('the answer has no body and the status that was asked for', () => {
  expect(answerTo('GET /', { status: 302, scheme: 'https' })).toMatchObject({
    status: 302,
    length: 0,
    body: '',
    ended: true,
  })
})

test('P9: a rewritten path without canonical form is 400', () => {
  expect(answerTo('GET /a', { path: { kind: 'full', template: '/../x' } })).toMatchObject({
    status: 400,
  })
})

test('U10: a hostname that is none is refused when the rule is built', () => {
  expect(() => redirect({ kind: 'redirect', status: 302, hostname: 'a\r\nx: y' })).toThrow(
    'no host',
  )
})
