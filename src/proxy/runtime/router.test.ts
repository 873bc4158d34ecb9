import { describe, expect, test } from 'vitest'
import { headOf } from '../../../test/harness/exchange.ts'
import { hostOf, matchOf, ruleOf } from '../../../test/harness/rules.ts'
import { type RouteResult, Router } from './router.ts'

/** Routes a request given as a start line and fields. */
function ask(router: Router, lines: string): RouteResult {
  const { hostname, method, rawPath, query, headers } = headOf(lines)
  return router.route(hostname, method, rawPath, query, headers)
}

/** The name of the rule that serves, or what else came of it. */
function told(result: RouteResult): string {
  if (result.kind === 'rule') return result.entry.rule.name
  return result.kind === 'method' ? `405 ${result.allow.join(', ')}` : result.kind
}

type Row = readonly [name: string, request: string, want: string]

const cors = {
  allowOrigins: ['https://shop.example'],
  allowMethods: ['GET'],
  allowHeaders: [],
  exposeHeaders: [],
  allowCredentials: false,
  maxAgeSeconds: 5,
}

describe('hostnames', () => {
  const router = new Router([
    hostOf('api.shop.example', [['/orders', ruleOf('exact')]]),
    hostOf('*.shop.example', [['/', ruleOf('wildcard')]]),
    hostOf('*.eu.shop.example', [['/', ruleOf('longer')]]),
    hostOf('*', [['/', ruleOf('any')]]),
  ])
  test.each<Row>([
    ['an exact host comes first', 'GET /orders\nhost: api.shop.example', 'exact'],
    [
      'a wildcard never takes an unmatched path of an exact host',
      'GET /x\nhost: api.shop.example',
      'none',
    ],
    ['a wildcard takes other hosts', 'GET /x\nhost: www.shop.example', 'wildcard'],
    ['the longest wildcard wins', 'GET /x\nhost: a.eu.shop.example', 'longer'],
    ['a wildcard stands for several labels', 'GET /x\nhost: a.b.eu.shop.example', 'longer'],
    ['a wildcard is not its own parent', 'GET /x\nhost: shop.example', 'any'],
    ['* is for whoever is left', 'GET /x\nhost: other.example', 'any'],
    ['an address has no wildcard', 'GET /x\nhost: [::1]:8080', 'any'],
    [
      'R8: case, trailing dot and default port do not matter',
      'GET /orders\nhost: API.Shop.Example.:80',
      'exact',
    ],
  ])('%s', (_, request, want) => expect(told(ask(router, request))).toBe(want))

  test('without * an unknown host has no route', () => {
    const strict = new Router([hostOf('api.shop.example', [['/', ruleOf('exact')]])])
    expect(told(ask(strict, 'GET /\nhost: other.example'))).toBe('none')
    expect(told(ask(strict, 'GET /\nhost: x.api.shop.example'))).toBe('none')
  })

  test('R14: names that objects have of themselves are data', () => {
    const strict = new Router([hostOf('api.shop.example', [['/constructor', ruleOf('data')]])])
    for (const name of ['__proto__', 'constructor', 'tostring']) {
      expect(told(ask(strict, `GET /\nhost: ${name}`))).toBe('none')
      expect(told(ask(strict, `GET /${name}/x`))).toBe(name === 'constructor' ? 'data' : 'none')
    }
  })

  test('hostnames invented under a wildcard do not fill the memory', () => {
    for (let i = 0; i < 10_000; i++) {
      expect(router.table(`h${i}.shop.example`)?.host.hostname).toBe('*.shop.example')
    }
  })
})

