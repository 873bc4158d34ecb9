import { describe, expect, test } from 'vitest'
import { exchangeOf, type TestExchange } from '../../../test/harness/exchange.ts'
import { ruleOf } from '../../../test/harness/rules.ts'
import { accessLogFields, contextVariables } from '../../model/access-log.ts'
import { type AccessLogSettings, defaultSettings } from '../../model/settings.ts'
import { accessLine, refusalLine } from './access-line.ts'
import { fail } from './fail.ts'

const wallMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

function lineOf(exchange: TestExchange, own: Partial<AccessLogSettings> = {}): string {
  const settings = { ...defaultSettings.accessLog, ...own }
  return accessLine(exchange, true, 0.0123456, wallMs, settings)
}

const parsed = (exchange: TestExchange, own: Partial<AccessLogSettings> = {}) =>
  JSON.parse(lineOf(exchange, own)) as Record<string, unknown>

/** Everything a line can say, said. */
function full(): TestExchange {
  const lines = 'GET /orders/7?page=2\nhost: api.shop.example:8443\nuser-agent: curl/8.0'
  const exchange = exchangeOf(lines, { rule: ruleOf('read') })
  exchange.clientRequestId = 'theirs'
  exchange.authorization = {
    authorizer: 'shop/customers',
    verdict: 'allow',
    expiresWallMs: 0,
    principal: 'ada',
  }
  exchange.attempts = [
    {
      backend: 'eu',
      region: 'eu-west-1',
      outcome: 'connect_failed',
      reason: 'ECONNREFUSED',
      ms: 1.23456,
    },
    { backend: 'us', region: 'us-east-1', outcome: '200', ms: 7 },
  ]
  exchange.status = 200
  exchange.firstByteMs = 7
  exchange.reply.bodyBytes = 5
  Object.assign(exchange.request.peer, { tls: { version: 'TLSv1.3' } })
  return exchange
}

describe('the standard line', () => {
  test('names what OpenTelemetry has a name for by that name', () => {
    expect(parsed(full(), { query: true })).toEqual({
      time: '2026-01-02T03:04:05.678Z',
      request_id: '0198c0de-0000-7000-8000-000000000000',
      client_request_id: 'theirs',
      trace_id: '0123456789abcdef0123456789abcdef',
      'http.request.method': 'GET',
      'server.address': 'api.shop.example',
      'server.port': 8443,
      'url.path': '/orders/7',
      'url.query': 'page=2',
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
      complete: true,
      'http.request.body.size': 0,
      'http.response.body.size': 5,
      duration_ms: 12.346,
      first_byte_ms: 7,
      route: 'shop/orders',
      rule: 'read',
      authorizer: 'shop/customers',
      verdict: 'allow',
      principal: 'ada',
      attempts: [
        {
          backend: 'eu',
          region: 'eu-west-1',
          outcome: 'connect_failed',
          reason: 'ECONNREFUSED',
          ms: 1.235,
        },
        { backend: 'us', region: 'us-east-1', outcome: '200', ms: 7 },
      ],
      'client.address': '192.0.2.1',
      'user_agent.original': 'curl/8.0',
      'tls.protocol.version': 'TLSv1.3',
    })
  })

  test('says why a request failed, and by which clock', () => {
    const exchange = full()
    fail(exchange, 'upstream_timeout', {
      clock: 'backendRequest',
      limitMs: 5,
      spentMs: 6,
      reason: 'slow',
    })
    const line = parsed(exchange, { query: true })
    expect(line['error.type']).toBe('upstream_timeout')
    expect(line['clock']).toBe('backendRequest')
    const ofCalls = (name: string) => name.startsWith('rpc.')
    expect(Object.keys(line)).toEqual(accessLogFields.filter((name) => !ofCalls(name)))
  })

  test('has no query unless the settings ask for it', () => {
    expect(lineOf(full())).not.toContain('page')
  })
})

describe('a message that was refused before it was a request', () => {
  const refused = {
    peer: { address: '192.0.2.9', port: 1, localPort: 2, scheme: 'http' as const },
    fault: { code: 'bad_request' as const, reason: 'bare_lf' },
  }
  const refusal = (own: Partial<AccessLogSettings> = {}) =>
    JSON.parse(refusalLine(refused, wallMs, { ...defaultSettings.accessLog, ...own }))

  test('has a line with what is known of it', () => {
    expect(refusal()).toEqual({
      time: '2026-01-02T03:04:05.678Z',
      'http.response.status_code': 400,
      'error.type': 'bad_request',
      reason: 'bare_lf',
      'client.address': '192.0.2.9',
    })
  })

  test('has the names of a custom line', () => {
    const fields = { path: '$context.path', ip: '$context.identity.sourceIp' }
    expect(refusal({ fields })).toEqual({ ip: '192.0.2.9' })
  })
})

describe('a custom line', () => {
  test('has the fields that are named, under their names, from either vocabulary', () => {
    const fields = {
      ip: '$context.identity.sourceIp',
      status: '$context.status',
      'a "quoted" name': 'rule',
      failure: 'error.type',
    }
    expect(parsed(full(), { fields })).toEqual({
      ip: '192.0.2.1',
      status: 200,
      'a "quoted" name': 'read',
    })
  })

  test('every variable of Amazon API Gateway that is accepted yields something', () => {
    const exchange = full()
    fail(exchange, 'denied')
    const fields = Object.fromEntries(Object.keys(contextVariables).map((name) => [name, name]))
    expect(Object.keys(parsed(exchange, { fields }))).toEqual(Object.keys(contextVariables))
  })
})

