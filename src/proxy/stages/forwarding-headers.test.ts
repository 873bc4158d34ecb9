import { describe, expect, test } from 'vitest'
import {
  type ExchangeOptions,
  exchangeOf,
  fieldsOf,
  goesOn,
  peerOf,
  runtimeOf,
  type TestExchange,
} from '../../../test/harness/exchange.ts'
import { forwardAction, ruleOf } from '../../../test/harness/rules.ts'
import type { Rule } from '../../model/snapshot.ts'
import { forwardingHeaders } from './forwarding-headers.ts'
import { identify } from './identify.ts'

const trusting = () => runtimeOf({ trustedProxies: ['10.0.0.0/8', 'fd00::/8'] })
const fromTrusted = (own: ExchangeOptions = {}): ExchangeOptions => ({
  runtime: trusting(),
  peer: peerOf('10.0.0.1'),
  ...own,
})

function identified(lines: string, options: ExchangeOptions = {}): TestExchange {
  const exchange = exchangeOf(lines, options)
  identify(exchange)
  return exchange
}

/** What a backend would see, by name: several fields of one name are an array. */
function seen(
  lines: string,
  options: ExchangeOptions = {},
  rule: Rule = ruleOf('r'),
): Record<string, string | string[]> {
  const exchange = identified(lines, options)
  expect(goesOn(forwardingHeaders(rule), exchange)).toBe(true)
  const fields: Record<string, string | string[]> = {}
  for (const line of fieldsOf(exchange.headers)) {
    const [name = '', value = ''] = line.split(/: (.*)/s)
    const before = fields[name]
    fields[name] = before === undefined ? value : [before, value].flat()
  }
  return fields
}

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = `00-${trace}-00f067aa0ba902b7`
const everything = `x-forwarded-for: 6.6.6.6
X-Forwarded-Proto: https
x-forwarded-host: evil.example
x-forwarded-port: 443
x-forwarded-prefix: /evil
x-forwarded-user: admin
x-forwarded: for=6.6.6.6
x-forwarded-client-cert: Hash=1
forwarded: for=6.6.6.6;proto=https
x-real-ip: 6.6.6.6
true-client-ip: 6.6.6.6
x-client-ip: 6.6.6.6
x-cluster-client-ip: 6.6.6.6
x-request-id: mine
x-amzn-trace-id: Root=1-00000000-000000000000000000000000
x-request-deadline-ms: 1`

/** The same edits with and without the field list in printed form: both ways must say the same. */
const ways = [
  ['printed at once', ruleOf('r')],
  [
    'as fields, because the route edits them',
    ruleOf('r', { requestHeaders: { remove: ['x-real-ip'], set: [], add: [] } }),
  ],
] as const