describe('paths', () => {
  const router = new Router([
    hostOf('api.shop.example', [
      ['= /orders/export', ruleOf('exact')],
      ['/orders/{id}', ruleOf('pattern')],
      ['/orders/{id}/items', ruleOf('items')],
      ['~ /orders/[0-9]+', ruleOf('regex')],
      ['~ /[a-z]+/admin', ruleOf('loose')],
      ['/orders', ruleOf('prefix')],
      ['/orders/2026/q1', ruleOf('deep')],
      ['/', ruleOf('rest')],
    ]),
  ])
  test.each<Row>([
    ['exact', 'GET /orders/export', 'exact'],
    ['a pattern comes before a regex and a prefix', 'GET /orders/7', 'pattern'],
    ['a pattern matches the whole path', 'GET /orders/7/items', 'items'],
    ['{id} is not empty', 'GET /orders//items', 'prefix'],
    ['{id} is one segment', 'GET /orders/7/8/items', 'prefix'],
    ['a slash behind a pattern is another path', 'GET /orders/7/', 'prefix'],
    ['a prefix holds itself', 'GET /orders', 'prefix'],
    ['a prefix holds its slash', 'GET /orders/', 'prefix'],
    ['a prefix holds whole segments only', 'GET /ordersx', 'rest'],
    ['more literal segments win', 'GET /orders/2026/q1/x', 'deep'],
    ['more literal segments win over a regex', 'GET /orders/admin', 'pattern'],
    ['a regex matches the whole path', 'GET /shop/admin', 'loose'],
    ['C2: a regex is anchored at its end', 'GET /shop/admin/x', 'rest'],
    ['C2: and at its beginning', 'GET /x/shop/admin', 'rest'],
    ['P8: case is not folded', 'GET /Orders', 'rest'],
    ['the root', 'GET /', 'rest'],
  ])('%s', (_, request, want) => expect(told(ask(router, request))).toBe(want))

  test('C1: a regex that kills backtracking engines answers at once', () => {
    const hostile = new Router([
      hostOf('api.shop.example', [['~ /(a+)+(a|aa)+b', ruleOf('regex')]]),
    ])
    expect(told(ask(hostile, `GET /${'a'.repeat(8000)}`))).toBe('none')
  })

  test('entries of different paths that rank alike compete by their other conditions', () => {
    const tied = new Router([
      hostOf('api.shop.example', [
        [matchOf('/a/{x}'), ruleOf('plain')],
        [matchOf('/a/{y}', { methods: ['POST'] }), ruleOf('post')],
        [
          matchOf('/a/{z}', { headers: [{ name: 'x-a', kind: 'present', value: true }] }),
          ruleOf('header'),
        ],
      ]),
    ])
    expect(told(ask(tied, 'POST /a/1'))).toBe('post')
    expect(told(ask(tied, 'GET /a/1'))).toBe('plain')
    expect(told(ask(tied, 'GET /a/1\nx-a: 1'))).toBe('header')
  })
})

describe('methods', () => {
  const router = new Router([
    hostOf('api.shop.example', [
      [matchOf('/orders', { methods: ['GET', 'HEAD'] }), ruleOf('read')],
      [matchOf('/orders', { methods: ['POST'] }), ruleOf('write')],
      [matchOf('/users/{id}', { methods: ['GET', 'HEAD'] }), ruleOf('user')],
      [matchOf('/users/{name}', { methods: ['DELETE'] }), ruleOf('remove')],
      ['/', ruleOf('rest')],
    ]),
  ])
  test.each<Row>([
    ['the method chooses', 'POST /orders', 'write'],
    ['GET includes HEAD', 'HEAD /orders', 'read'],
    [
      'a path with rules, but none for the method, is 405 and never less specific',
      'DELETE /orders',
      '405 GET, HEAD, POST',
    ],
    ['Allow holds the methods of every entry of the path', 'PUT /users/1', '405 DELETE, GET, HEAD'],
    ['R10: methods are case-sensitive', 'get /orders', '405 GET, HEAD, POST'],
    ['R10: an unknown token is no other method', 'GETS /orders', '405 GET, HEAD, POST'],
    ['OPTIONS is a method like any other', 'OPTIONS /orders', '405 GET, HEAD, POST'],
  ])('%s', (_, request, want) => expect(told(ask(router, request))).toBe(want))

  test('405 names the first entry of the path, whose authorization decides', () => {
    const result = ask(router, 'DELETE /orders')
    expect('entry' in result && result.entry.rule.name).toBe('read')
  })

  test('conditions that fail for the right method lead on to less specific paths', () => {
    const conditional = new Router([
      hostOf('api.shop.example', [
        [
          matchOf('/a', {
            methods: ['GET'],
            headers: [{ name: 'x-a', kind: 'exact', value: '1' }],
          }),
          ruleOf('one'),
        ],
        ['/', ruleOf('rest')],
      ]),
    ])
    expect(told(ask(conditional, 'GET /a\nx-a: 2'))).toBe('rest')
    expect(told(ask(conditional, 'POST /a'))).toBe('405 GET')
  })
})

