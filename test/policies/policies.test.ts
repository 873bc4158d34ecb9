import { afterEach, describe, expect, test } from 'vitest'
import type { Settings } from '../../src/model/settings.ts'
import type { Cors, Rule } from '../../src/model/snapshot.ts'
import { RawClient } from '../harness/client.ts'
import { matchOf, ruleOf } from '../harness/rules.ts'
import { answering, ok, type Seen } from '../harness/upstream.ts'
import { type Gateway, headsOf, onlyRule, startGateway } from './set-up.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function start(...args: Parameters<typeof startGateway>): Promise<Gateway> {
  const gateway = await startGateway(...args)
  open.push(gateway)
  return gateway
}

const withRule = (own: Partial<Rule>, settings: Partial<Settings> = {}) =>
  start(onlyRule(own), settings)

const codeOf = (body: string): string => JSON.parse(body).code

const cors: Cors = {
  allowOrigins: ['https://shop.example'],
  allowMethods: ['GET'],
  allowHeaders: ['authorization'],
  exposeHeaders: [],
  allowCredentials: true,
  maxAgeSeconds: 600,
}

describe('routing', () => {
  const routes = () =>
    start((forward) => [
      [matchOf('/orders', { methods: ['GET', 'HEAD'] }), ruleOf('read', { action: forward })],
      [matchOf('/broken'), ruleOf('broken', { action: { kind: 'invalid' } })],
      [
        matchOf('/secret', { methods: ['GET'] }),
        ruleOf('secret', { action: forward, authorize: { kind: 'deny' } }),
      ],
      ['/teapot', ruleOf('short and stout')],
    ])

  test('a rule that matches serves', async () => {
    const { ask } = await routes()
    expect(await ask('GET /orders')).toMatchObject({ status: 200, body: 'hello' })
    expect(await ask('GET /teapot/x')).toMatchObject({ status: 200, body: 'short and stout' })
  })

  test('what nothing matches is 404, and names no route', async () => {
    const { ask } = await routes()
    const { status, body } = await ask('GET /order')
    expect(status).toBe(404)
    expect(codeOf(body)).toBe('route_not_found')
    expect(body).not.toMatch(/orders|teapot|secret/)
  })

  test('a method that the path does not have is 405 with Allow', async () => {
    const { ask, upstream } = await routes()
    const answer = await ask('DELETE /orders')
    expect(answer.status).toBe(405)
    expect(answer.field('allow')).toBe('GET, HEAD')
    expect(upstream.text()).toBe('')
  })

  test('405 is told only to whom the path is open', async () => {
    const { ask } = await routes()
    const answer = await ask('DELETE /secret')
    expect(answer.status).not.toBe(405)
    expect(answer.field('allow')).toBeUndefined()
  })

  test('a rule that cannot be served holds its place', async () => {
    const { ask } = await routes()
    const answer = await ask('GET /broken/x')
    expect(answer.status).toBe(503)
    expect(codeOf(answer.body)).toBe('rule_invalid')
    expect(answer.field('retry-after')).toBe('1')
  })

  test('P1, P3, P5, P7: what has no canonical form is 400, and the connection closes', async () => {
    const { proxy, upstream } = await routes()
    for (const path of [
      '/orders%2fx',
      '/orders;x/../..;/',
      '/orders%00',
      '/teapot;x',
      '/../orders',
    ]) {
      const client = new RawClient(proxy.port)
      const request = `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`
      const text = await client.send(request + request).untilOver()
      expect(text, path).toMatch(/^HTTP\/1\.1 400 /)
      expect(text.match(/HTTP\/1\.1 /g), path).toHaveLength(1)
      client.close()
    }
    expect(upstream.text()).toBe('')
  })

  test('a new snapshot routes the next request', async () => {
    const gateway = await routes()
    expect((await gateway.ask('GET /new')).status).toBe(404)
    const { snapshot } = gateway.proxy.proxy.runtime
    const other = await start(() => [['/new', ruleOf('new')]])
    gateway.proxy.proxy.apply({ ...snapshot, hosts: other.proxy.proxy.runtime.snapshot.hosts })
    expect(await gateway.ask('GET /new')).toMatchObject({ status: 200, body: 'new' })
    expect((await gateway.ask('GET /orders')).status).toBe(404)
  })
})

