import { describe, expect, test } from 'vitest'
import { exchangeOf, goesOn } from '../../../test/harness/exchange.ts'
import { forwardAction, matchOf, ruleOf } from '../../../test/harness/rules.ts'
import { canonicalPath } from '../../model/path.ts'
import type { PathPolicy, Rewrite } from '../../model/snapshot.ts'
import { rewrite } from './rewrite.ts'

/** The target that a backend would see, or the code of the failure. */
function rewritten(
  match: string,
  given: Rewrite | undefined,
  path: string,
  paths: Partial<PathPolicy> = {},
): string {
  const rule = ruleOf('r', {
    action: { ...forwardAction, ...(given !== undefined && { rewrite: given }) },
    paths: { encodedSlash: 'Keep', mergeSlashes: true, underscores: 'Drop', ...paths },
  })
  const exchange = exchangeOf(`GET ${path}`, { entry: { match: matchOf(match), rule } })
  return goesOn(rewrite(rule), exchange) ? exchange.path : (exchange.failure?.code ?? '')
}

const prefix = (value: string): Rewrite => ({ path: { kind: 'prefix', value } })
const full = (template: string): Rewrite => ({ path: { kind: 'full', template } })

describe('replacePrefix', () => {
  test.each<readonly [string, string, string, string, string]>([
    ['a prefix by another', '/v1', '/v2', '/v1/orders', '/v2/orders'],
    ['the prefix alone', '/v1', '/v2', '/v1', '/v2'],
    ['with its slash', '/v1', '/v2', '/v1/', '/v2/'],
    ['by the root', '/v1', '/', '/v1/orders', '/orders'],
    ['all of it by the root', '/v1', '/', '/v1', '/'],
    ['all of it with its slash by the root', '/v1', '/', '/v1/', '/'],
    ['the root by something', '/', '/base', '/orders', '/base/orders'],
    ['the root by the root', '/', '/', '/', '/'],
    ['P9: a slash at the end gives no two slashes', '/v1', '/v2/', '/v1/orders', '/v2/orders'],
    ['P9: parameters stay', '/', '/base', '/a;b=1/c', '/base/a;b=1/c'],
    ['P6: %25 is not decoded', '/v1', '/', '/v1/%252e%252e/admin', '/%252e%252e/admin'],
  ])('%s', (_, match, value, path, want) => {
    const got = rewritten(match, prefix(value), path)
    expect(got).toBe(want)
    expect(canonicalPath(got)?.path).toBe(got)
  })
})

describe('replaceFull', () => {
  test.each<readonly [string, string, string, string, string]>([
    ['a fixed path', '/orders', '/all', '/orders/1', '/all'],
    ['a captured segment', '/orders/{id}', '/o/{id}', '/orders/7', '/o/7'],
    ['several, in another order', '/{a}/x/{b}', '/{b}/{a}', '/1/x/2', '/2/1'],
    ['one of them twice', '/{a}', '/{a}/{a}.json', '/1', '/1/1.json'],
    ['a segment at the end', '/orders/{id}/items', '/{id}', '/orders/7/items', '/7'],
    [
      'names like parts of objects',
      '/{__proto__}/{constructor}',
      '/x/{constructor}/{__proto__}',
      '/1/2',
      '/x/2/1',
    ],
    ['P3: an encoded slash stays one', '/files/{name}', '/f/{name}', '/files/a%2Fb', '/f/a%2Fb'],
    ['P9: a result with empty segments is merged', '/{a}', '/x//{a}', '/1', '/x/1'],
    ['P9: a result with dot segments is refused', '/{a}', '/x/../{a}', '/1', 'path_invalid'],
    ['P9: also when a capture makes one', '/{a}', '/x/.{a}', '/.', 'path_invalid'],
  ])('%s', (_, match, template, path, want) => {
    expect(rewritten(match, full(template), path)).toBe(want)
  })

  test('each match has its own places', () => {
    const rule = ruleOf('r', { action: { ...forwardAction, rewrite: full('/x/{id}') } })
    const policy = rewrite(rule)
    for (const [match, path] of [
      ['/a/{id}', '/a/1'],
      ['/b/c/{id}', '/b/c/2'],
      ['/a/{id}', '/a/3'],
    ] as const) {
      const exchange = exchangeOf(`GET ${path}`, { entry: { match: matchOf(match), rule } })
      expect(goesOn(policy, exchange)).toBe(true)
      expect(exchange.path).toBe(`/x/${path.at(-1)}`)
    }
  })
})

describe('P4: slashes', () => {
  test('are merged by default, so that nothing is to do', () => {
    expect(rewrite(ruleOf('r', { action: forwardAction }))).toBeUndefined()
  })
  test('are forwarded as they came where the route does not merge them', () => {
    expect(rewritten('/', undefined, '/a//b/', { mergeSlashes: false })).toBe('/a//b/')
    expect(rewritten('/', undefined, '//a/./b', { mergeSlashes: false })).toBe('//a/b')
  })
  test('are merged all the same when the path is rewritten', () => {
    expect(rewritten('/a', prefix('/x'), '//a//b', { mergeSlashes: false })).toBe('/x/b')
  })
})

test('another hostname for the backend', () => {
  const rule = ruleOf('r', {
    action: { ...forwardAction, rewrite: { hostname: 'orders.internal' } },
  })
  const exchange = exchangeOf('GET /a', { rule })
  expect(goesOn(rewrite(rule), exchange)).toBe(true)
  expect(exchange).toMatchObject({ authority: 'orders.internal', path: '/a' })
})

test.each(['a b', 'a\r\nx: y', 'a/b', 'u@a', '', 'ä', '\u010a', 'a:123456'])(
  'U10: the hostname %j is refused when the policy is built',
  (hostname) => {
    expect(() =>
      rewrite(ruleOf('r', { action: { ...forwardAction, rewrite: { hostname } } })),
    ).toThrow('no host')
  },
)
