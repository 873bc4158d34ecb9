import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headOf } from '../../../test/harness/exchange.ts'
import { hostOf, matchOf, ruleOf } from '../../../test/harness/rules.ts'
import { comparePaths, type Match, type ValueMatch } from '../../model/match.ts'
import type { Host, HostEntry } from '../../model/snapshot.ts'
import { Router } from './router.ts'

// A second, slow reading of api.md (Precedence): walks the whole sorted list for every request.

function hostFor(hosts: readonly Host[], hostname: string): Host | undefined {
  const fitting = hosts.filter((host) =>
    host.hostname.startsWith('*')
      ? hostname.endsWith(host.hostname.slice(1))
      : host.hostname === hostname,
  )
  const rank = (host: Host) => (host.hostname.startsWith('*') ? host.hostname.length : 1000)
  return fitting.sort((a, b) => rank(b) - rank(a))[0]
}

function pathFits({ path }: Match, given: string): boolean {
  switch (path.kind) {
    case 'exact':
      return given === path.value
    case 'prefix':
      return path.value === '/' || given === path.value || given.startsWith(`${path.value}/`)
    case 'pattern':
      return new RegExp(`^${path.value.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(given)
    case 'regex':
      return new RegExp(`^(?:${path.value})$`).test(given)
  }
}

function valuesFit(match: ValueMatch, values: readonly string[]): boolean {
  if (match.kind === 'present') return values.length > 0 === match.value
  const fits = (value: string) =>
    match.kind === 'exact' ? value === match.value : value.startsWith(match.value)
  return values.length > 0 && values.every(fits)
}

interface Asked {
  readonly hostname: string
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly query: readonly (readonly [string, string])[]
}

function oracle(hosts: readonly Host[], asked: Asked): string {
  const host = hostFor(hosts, asked.hostname)
  const fitting = (host?.entries ?? []).filter(({ match }) => pathFits(match, asked.path))
  const methodFits = ({ match }: HostEntry) =>
    match.methods.length === 0 || match.methods.includes(asked.method)
  const valuesOf = (pairs: Asked['headers'], name: string) =>
    pairs.filter(([key]) => key === name).map(([, value]) => value)
  const holds = ({ match }: HostEntry) =>
    match.headers.every((each) => valuesFit(each, valuesOf(asked.headers, each.name))) &&
    match.query.every((each) => valuesFit(each, valuesOf(asked.query, each.name)))
  for (const first of fitting) {
    const tier = fitting.filter(({ match }) => comparePaths(match.path, first.match.path) === 0)
    if (!tier.some(methodFits)) {
      return `405 ${[...new Set(tier.flatMap(({ match }) => match.methods))].sort().join()}`
    }
    const found = tier.find((entry) => methodFits(entry) && holds(entry))
    if (found !== undefined) return found.rule.name
  }
  return 'none'
}

const paths = [
  '/',
  '/a',
  '/b',
  '/a/b',
  '/a/b/c',
  '= /',
  '= /a',
  '= /a/',
  '= /a/b',
  '= /b/a',
  '/{x}',
  '/a/{x}',
  '/a/{y}',
  '/a/{x}/c',
  '/{x}/b',
  '/{x}/{y}',
  '/a/b/{x}',
  '~ /a/[ab]',
  '~ /[ab]/b',
  '~ /a.*',
  '~ /a/[ab]+',
  '~ /(a|b)(/c)?',
  '~ .*',
] as const

const condition = (names: readonly string[]): fc.Arbitrary<ValueMatch> =>
  fc
    .record({
      name: fc.constantFrom(...names),
      kind: fc.constantFrom('exact', 'prefix', 'present'),
      value: fc.constantFrom('a', 'ab'),
    })
    .map(
      ({ name, kind, value }): ValueMatch =>
        kind === 'present' ? { name, kind, value: value === 'a' } : { name, kind, value },
    )

const match: fc.Arbitrary<Match> = fc
  .record({
    path: fc.constantFrom(...paths),
    methods: fc.constantFrom<readonly string[]>(
      [],
      [],
      ['GET', 'HEAD'],
      ['POST'],
      ['DELETE', 'POST'],
    ),
    headers: fc.array(condition(['x-a', 'x-b']), { maxLength: 2 }),
    query: fc.array(condition(['q', 'r']), { maxLength: 2 }),
  })
  .map(({ path, ...own }) => matchOf(path, own))

const hosts: fc.Arbitrary<readonly Host[]> = fc
  .uniqueArray(fc.constantFrom('a.example', '*.example', '*.b.example', '*'), { minLength: 1 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.array(match, { maxLength: 12 }).map((matches) => ({ name, matches })),
      ),
    ),
  )
  .map((list) =>
    list.map(({ name, matches }) =>
      hostOf(
        name,
        matches.map((each, i) => [each, ruleOf(`${name}-${i}`)] as const),
      ),
    ),
  )

const pairs = (names: readonly string[]) =>
  fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom('a', 'ab', 'abc', 'b')), {
    maxLength: 3,
  })

const asked: fc.Arbitrary<Asked> = fc.record({
  hostname: fc.constantFrom('a.example', 'b.example', 'x.b.example', 'y.x.b.example', 'other.test'),
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT'),
  path: fc
    .array(fc.constantFrom('a', 'b', 'c', 'ab'), { maxLength: 4 })
    .chain((segments) =>
      fc.constantFrom(
        `/${segments.join('/')}`,
        segments.length > 0 ? `/${segments.join('/')}/` : '/',
      ),
    ),
  headers: pairs(['x-a', 'x-b']),
  query: pairs(['q', 'r']),
})

test('the router decides as the slow reading of the rules does', () => {
  fc.assert(
    fc.property(hosts, fc.array(asked, { minLength: 1, maxLength: 12 }), (list, requests) => {
      const router = new Router(list)
      for (const request of requests) {
        const query = request.query.map((pair) => pair.join('=')).join('&')
        const fields = request.headers.map(([name, value]) => `\n${name}: ${value}`).join('')
        const head = headOf(
          `${request.method} ${request.path}?${query}\nhost: ${request.hostname}${fields}`,
        )
        const result = router.route(
          head.hostname,
          head.method,
          head.rawPath,
          head.query,
          head.headers,
        )
        const got =
          result.kind === 'rule'
            ? result.entry.rule.name
            : result.kind === 'method'
              ? `405 ${result.allow.join()}`
              : result.kind
        expect(got).toBe(oracle(list, request))
      }
    }),
    { numRuns: 1000 },
  )
})