describe('what the backend sees', () => {
  /** Field lines that are the same every time. */
  const steady = (gateway: Gateway) =>
    gateway
      .lastHead()
      .filter(
        (line) =>
          !/^(x-request-id|traceparent|x-amzn-trace-id|x-request-deadline-ms|x-forwarded-port):/.test(
            line,
          ),
      )

  test('U5, U8: the client’s word about itself is overwritten', async () => {
    const gateway = await withRule({})
    await gateway.ask(
      'GET /a?b=%20&b&c[]=1;2\nX-Forwarded-For: 6.6.6.6\nx-forwarded-user: root\nForwarded: for=6.6.6.6\nx-real-ip: 6.6.6.6\nx-http-method-override: DELETE\nx-original-url: /admin\nx-custom: a\nx-custom: b',
    )
    expect(steady(gateway)).toEqual([
      'GET /a?b=%20&b&c[]=1;2 HTTP/1.1',
      'host: api.shop.example',
      'x-custom: a',
      'x-custom: b',
      'x-forwarded-for: 127.0.0.1',
      'x-forwarded-proto: http',
      'x-forwarded-host: api.shop.example',
      'x-real-ip: 127.0.0.1',
      'forwarded: for=127.0.0.1;host="api.shop.example";proto=http',
      'via: 1.1 fairlead',
    ])
  })

  test('a trusted proxy’s word is continued', async () => {
    const gateway = await withRule({}, { trustedProxies: ['127.0.0.0/8'] })
    const answer = await gateway.ask(
      'GET /\nx-forwarded-for: 203.0.113.9\nx-forwarded-proto: https\nx-request-id: theirs',
    )
    expect(answer.field('x-request-id')).toBe('theirs')
    const head = gateway.lastHead()
    expect(head).toContain('x-forwarded-for: 203.0.113.9, 127.0.0.1')
    expect(head).toContain('x-forwarded-proto: https')
    expect(head).toContain('x-real-ip: 203.0.113.9')
    expect(head).toContain('x-request-id: theirs')
  })

  test('the request id is the client’s to see', async () => {
    const gateway = await withRule({})
    const answer = await gateway.ask('GET /\nx-request-id: mine')
    const id = answer.field('x-request-id')
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(gateway.lastHead()).toContain(`x-request-id: ${id}`)
    expect(gateway.proxy.finished[0]).toMatchObject({ id, clientRequestId: 'mine' })
  })

  test('U6: no identity header of the client arrives', async () => {
    const gateway = await withRule({ stripHeaders: ['x-user'] })
    await gateway.ask('GET /\nX-User: root\nx-user: admin')
    expect(gateway.lastHead().filter((line) => line.includes('user'))).toEqual([])
  })

  test('U6, U7: its look-alike is 400, other underscores are dropped', async () => {
    const gateway = await withRule({ stripHeaders: ['x-user'] })
    expect((await gateway.ask('GET /\nx_user: admin')).status).toBe(400)
    expect(gateway.upstream.text()).toBe('')
    expect((await gateway.ask('GET /\nx_other: 1')).status).toBe(200)
    expect(gateway.upstream.text()).not.toContain('x_other')
  })

  test('headers are edited, the gateway’s own too', async () => {
    const gateway = await withRule({
      requestHeaders: {
        remove: ['x-forwarded-host', 'x-secret'],
        set: [{ name: 'x-real-ip', value: 'hidden' }],
        add: [{ name: 'x-env', value: 'a' }],
      },
    })
    await gateway.ask('GET /\nx-secret: 1')
    const head = gateway.lastHead()
    expect(head).toContain('x-real-ip: hidden')
    expect(head).toContain('x-env: a')
    expect(head.filter((line) => /secret|x-forwarded-host|127\.0\.0\.1$/.test(line))).toEqual([
      'x-forwarded-for: 127.0.0.1',
    ])
  })

  test('P4: slashes that are not merged stay, and a rewrite takes the prefix for what it is', async () => {
    const paths = { encodedSlash: 'Reject', mergeSlashes: false, underscores: 'Drop' } as const
    const gateway = await start((forward) => {
      const rewrite = { path: { kind: 'prefix', value: '/new' } } as const
      return [
        ['/kept', ruleOf('kept', { action: forward, paths })],
        ['/old', ruleOf('rewritten', { action: { ...forward, rewrite }, paths })],
      ]
    })
    await gateway.ask('GET //kept//a')
    expect(gateway.lastHead()[0]).toBe('GET //kept//a HTTP/1.1')
    await gateway.ask('GET //old//a')
    expect(gateway.lastHead()[0]).toBe('GET /new/a HTTP/1.1')
  })

  test('path and host are rewritten', async () => {
    const gateway = await start((forward) => {
      const rewrite = {
        path: { kind: 'full', template: '/v2/{id}' },
        hostname: 'orders.internal',
      } as const
      return [['/orders/{id}', ruleOf('r', { action: { ...forward, rewrite } })]]
    })
    await gateway.ask('GET /orders/7?a=1')
    expect(gateway.lastHead().slice(0, 2)).toEqual([
      'GET /v2/7?a=1 HTTP/1.1',
      'host: orders.internal',
    ])
    expect(gateway.lastHead()).toContain('x-forwarded-host: api.shop.example')
  })

  test('R8: one canonical host', async () => {
    const gateway = await withRule({})
    await gateway.ask('GET http://API.shop.example.:80/x\nhost: api.SHOP.example')
    expect(gateway.lastHead().slice(0, 2)).toEqual(['GET /x HTTP/1.1', 'host: api.shop.example'])
  })

  test('what is forwarded does not depend on what the connection asked before', async () => {
    const gateway = await withRule({})
    const client = new RawClient(gateway.proxy.port)
    open.push(client)
    client.send(
      'GET /1 HTTP/1.1\r\nhost: a.example\r\nx-one: 1\r\n\r\nGET /2 HTTP/1.1\r\nhost: b.example\r\n\r\n',
    )
    await client.until(/hello[\s\S]*hello/)
    const [first, second] = headsOf(gateway.upstream)
    expect(first).toContain('x-forwarded-host: a.example')
    expect(second).toContain('x-forwarded-host: b.example')
    expect(second?.some((line) => line.startsWith('x-one'))).toBe(false)
  })
})