describe.each(ways)('U5: from an untrusted peer, %s', (_, rule) => {
  test('all that it says about itself is overwritten', () => {
    const fields = seen(`GET /\n${everything}\naccept: */*`, {}, rule)
    expect(fields).toEqual({
      accept: '*/*',
      'x-request-id': expect.stringMatching(uuid7),
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/),
      'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'api.shop.example',
      'x-forwarded-port': '8080',
      'x-real-ip': '192.0.2.1',
      forwarded: 'for=192.0.2.1;host="api.shop.example";proto=http',
      via: '1.1 fairlead',
    })
  })

  test('U8: what changes the method or the URL for some backends is dropped', () => {
    const fields = seen(
      'GET /\nx-http-method-override: DELETE\nX-HTTP-Method: PUT\nx-method-override: PUT\nx-original-url: /admin\nx-rewrite-url: /admin\nx-original-uri: /a',
      {},
      rule,
    )
    expect(Object.keys(fields).filter((name) => /method|url|uri/.test(name))).toEqual([])
  })

  test('U8: Proxy, which CGI programs take for HTTP_PROXY, is dropped', () => {
    const fields = seen('GET /\nProxy: http://evil.example\nproxy-mode: a', {}, rule)
    expect(Object.keys(fields).filter((name) => /^proxy/i.test(name))).toEqual(['proxy-mode'])
  })

  test('IPv6 is quoted in Forwarded', () => {
    const fields = seen('GET /\nhost: api.shop.example:8443', { peer: peerOf('2001:db8::1') }, rule)
    expect(fields['forwarded']).toBe('for="[2001:db8::1]";host="api.shop.example:8443";proto=http')
    expect(fields['x-forwarded-for']).toBe('2001:db8::1')
  })

  test('its trace is continued, its sampling is not', () => {
    const fields = seen(`GET /\ntraceparent: ${parent}-01\ntracestate: a=b`, {}, rule)
    expect(fields['traceparent']).toMatch(
      new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)[0-9a-f]{16}-00$`),
    )
    expect(fields['tracestate']).toBe('a=b')
    expect(fields['x-amzn-trace-id']).toBe(`Root=1-${trace.slice(0, 8)}-${trace.slice(8)}`)
  })

  test.each([
    ['malformed', `traceparent: 00-x\ntracestate: a=b`],
    ['missing', 'tracestate: a=b'],
    ['repeated', `traceparent: ${parent}-00\ntraceparent: ${parent}-01\ntracestate: a=b`],
  ])('a %s traceparent begins a new trace, without the old state', (_name, lines) => {
    const fields = seen(`GET /\n${lines}`, {}, rule)
    expect(fields['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    expect(fields['traceparent']).not.toContain(trace)
    expect(fields['tracestate']).toBeUndefined()
  })

  test('Via is continued', () => {
    expect(seen('GET /\nvia: 1.0 a\nvia: 1.1 b', {}, rule)['via']).toBe(
      '1.0 a, 1.1 b, 1.1 fairlead',
    )
  })

  test('hosts of one connection are kept apart', () => {
    const peer = peerOf('192.0.2.1')
    expect(seen('GET /\nhost: a.example', { peer }, rule)['x-forwarded-host']).toBe('a.example')
    expect(seen('GET /\nhost: b.example', { peer }, rule)['x-forwarded-host']).toBe('b.example')
    expect(seen('GET /\nhost: a.example', { peer }, rule)['forwarded']).toContain(
      'host="a.example"',
    )
  })
})

describe('from a trusted peer', () => {
  test('the chains go on', () => {
    const fields = seen(
      `GET /\nx-forwarded-for: 6.6.6.6\nx-forwarded-for: 203.0.113.9\nforwarded: for=203.0.113.9`,
      fromTrusted(),
    )
    expect(fields['x-forwarded-for']).toBe('6.6.6.6, 203.0.113.9, 10.0.0.1')
    expect(fields['x-real-ip']).toBe('203.0.113.9')
    expect(fields['forwarded']).toBe(
      'for=203.0.113.9, for=10.0.0.1;host="api.shop.example";proto=http',
    )
  })

  test.each([
    ['http', 'https'],
    ['https', 'http'],
  ] as const)(
    'that speaks %s for a client of %s, Forwarded says what X-Forwarded-Proto does',
    (own, theirs) => {
      const fields = seen(
        `GET /\nx-forwarded-proto: ${theirs}`,
        fromTrusted({ peer: { ...peerOf('10.0.0.1'), scheme: own } }),
      )
      expect(fields['x-forwarded-proto']).toBe(theirs)
      expect(fields['forwarded']).toBe(`for=10.0.0.1;host="api.shop.example";proto=${theirs}`)
    },
  )

  test('what it says about the client stays', () => {
    const fields = seen(`GET /\n${everything.replaceAll('6.6.6.6', '203.0.113.9')}`, fromTrusted())
    expect(fields).toMatchObject({
      'x-forwarded-for': '203.0.113.9, 10.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-port': '443',
      'x-forwarded-prefix': '/evil',
      'x-real-ip': '203.0.113.9',
      'x-request-id': 'mine',
      'x-amzn-trace-id': 'Root=1-00000000-000000000000000000000000',
    })
    expect(fields['x-request-deadline-ms']).toBeUndefined()
  })

  test('without a word of it, it is the client', () => {
    expect(seen('GET /', fromTrusted())).toMatchObject({
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'api.shop.example',
      'x-forwarded-port': '8080',
      'x-real-ip': '10.0.0.1',
      via: '1.1 fairlead',
    })
  })

  test('its sampling is kept', () => {
    expect(seen(`GET /\ntraceparent: ${parent}-01`, fromTrusted())['traceparent']).toMatch(/-01$/)
    expect(seen(`GET /\ntraceparent: ${parent}-00`, fromTrusted())['traceparent']).toMatch(/-00$/)
    expect(seen('GET /', fromTrusted())['traceparent']).toMatch(/-00$/)
  })

  test('U8: it cannot change method or URL either', () => {
    const fields = seen(
      'GET /\nx-http-method-override: DELETE\nx-original-url: /admin\nx-rewrite-url: /a',
      fromTrusted(),
    )
    expect(Object.keys(fields).filter((name) => /method|url/.test(name))).toEqual([])
  })
})

describe('who is asking', () => {
  test('an id of an untrusted client is logged, not used', () => {
    const exchange = identified('GET /\nx-request-id: mine')
    expect(exchange.id).toMatch(uuid7)
    expect(exchange.clientRequestId).toBe('mine')
  })

  test('an id of a trusted peer is used', () => {
    const exchange = identified('GET /\nx-request-id: mine', fromTrusted())
    expect(exchange).toMatchObject({ id: 'mine', clientRequestId: '', clientTrusted: true })
  })

  test.each([
    ['empty', ''],
    ['too long', 'x'.repeat(129)],
    ['with a quote', 'a"b'],
    ['with a backslash', 'a\\b'],
    ['with a space', 'a b'],
    ['with 8-bit bytes', 'a\u00e4'],
  ])('an id %s is nobody’s', (_, id) => {
    for (const options of [{}, fromTrusted()]) {
      const exchange = identified(`GET /\nx-request-id: ${id}`, options)
      expect(exchange.id).toMatch(uuid7)
      expect(exchange.clientRequestId).toBe('')
    }
  })

  test.each<readonly [string, string, 'http' | 'https']>([
    ['https', 'x-forwarded-proto: https', 'https'],
    ['in upper case', 'x-forwarded-proto: HTTPS', 'https'],
    ['the nearest proxy’s word of a list', 'x-forwarded-proto: https, http', 'http'],
    ['of several fields', 'x-forwarded-proto: http\nx-forwarded-proto: https', 'https'],
    ['no other scheme', 'x-forwarded-proto: javascript', 'http'],
    ['nothing', 'accept: */*', 'http'],
  ])('a trusted peer decides about the scheme: %s', (_, line, scheme) => {
    expect(identified(`GET /\n${line}`, fromTrusted()).scheme).toBe(scheme)
    expect(identified(`GET /\n${line}`).scheme).toBe('http')
  })

  test('the client’s address is derived', () => {
    expect(identified('GET /\nx-forwarded-for: 203.0.113.9', fromTrusted()).client).toBe(
      '203.0.113.9',
    )
    expect(identified('GET /\nx-forwarded-for: 203.0.113.9').client).toBe('192.0.2.1')
    const six = { runtime: trusting(), peer: peerOf('fd00::1') }
    expect(identified('GET /\nx-forwarded-for: 203.0.113.9', six).client).toBe('203.0.113.9')
  })

  test('a load balancer’s trace is continued where there is no other', () => {
    const amazon = `x-amzn-trace-id: Root=1-${trace.slice(0, 8)}-${trace.slice(8)}`
    expect(identified(`GET /\n${amazon}`, fromTrusted()).traceId).toBe(trace)
    expect(identified(`GET /\n${amazon}`).traceId).not.toBe(trace)
  })
})

test('a field that is balanced by is there to be read', () => {
  const action = {
    ...forwardAction,
    balance: { policy: 'Hash', on: { kind: 'header', name: 'x-real-ip' }, locality: 'Ignore' },
  } as const
  const rule = ruleOf('r', { action })
  const exchange = identified('GET /', { rule })
  goesOn(forwardingHeaders(rule), exchange)
  expect(exchange.headers.get('x-real-ip')).toBe('192.0.2.1')
})

test('U8: Proxy is dropped from a trusted peer, too', () => {
  expect(seen('GET /\nproxy: http://evil.example', fromTrusted())['proxy']).toBeUndefined()
})
