import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exchangeOf, goesOn } from '../../../test/harness/exchange.ts'
import { forwardAction, hostOf, ruleOf } from '../../../test/harness/rules.ts'
import { canonicalPath } from '../../model/path.ts'
import { defaultSettings } from '../../model/settings.ts'
import type { PathPolicy, Rewrite } from '../../model/snapshot.ts'
import { RequestParser } from '../http1/request-parser.ts'
import { rewrite } from '../stages/rewrite.ts'
import { Router } from './router.ts'

const paths: PathPolicy = { encodedSlash: 'Reject', mergeSlashes: true, underscores: 'Drop' }

/** A protected /admin and a public rest; what the public rule forwards to, or why nothing is forwarded. */
function forwarded(target: string, own: Partial<PathPolicy> = {}, rewriting?: Rewrite): string {
  const action = { ...forwardAction, ...(rewriting !== undefined && { rewrite: rewriting }) }
  const open = ruleOf('public', { action, paths: { ...paths, ...own } })
  const router = new Router([
    hostOf('api.shop.example', [
      ['/admin', ruleOf('admin')],
      ['/', open],
    ]),
  ])
  const bytes = Buffer.from(`GET ${target} HTTP/1.1\r\nhost: api.shop.example\r\n\r\n`, 'latin1')
  const parser = new RequestParser(defaultSettings.limits)
  if (parser.parse(bytes, 0, bytes.length) !== bytes.length) return 'refused'
  const { head } = parser
  const canonical = canonicalPath(head.rawPath)
  if (canonical === undefined) return 'refused'
  const { path } = canonical
  const result = router.route(head.hostname, head.method, path, head.query, head.headers)
  if (result.kind === 'none' && canonical.encodedSlash) return 'refused'
  if (result.kind !== 'rule') return result.kind === 'ambiguous' ? 'refused' : result.kind
  if (canonical.encodedSlash && result.entry.rule.paths.encodedSlash === 'Reject') return 'refused'
  if (result.entry.rule.name === 'admin') return 'protected'
  const exchange = exchangeOf('GET /', { entry: result.entry })
  exchange.request.head.rawPath = head.rawPath
  exchange.path = path
  return goesOn(rewrite(open), exchange) ? exchange.path : 'refused'
}

/** What a backend may take a path for that decodes, cuts parameters off, and resolves dots, in that order. */
function meant(path: string, encodedSlash: PathPolicy['encodedSlash']): string {
  return resolved(decoded(path, encodedSlash).split('/').map(bare))
}

/** A servlet container cuts parameters off first: what is `;` only when decoded belongs to a name, and so do its dots. */
const meantByServlet = (path: string, encodedSlash: PathPolicy['encodedSlash']): string =>
  resolved(decoded(path.split('/').map(bare).join('/'), encodedSlash).split('/'))

const bare = (segment: string): string => segment.split(';')[0] as string

function decoded(path: string, encodedSlash: PathPolicy['encodedSlash']): string {
  const text = Buffer.from(
    path.replace(/%([0-9A-Fa-f]{2})/g, (triplet, digits: string) => {
      const char = String.fromCharCode(Number.parseInt(digits, 16))
      return encodedSlash === 'Keep' && /[/\\]/.test(char) ? triplet : char
    }),
    'latin1',
  ).toString('latin1')
  return text.replaceAll('\\', '/')
}