describe('CORS', () => {
  const preflight = 'OPTIONS /\norigin: https://shop.example\naccess-control-request-method: GET'

  test('a preflight is answered before authorization, without a backend', async () => {
    const gateway = await withRule({ cors, authorize: { kind: 'deny' } })
    const answer = await gateway.ask(preflight)
    expect(answer.status).toBe(204)
    expect(answer.field('access-control-allow-origin')).toBe('https://shop.example')
    expect(answer.field('access-control-allow-methods')).toBe('GET')
    expect(answer.field('vary')).toBe('Origin')
    expect(answer.field('content-length')).toBeUndefined()
    expect(gateway.upstream.text()).toBe('')
  })

  test('the connection serves on after a preflight', async () => {
    const gateway = await withRule({ cors })
    const client = new RawClient(gateway.proxy.port)
    open.push(client)
    client.send(
      `${preflight.replace('/\n', '/ HTTP/1.1\nhost: a\n').replaceAll('\n', '\r\n')}\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n`,
    )
    expect(await client.until(/hello/)).toMatch(/^HTTP\/1\.1 204 [\s\S]*HTTP\/1\.1 200 /)
  })

  test('refusals can be read by the page that caused them', async () => {
    const gateway = await withRule({ cors, authorize: { kind: 'deny' } })
    const answer = await gateway.ask('GET /\norigin: https://shop.example')
    expect(answer.status).toBeGreaterThanOrEqual(401)
    expect(answer.field('access-control-allow-origin')).toBe('https://shop.example')
  })

  test('the backend’s own fields are replaced', async () => {
    const answering200 = answering(
      'HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\nvary: accept\r\ncontent-length: 0\r\n\r\n',
    )
    const gateway = await start(onlyRule({ cors }), {}, answering200)
    const answer = await gateway.ask('GET /\norigin: https://evil.example')
    expect(answer.field('access-control-allow-origin')).toBeUndefined()
    expect(answer.field('vary')).toBe('accept, Origin')
  })
})