const secrets = ['s3cr3t-bearer', 's3cr3t-cookie', 's3cr3t-key', 's3cr3t-query', 's3cr3t-custom']
const head = [
  'authorization: Bearer s3cr3t-bearer',
  'cookie: session=s3cr3t-cookie',
  'x-api-key: s3cr3t-key',
].join('\n')

describe('what is never logged', () => {
  const queries = [
    'access_token=s3cr3t-query&a=1',
    'a=1&ACCESS_TOKEN=s3cr3t-query',
    'a=1;access_token=s3cr3t-query',
    'access%5Ftoken=s3cr3t-query',
    'access_token[]=s3cr3t-query',
    'access_token=x==s3cr3t-query',
    'a=1?access_token=s3cr3t-query',
    'X-Amz-Security-Token=s3cr3t-query&X-Amz-Signature=s3cr3t-query',
    'ticket=s3cr3t-custom&%74icket=s3cr3t-custom',
  ]
  test.each(queries)('tokens, cookies and keys, with the query logged: %s', (query) => {
    const exchange = exchangeOf(`GET /orders?${query}\n${head}`)
    const { snapshot } = exchange.runtime
    const from = [{ kind: 'query' as const, name: 'Ticket' }]
    exchange.runtime.snapshot = { ...snapshot, authorizers: [{ from } as never] }
    fail(exchange, 'token_expired')
    const line = lineOf(exchange, { query: true })
    for (const secret of secrets) expect(line).not.toContain(secret)
    expect(line).toContain('=REDACTED')
  })

  test('other parameters stay as they came', () => {
    const exchange = exchangeOf('GET /orders?a=%20b&a=&c&token_type=x&d=1;e=2')
    expect(parsed(exchange, { query: true })['url.query']).toBe('a=%20b&a=&c&token_type=x&d=1;e=2')
  })
})

/** Past the parser, which would have refused some of it: the log does not rely on anybody. */
function withAgent(agent: string): TestExchange {
  const exchange = exchangeOf('GET /')
  exchange.headers.set('user-agent', agent)
  return exchange
}

describe('D10: hostile bytes', () => {
  const agents = [
    ['CR and LF', 'a\r\n{"forged":true}'],
    ['ANSI', '\u001b[2J\u001b]0;x\u0007'],
    ['C1 controls', '\u009b31m\u0085'],
    ['quotes and backslashes', '"\\","x":"'],
    ['NUL and DEL', '\0\u007f'],
    ['invalid UTF-8', '\u00ff\u00fe\u00c0\u00af\u00ed\u00a0\u0080'],
    ['every byte', String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code))],
  ] as const

  test.each(agents)('D10: %s: one line of printable ASCII, and not a byte is lost', (_, agent) => {
    const line = lineOf(withAgent(agent))
    expect(line).toMatch(/^[\x20-\x7e]+\n$/)
    expect(JSON.parse(line)['user_agent.original']).toBe(agent)
  })

  test('D10: UTF-8 is read as such, a text that would turn its direction is escaped', () => {
    const sent = Buffer.from('café \u202e \u{1f600}', 'utf8').toString('latin1')
    const line = lineOf(withAgent(sent))
    expect(line).toMatch(/^[\x20-\x7e]+\n$/)
    expect(JSON.parse(line)['user_agent.original']).toBe('café \u202e \u{1f600}')
  })

  const tenMiB = 10 * 1024 * 1024
  test.each([
    ['plain', 'a'.repeat(tenMiB)],
    ['hostile', '\u001b'.repeat(tenMiB)],
    ['UTF-8', Buffer.from('é'.repeat(tenMiB / 2), 'utf8').toString('latin1')],
  ])('D10: 10 MiB of %s: cut, and the line says so and by how much', (_, agent) => {
    const exchange = withAgent(agent)
    exchange.status = 200
    const line = lineOf(exchange)
    expect(line.length).toBeLessThanOrEqual(defaultSettings.accessLog.maxLineBytes)
    const fields = JSON.parse(line) as Record<string, unknown>
    const kept = Buffer.byteLength(fields['user_agent.original'] as string, 'utf8')
    expect(fields['truncated']).toBe(true)
    expect(fields['truncated_bytes']).toBe(tenMiB - kept)
    expect(fields['http.response.status_code']).toBe(200)
    expect(fields['url.path']).toBe('/')
  })

  test('D10: many long texts that are over the limit together', () => {
    const exchange = exchangeOf(`GET /${'p'.repeat(8000)}`)
    exchange.headers.set('user-agent', '\u001b'.repeat(2000))
    const fields = parsed(exchange)
    expect(fields['truncated']).toBe(true)
    expect(fields['truncated_bytes']).toBe(8001 - 256 + 2000 - 256)
    expect(fields['url.path']).toBe(`/${'p'.repeat(255)}`)
  })

  test('D10: a limit that even short texts are over leaves the id, the status and how much is gone', () => {
    const exchange = full()
    exchange.attempts = Array.from({ length: 11 }, () => ({
      backend: 'b'.repeat(63),
      region: 'r'.repeat(63),
      outcome: '200',
      ms: 1,
    }))
    const line = lineOf(exchange, { maxLineBytes: 1024 })
    expect(line.length).toBeLessThanOrEqual(1024)
    expect(JSON.parse(line)).toEqual({
      request_id: exchange.id,
      'http.response.status_code': 200,
      truncated: true,
      truncated_bytes: expect.any(Number),
    })
  })
})