function resolved(parts: readonly string[]): string {
  const segments: string[] = []
  for (const segment of parts) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

const isAdmin = (path: string) => /^\/admin(\/|$)/.test(path)

describe('P1 to P9: one canonical form', () => {
  test.each<readonly [string, string, string]>([
    ['P1', '/public/../admin', 'protected'],
    ['P1', '/public/./../admin/', 'protected'],
    ['P1', '/admin/../public', '/public'],
    ['P1', '/admin/..', '/'],
    ['P1', '/../admin', 'refused'],
    ['P1', '/a/../../admin', 'refused'],
    ['P2', '/%2e%2e/admin', 'refused'],
    ['P2', '/a/%2E./admin', 'protected'],
    ['P2', '/a/.%2e/%61dmin', 'protected'],
    ['P2', '/%41dmin', '/Admin'],
    ['P3', '/a%2f..%2fadmin', 'refused'],
    ['P3', '/%2Fadmin', 'refused'],
    ['P3', '/a%5cadmin', 'refused'],
    ['P3', '/a\\..\\admin', 'refused'],
    ['P4', '//admin', 'protected'],
    ['P4', '/a//..//admin', 'protected'],
    ['P4', '///admin///users', 'protected'],
    ['P4', '/a//b', '/a/b'],
    ['P5', '/.;/admin', 'refused'],
    ['P5', '/..;/admin', 'refused'],
    ['P5', '/a/..;x=1/admin', 'refused'],
    ['P5', '/a/%2e%2e;/admin', 'refused'],
    ['P5', '/admin;x=1', 'refused'],
    ['P5', '/admin;/users', 'refused'],
    ['P5', '/;/admin', 'refused'],
    ['P5', '/a;jsessionid=1', '/a;jsessionid=1'],
    ['P5', '/admin%3Bx', 'refused'],
    ['P5', '/a/..%3bx/admin', 'refused'],
    ['P5', '/a%3bb', '/a%3Bb'],
    ['P5', '/admin;x=1/..%3B', 'refused'],
    ['P5', '/admin;/..%3b', 'refused'],
    ['P5', '/admin;x=1/users/..%3B/..%3Bzz', 'refused'],
    ['P5', '/admin;x/.%3b/..%3b', 'refused'],
    ['P5', '/a;x=1/b%3Bc', '/a;x=1/b%3Bc'],
    ['P6', '/%252e%252e/admin', '/%252e%252e/admin'],
    ['P6', '/%2561dmin', '/%2561dmin'],
    ['P7', '/a%00/../admin', 'refused'],
    ['P7', '/%c0%af/admin', 'refused'],
    ['P7', '/%c0%ae%c0%ae/admin', 'refused'],
    ['P7', '/%0d%0aadmin', 'refused'],
    ['P7', '/%zz', 'refused'],
    ['P7', '/a%', 'refused'],
    ['P8', '/ADMIN', '/ADMIN'],
    ['P8', '/admin/', 'protected'],
    ['P8', '/admin.', '/admin.'],
    ['P8', '/%EF%BC%8Fadmin', '/%EF%BC%8Fadmin'],
    ['R3', '/a?/../admin', '/a'],
    ['R3', '/a#/../admin', 'refused'],
    ['R4', 'http://api.shop.example/admin', 'protected'],
    ['R4', 'http://api.shop.example//admin', 'protected'],
    ['R4', 'http://other.example/admin', 'refused'],
  ])('%s: %s is %s', (_, target, want) => expect(forwarded(target)).toBe(want))

  test.each<readonly [string, string]>([
    ['/a%2Fb', '/a%2Fb'],
    ['/a%2fb/c', '/a%2Fb/c'],
    ['/a%2f..%2fadmin', 'refused'],
    ['/..%2fadmin', 'refused'],
    ['/a%2f..', 'refused'],
    ['/a%2F.;x%2fadmin', 'refused'],
    ['/a/..%5cadmin', 'refused'],
    ['/a%2f...', '/a%2F...'],
  ])('P3: where encoded slashes are kept, %s is %s', (target, want) => {
    expect(forwarded(target, { encodedSlash: 'Keep' })).toBe(want)
  })
})

const pieces = [
  'admin',
  'Admin',
  'public',
  '%61dmin',
  'a',
  '/',
  '/',
  '/',
  '//',
  '.',
  '..',
  '...',
  '%2e',
  '%2E',
  '%2e%2e',
  '.%2e',
  '%252e',
  '%252e%252e',
  ';',
  ';x=1',
  '..;',
  '.;',
  '/..;/',
  '/../',
  '/./',
  '%2f',
  '%2F',
  '%5c',
  '\\',
  '%00',
  '%0a',
  '%09',
  '%20',
  '%25',
  '%2561',
  '%c0%ae',
  '%c0%af',
  '%e2%80%a5',
  '%ef%bc%8f',
  '%u002e',
  '%',
  '?',
  '#',
  '&',
  '~',
  '%7e',
  ':',
  '@',
  '*',
  "'",
  '%3b',
  '%3B..',
  '.%00.',
  '%3f',
  '%23',
] as const

const target = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 10 }).map((parts) => `/${parts.join('')}`),
  fc
    .array(fc.constantFrom(...pieces), { maxLength: 6 })
    .map((parts) => `/public/${parts.join('/')}/admin`),
  fc
    .array(fc.constantFrom(...pieces), { maxLength: 4 })
    .map((parts) => `/${parts.join('')}/admin/${parts.join('')}`),
  fc
    .array(fc.constantFrom(...pieces), { maxLength: 4 })
    .map((parts) => `http://api.shop.example/${parts.join('')}admin`),
  fc
    .array(fc.constantFrom(';', ';x=1', '/..%3B', '/.%3bx', '/..', '/users'), { maxLength: 6 })
    .map((parts) => `/admin${parts.join('')}`),
)

const variant = fc.constantFrom<readonly [Partial<PathPolicy>, Rewrite | undefined]>(
  [{}, undefined],
  [{ mergeSlashes: false }, undefined],
  [{ encodedSlash: 'Keep' }, undefined],
  [{ encodedSlash: 'Keep', mergeSlashes: false }, undefined],
  [{}, { path: { kind: 'prefix', value: '/' } }],
  [{ mergeSlashes: false }, { path: { kind: 'prefix', value: '/' } }],
)

test('P10: no spelling of a path gets to /admin by the public rule', () => {
  let served = 0
  fc.assert(
    fc.property(target, variant, (text, [own, rewriting]) => {
      const path = forwarded(text, own, rewriting)
      if (!path.startsWith('/')) return
      served++
      for (const reader of [meant, meantByServlet]) {
        expect(
          isAdmin(reader(path, own.encodedSlash ?? 'Reject')),
          `${text} forwarded as ${path}, for ${reader.name}`,
        ).toBe(false)
      }
    }),
    { numRuns: 5_000 },
  )
  // Otherwise the test would show nothing.
  expect(served).toBeGreaterThan(500)
})

test('P6: what is forwarded, canonicalised again, is the same and selects the same rule', () => {
  fc.assert(
    fc.property(target, (text) => {
      const path = forwarded(text)
      if (!path.startsWith('/')) return
      expect(canonicalPath(path)?.path).toBe(path)
      expect(forwarded(path)).toBe(path)
    }),
    { numRuns: 3_000 },
  )
})