describe('limits', () => {
  const limited = (requestBody: number, concurrency = 0) =>
    withRule({ limits: { requestBody, concurrency } })

  test('F15: a body that is announced as too large is 413 at once, and no backend hears of it', async () => {
    const gateway = await limited(10)
    const answer = await gateway.ask('POST /\ncontent-length: 11', '12345')
    expect(answer.status).toBe(413)
    expect(codeOf(answer.body)).toBe('body_too_large')
    expect(gateway.upstream.text()).toBe('')
  })

  test('one that crosses the limit in chunks is 413, and no backend gets all of it', async () => {
    const gateway = await start(
      onlyRule({ limits: { requestBody: 10, concurrency: 0 } }),
      {},
      () => {},
    )
    const answer = await gateway.ask(
      'POST /\ntransfer-encoding: chunked',
      '8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n',
    )
    expect(answer.status).toBe(413)
    expect(gateway.upstream.text()).not.toContain('0\r\n\r\n')
  })

  test('what fits is forwarded', async () => {
    const gateway = await limited(10)
    expect((await gateway.ask('POST /\ncontent-length: 10', '1234567890')).status).toBe(200)
    expect(gateway.upstream.text()).toMatch(/\r\n\r\n1234567890$/)
  })

  test('requests beyond the limit of the rule are 503, and the next one after an end is served', async () => {
    const held: Seen[] = []
    let arrived = () => {}
    const first = new Promise<void>((resolve) => (arrived = resolve))
    const gateway = await start(
      onlyRule({ limits: { requestBody: 0, concurrency: 1 } }),
      {},
      (seen) => {
        held.push(seen)
        arrived()
      },
    )
    const waiting = gateway.ask('GET /one')
    await first
    const refused = await gateway.ask('GET /two')
    expect(refused.status).toBe(503)
    expect(codeOf(refused.body)).toBe('overloaded')
    expect(refused.field('retry-after')).toBe('1')
    held[0]?.socket.write(ok('one'))
    expect((await waiting).body).toBe('one')
    const next = gateway.ask('GET /three')
    await new Promise<void>((resolve) => (arrived = resolve))
    held.at(-1)?.socket.write(ok('three'))
    expect((await next).body).toBe('three')
  })

  test('a client that leaves gives its place back', async () => {
    let arrived = () => {}
    let waits = new Promise<void>((resolve) => (arrived = resolve))
    const gateway = await start(
      onlyRule({ limits: { requestBody: 0, concurrency: 1 } }),
      {},
      ({ socket }, part) => {
        if (part.startsWith('GET /two')) socket.write(ok('two'))
        else arrived()
      },
    )
    const client = new RawClient(gateway.proxy.port)
    client.send('GET /one HTTP/1.1\r\nhost: a\r\n\r\n')
    await waits
    waits = new Promise<void>((resolve) =>
      gateway.upstream.connections[0]?.socket.on('close', () => resolve()),
    )
    client.socket.resetAndDestroy()
    await waits
    expect((await gateway.ask('GET /two')).body).toBe('two')
  })
})

describe('source addresses', () => {
  const from = (
    allow: readonly string[],
    deny: readonly string[],
    settings: Partial<Settings> = {},
  ) => withRule({ authorize: { kind: 'public', addresses: { allow, deny } } }, settings)

  test('an address that is not admitted is 403, whatever it says', async () => {
    const gateway = await from(['203.0.113.0/24'], [])
    const answer = await gateway.ask('GET /\nx-forwarded-for: 203.0.113.9')
    expect(answer.status).toBe(403)
    expect(codeOf(answer.body)).toBe('address_denied')
    expect(gateway.upstream.text()).toBe('')
  })

  test('behind a trusted proxy the derived address counts', async () => {
    const gateway = await from(['203.0.113.0/24'], [], { trustedProxies: ['127.0.0.1/32'] })
    expect((await gateway.ask('GET /\nx-forwarded-for: 6.6.6.6, 203.0.113.9')).status).toBe(200)
    expect((await gateway.ask('GET /\nx-forwarded-for: 203.0.113.9, 6.6.6.6')).status).toBe(403)
  })
})