describe('conditions', () => {
  const header = (value: object) => ({ headers: [{ name: 'x-tenant', ...value }] }) as object
  const query = (value: object) => ({ query: [{ name: 'expand', ...value }] }) as object
  const route = (own: object, request: string) =>
    told(
      ask(new Router([hostOf('api.shop.example', [[matchOf('/', own), ruleOf('yes')]])]), request),
    )
  const exact = header({ kind: 'exact', value: 'acme' })
  const prefix = header({ kind: 'prefix', value: 'ac' })
  const regex = header({ kind: 'regex', value: 'a[a-z]+' })
  const parameter = query({ kind: 'exact', value: 'a b' })

  test.each<readonly [string, object, string, boolean]>([
    ['an exact header', exact, 'GET /\nX-Tenant: acme', true],
    ['header values keep their case', exact, 'GET /\nx-tenant: Acme', false],
    ['an absent header satisfies nothing', exact, 'GET /', false],
    [
      'U9: one bad value of a repeated header is enough',
      exact,
      'GET /\nx-tenant: acme\nx-tenant: admin',
      false,
    ],
    ['U9: whichever comes first', exact, 'GET /\nx-tenant: admin\nx-tenant: acme', false],
    ['U9: repeated good values are good', exact, 'GET /\nx-tenant: acme\nx-tenant: acme', true],
    [
      'U9: a list in one field is not its first member',
      exact,
      'GET /\nx-tenant: acme,admin',
      false,
    ],
    ['a prefix', prefix, 'GET /\nx-tenant: acme', true],
    ['U9: every value must have the prefix', prefix, 'GET /\nx-tenant: acme\nx-tenant: x', false],
    ['a regex over the whole value', regex, 'GET /\nx-tenant: acme', true],
    ['C2: not over a part of it', regex, 'GET /\nx-tenant: acme1', false],
    ['U9: every value must match the regex', regex, 'GET /\nx-tenant: acme\nx-tenant: 1', false],
    ['present', header({ kind: 'present', value: true }), 'GET /\nx-tenant:', true],
    ['not present', header({ kind: 'present', value: false }), 'GET /', true],
    ['present: false', header({ kind: 'present', value: false }), 'GET /\nx-tenant: a', false],
    ['an underscore is not a dash', exact, 'GET /\nx_tenant: acme', false],
    ['a parameter is compared decoded', parameter, 'GET /?expand=a%20b', true],
    ['with + as a space', parameter, 'GET /?expand=a+b', true],
    ['its name too', parameter, 'GET /?%65xpand=a+b', true],
    ['U9: every value of a repeated parameter', parameter, 'GET /?expand=a+b&expand=c', false],
    [
      'what cannot be decoded stands as it is',
      query({ kind: 'exact', value: '%c0' }),
      'GET /?expand=%c0',
      true,
    ],
    [
      'a parameter without a value is empty',
      query({ kind: 'exact', value: '' }),
      'GET /?a&expand',
      true,
    ],
    ['a present parameter', query({ kind: 'present', value: true }), 'GET /?expand', true],
    ['an absent one', query({ kind: 'present', value: true }), 'GET /?expanded=1', false],
    [
      'only & parts parameters',
      query({ kind: 'present', value: true }),
      'GET /?a=1;expand=2',
      false,
    ],
    [
      'R14: a parameter may be called like a part of an object',
      query({ kind: 'present', value: false }),
      'GET /?__proto__=1&constructor=2',
      true,
    ],
  ])('%s', (_, own, request, fits) => expect(route(own, request)).toBe(fits ? 'yes' : 'none'))

  test('the parameters of one query are not taken for those of the next', () => {
    const router = new Router([
      hostOf('api.shop.example', [
        [matchOf('/', query({ kind: 'exact', value: '1' }) as object), ruleOf('yes')],
      ]),
    ])
    expect(told(ask(router, 'GET /?expand=1'))).toBe('yes')
    expect(told(ask(router, 'GET /?expand=2'))).toBe('none')
    expect(told(ask(router, 'GET /'))).toBe('none')
    expect(told(ask(router, 'GET /?expand=1'))).toBe('yes')
  })
})

describe('P5: a path with parameters is routed with and without them', () => {
  const router = new Router([
    hostOf('api.shop.example', [
      ['/admin', ruleOf('admin')],
      [matchOf('/read', { methods: ['GET'] }), ruleOf('rest')],
      ['/', ruleOf('rest')],
    ]),
    hostOf('other.example', [['= /login', ruleOf('login')]]),
  ])
  test.each<Row>([
    ['different rules', 'GET /admin;x=1', 'ambiguous'],
    ['deeper down', 'GET /admin;x/y', 'ambiguous'],
    ['an empty segment hides nothing', 'GET /;x/admin', 'ambiguous'],
    ['nor several', 'GET /;/;a=1/admin/users', 'ambiguous'],
    ['the same rule', 'GET /admin/users;v=2', 'admin'],
    ['the same rule again', 'GET /matrix;a=1/b', 'rest'],
    ['the same rule, but 405 on one way', 'POST /read;x=1', 'ambiguous'],
    ['a rule and none', 'GET /login;x\nhost: other.example', 'ambiguous'],
    ['none and none', 'GET /x;y\nhost: other.example', 'none'],
  ])('P5: %s', (_, request, want) => expect(told(ask(router, request))).toBe(want))
})

describe('CORS preflights', () => {
  const preflight = (path: string, method: string) =>
    `OPTIONS ${path}\norigin: https://shop.example\naccess-control-request-method: ${method}`
  const router = new Router([
    hostOf('api.shop.example', [
      [
        matchOf('/a', {
          methods: ['GET', 'HEAD'],
          headers: [{ name: 'x-a', kind: 'present', value: true }],
          query: [{ name: 'q', kind: 'exact', value: '1' }],
        }),
        ruleOf('cors', { cors }),
      ],
      [matchOf('/a', { methods: ['PUT'] }), ruleOf('bare')],
      [matchOf('/b', { methods: ['GET', 'HEAD'] }), ruleOf('secret')],
      [matchOf('/b', { methods: ['OPTIONS'] }), ruleOf('options')],
    ]),
  ])
  test.each<Row>([
    [
      'is routed as the method it announces, without conditions on headers and query',
      preflight('/a', 'GET'),
      'cors',
    ],
    ['goes nowhere else when that rule has no cors', preflight('/a', 'PUT'), '405 GET, HEAD, PUT'],
    ['never opens a rule for OPTIONS', preflight('/b', 'GET'), 'options'],
    [
      'of a method nobody has is an OPTIONS request',
      preflight('/a', 'PATCH'),
      '405 GET, HEAD, PUT',
    ],
    ['needs an origin', 'OPTIONS /a\naccess-control-request-method: GET', '405 GET, HEAD, PUT'],
    ['is case-sensitive', preflight('/a', 'get'), '405 GET, HEAD, PUT'],
  ])('%s', (_, request, want) => expect(told(ask(router, request))).toBe(want))
})

describe('a host whose owner cannot be decoded', () => {
  const router = new Router([
    hostOf('api.shop.example', [[matchOf('/a', { methods: ['GET'] }), ruleOf('good')]], true),
    hostOf('*', [['/', ruleOf('any')]]),
  ])
  test.each<Row>([
    ['serves what is known', 'GET /a', 'good'],
    ['holds every other path', 'GET /b', 'held'],
    ['holds other methods', 'POST /a', 'held'],
  ])('%s', (_, request, want) => expect(told(ask(router, request))).toBe(want))
})

describe('a new router', () => {
  const copy = <T>(value: T): T => structuredClone(value)
  const host = hostOf('api.shop.example', [
    ['/a', ruleOf('a')],
    ['/b', ruleOf('b')],
  ])
  const other = hostOf('other.example', [['/a', ruleOf('a')]])

  test('keeps the tables of hosts that say the same, whatever object they are', () => {
    const first = new Router([host, other])
    const second = new Router([copy(host), copy(other)], first)
    expect(second.table('api.shop.example')).toBe(first.table('api.shop.example'))
    expect(second.table('other.example')).toBe(first.table('other.example'))
  })

  test('keeps the rules of an edited host that were not edited', () => {
    const first = new Router([host, other])
    const edited = hostOf('api.shop.example', [
      ['/a', copy(ruleOf('a'))],
      ['/b', ruleOf('b', { limits: { requestBody: 1, concurrency: 0 } })],
    ])
    const second = new Router([edited, copy(other)], first)
    const ruleAt = (router: Router, path: string) => {
      const result = ask(router, `GET ${path}`)
      return result.kind === 'rule' ? result.entry.rule : undefined
    }
    expect(ruleAt(second, '/a')).toBe(ruleAt(first, '/a'))
    expect(ruleAt(second, '/b')?.limits.requestBody).toBe(1)
    expect(ruleAt(second, '/a')).toBe(ruleAt(new Router([copy(edited)], second), '/a'))
  })

  test('forgets hosts that are gone', () => {
    const first = new Router([host, other])
    expect(told(ask(first, 'GET /a\nhost: other.example'))).toBe('a')
    expect(told(ask(new Router([host], first), 'GET /a\nhost: other.example'))).toBe('none')
  })

  test('answers the same object each time', () => {
    const router = new Router([host])
    expect(ask(router, 'GET /a/1')).toBe(ask(router, 'GET /a/2'))
  })
})