describe('answers of the gateway itself', () => {
  test('a redirect is absolute', async () => {
    const gateway = await withRule({ action: { kind: 'redirect', status: 308, scheme: 'https' } })
    const answer = await gateway.ask('GET //evil.example/%2e%2e/a?b=//c')
    expect(answer).toMatchObject({ status: 308, body: '' })
    expect(answer.field('location')).toBe('https://api.shop.example/a?b=//c')
  })

  test('respond answers, to HEAD without the body', async () => {
    const gateway = await withRule({
      action: {
        kind: 'respond',
        status: 418,
        body: 'short and stout',
        contentType: 'text/plain',
        headers: [{ name: 'x-tea', value: 'pot' }],
      },
    })
    const answer = await gateway.ask('GET /')
    expect(answer).toMatchObject({ status: 418, body: 'short and stout' })
    expect(answer.field('x-tea')).toBe('pot')
    const head = await gateway.ask('HEAD /')
    expect(head).toMatchObject({ status: 418, body: '' })
    expect(head.field('content-length')).toBe('15')
  })

  test('an error page takes the place of the problem document', async () => {
    const page = {
      codes: ['no_healthy_backend', 'connect_failed', 'no_backend'],
      status: 500,
      contentType: 'text/html',
      body: '<h1>Back soon</h1>',
    } as const
    const gateway = await start((forward) => [
      ['/', ruleOf('r', { action: { ...forward, backends: [] }, errors: [page] })],
    ])
    const answer = await gateway.ask('GET /')
    expect(answer).toMatchObject({ status: 500, body: '<h1>Back soon</h1>' })
    expect(answer.field('content-type')).toBe('text/html')
  })

  test('answers are edited, failures included', async () => {
    const responseHeaders = {
      remove: ['server'],
      set: [{ name: 'x-frame-options', value: 'DENY' }],
      add: [],
    }
    const gateway = await start(
      onlyRule({ responseHeaders }),
      {},
      answering('HTTP/1.1 200 OK\r\nserver: x/1\r\ncontent-length: 0\r\n\r\n'),
    )
    const answer = await gateway.ask('GET /')
    expect(answer.field('server')).toBeUndefined()
    expect(answer.field('x-frame-options')).toBe('DENY')
    expect((await gateway.ask('get /')).field('x-frame-options')).toBe('DENY')
  })

  test('R10: an unknown method is 501, a method in lower case too', async () => {
    const gateway = await withRule({})
    for (const method of ['get', 'FOO', 'Get'])
      expect((await gateway.ask(`${method} /`)).status).toBe(501)
    expect(gateway.upstream.text()).toBe('')
  })

  test('the clock of the whole exchange', async () => {
    const gateway = await start(
      onlyRule({ timeouts: { requestMs: 100, backendRequestMs: 0, connectMs: 1000, idleMs: 0 } }),
      {},
      () => {},
    )
    const answer = await gateway.ask('GET /')
    expect(answer.status).toBe(504)
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'request_budget_exhausted',
      clock: 'request',
      limitMs: 100,
    })
  })

  test('is the client’s fault when its body is missing', async () => {
    const gateway = await start(
      onlyRule({ timeouts: { requestMs: 100, backendRequestMs: 0, connectMs: 1000, idleMs: 0 } }),
      {},
      () => {},
    )
    const answer = await gateway.ask('POST /\ncontent-length: 10', '12345')
    expect(answer.status).toBe(408)
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'request_timeout', clock: 'request' })
  })

  test('a failure names no backend', async () => {
    const gateway = await withRule({})
    await gateway.upstream.close()
    const answer = await gateway.ask('GET /')
    expect(answer.status).toBe(502)
    expect(answer.body).not.toMatch(/127\.0\.0\.1|ECONN|b\d{4,5}/)
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'connect_failed',
      requestId: answer.field('x-request-id'),
    })
  })
})
