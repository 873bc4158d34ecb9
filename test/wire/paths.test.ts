import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededDice } from '../../src/base/dice.ts'
import { canonicalPath } from '../../src/model/path.ts'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { bearer, compile, customers, everybody, identityOf } from './compiled.ts'
import { head, type Rig, startRig } from './rig.ts'

const rules = [
  { name: 'all', authorize: everybody },
  { name: 'admin', matches: [{ path: { prefix: '/admin' } }], authorize: customers },
  {
    name: 'stripped',
    matches: [{ path: { prefix: '/api' } }],
    authorize: everybody,
    rewrite: { path: { replacePrefix: '/' } },
  },
  {
    name: 'based',
    matches: [{ path: { prefix: '/v1/' } }],
    authorize: everybody,
    rewrite: { path: { replacePrefix: '/base/' } },
  },
  {
    name: 'pattern',
    matches: [{ path: { pattern: '/users/{id}' } }],
    authorize: everybody,
    rewrite: { path: { replaceFull: '/u/.{id}' } },
  },
]

const start = (route: Readonly<Record<string, unknown>> = {}) =>
  startRig({
    change: (_, __, port) => {
      const { snapshot, statuses } = compile(rules, port, route)
      const bad = statuses
        .flatMap(({ conditions }) => conditions)
        .filter(({ status }) => status !== 'True')
      expect(bad).toEqual([])
      return snapshot
    },
  })

let rig: Rig
let keeping: Rig
let unmerged: Rig
beforeAll(async () => {
  rig = await start()
  keeping = await start({ paths: { encodedSlash: 'Keep' } })
  unmerged = await start({ paths: { mergeSlashes: false } })
})
afterAll(async () => {
  for (const each of [rig, keeping, unmerged]) await each.close()
})

const get = (path: string, ...fields: readonly string[]): string =>
  head(`GET ${path} HTTP/1.1`, 'host: a', ...fields)

/** The path is forwarded as `canonical`, and that, sent again, as itself. */
async function goesAs(to: Rig, path: string, canonical: string): Promise<void> {
  const message = `GET ${canonical} HTTP/1.1\nhost: a\n`
  await to.forwards(get(path), message)
  if (path !== canonical) await to.forwards(get(canonical), message)
}

const named = (id: string, paths: readonly string[]) =>
  paths.map((path) => [`${id} ${path}`, path] as const)

/** The authorizer of /admin is asked, and there is no token. */
const meetsAuthorizer = (path: string) => rig.answers(get(path), 401)
const isRefused = (path: string) => rig.refuses(get(path), 400)

describe('dot segments', () => {
  test.each(
    named('P1', [
      ...['/public/../admin', '/./admin', '/admin/.', '/admin/./x', '/a/../admin/x'],
      ...['/a/b/../../admin', '/x/../admin/../admin', '/a/./../admin', '/a/../admin/..//admin'],
      ...['/admin', '/admin/', '/admin/x?y'],
    ]),
  )('%s: the authorizer of /admin decides', (_, path) => meetsAuthorizer(path))

  test.each(
    named('P2', [
      ...['/public/%2e%2e/admin', '/public/%2E%2E/admin', '/public/%2e%2E/admin', '/a/.%2e/admin'],
      ...['/a/%2e./admin', '/a/%2E./admin', '/%2e/admin', '/a/%2e/%2e%2e/admin', '/%61dmin'],
      ...['/a/%2e%2e/%61dmi%6E', '/admin/%2e'],
    ]),
  )('%s: the authorizer of /admin decides', (_, path) => meetsAuthorizer(path))

  test.each([
    ['P1 /public/../admin', '/public/../admin', '/admin'],
    ['P2 /public/%2e%2e/admin', '/public/%2e%2e/admin', '/admin'],
    ['P4 //admin', '//admin', '/admin'],
  ])('%s: whom it lets through gets /admin', async (_, path, canonical) => {
    const field = bearer('alice')
    const lines = [`GET ${canonical} HTTP/1.1`, 'host: a', ...identityOf('alice', field), '']
    await rig.forwards(get(path, field), lines.join('\n'))
  })

  test.each([
    ['P1 /a/..', '/a/..', '/'],
    ['P1 /a/../', '/a/../', '/'],
    ['P1 /a/.', '/a/.', '/a/'],
    ['P1 /a/./b', '/a/./b', '/a/b'],
    ['P1 /a/b/../c', '/a/b/../c', '/a/c'],
    ['P1 /a/b/..', '/a/b/..', '/a/'],
    ['P1 /.', '/.', '/'],
    ['P1 /admin/..', '/admin/..', '/'],
    ['P1 /admin/../public', '/admin/../public', '/public'],
    ['P1 three dots are a name', '/.../a', '/.../a'],
    ['P1 a name may begin with dots', '/..a/.b', '/..a/.b'],
    ['P1 dots in a query are nobody’s', '/a?/../admin', '/a?/../admin'],
    ['P2 /a/%2e%2E/b', '/a/%2e%2E/b', '/b'],
    ['P2 /a/%2E', '/a/%2E', '/a/'],
    ['P2 /a/%2e%2e%2e', '/a/%2e%2e%2e', '/a/...'],
  ])('%s', (_, path, canonical) => goesAs(rig, path, canonical))

  test.each([
    ...named('P1', [
      '/..',
      '/../',
      '/../..',
      '/../admin',
      '/a/../..',
      '/a/../../admin',
      '/./..',
      '//..',
    ]),
    ...named('P2', ['/%2e%2e', '/%2E.', '/.%2e/admin', '/a/%2e%2e/%2e%2e/admin', '/%2E%2E/%2E%2E']),
  ])('%s is above the root', (_, path) => isRefused(path))
})

describe('slashes', () => {
  test.each(
    named('P3', [
      ...[
        '/a%2fb',
        '/a%2Fb',
        '/%2f',
        '/a%5cb',
        '/a%5Cb',
        '/a\\b',
        '/\\admin',
        '/public%2f..%2fadmin',
      ],
      ...[
        '/public/..%2fadmin',
        '/%2fadmin',
        '/admin%2f',
        '/admin%5c..',
        '/a/..%5cadmin',
        '/.%2f.%2fadmin',
      ],
    ]),
  )('%s', (_, path) => isRefused(path))

  test.each([
    ['P3 /a%2fb', '/a%2fb', '/a%2Fb'],
    ['P3 /a%2Fb', '/a%2Fb', '/a%2Fb'],
    ['P3 /a%5cb/', '/a%5cb/', '/a%5Cb/'],
    ['P3 /a/%2f%2F/b', '/a/%2f%2F/b', '/a/%2F%2F/b'],
  ])('%s where the route keeps them', (_, path, canonical) => goesAs(keeping, path, canonical))

  test.each(
    named('P3', [
      ...[
        '/public/..%2fadmin',
        '/public%2f..%2fadmin',
        '/..%2f..%2fadmin',
        '/a/..%5cadmin',
        '/%2e%2e%2fadmin',
      ],
      ...['/a%2f..', '/a%2f.%2e/admin', '/a\\b', '/public%2f.%2fadmin'],
    ]),
  )('%s is refused even there', (_, path) => keeping.refuses(get(path), 400))

  test.each(
    named('P4', [
      '//admin',
      '///admin',
      '//admin//x',
      '/a//../admin',
      '/.//admin',
      '//./admin',
      '/a/..//admin',
    ]),
  )('%s: the authorizer of /admin decides', (_, path) => meetsAuthorizer(path))

  test.each([
    ['P4 /a//b', '/a//b', '/a/b'],
    ['P4 //', '//', '/'],
    ['P4 /a///b//', '/a///b//', '/a/b/'],
    ['P4 what looks like an authority', '//evil.example/x', '/evil.example/x'],
    ['P4 with a user', '//u@evil.example:80/x', '/u@evil.example:80/x'],
    ['P4 slashes of a query stay', '/a?b=//c', '/a?b=//c'],
    ['P4 /a//../b', '/a//../b', '/b'],
  ])('%s', (_, path, canonical) => goesAs(rig, path, canonical))

  test.each([
    ['P4 /a//b', '/a//b', '/a//b'],
    ['P4 //', '//', '//'],
    ['P4 //a/%2e/b//', '//a/%2e/b//', '//a/b//'],
  ])('%s where the route keeps them', (_, path, canonical) => goesAs(unmerged, path, canonical))

  test.each(named('P4', ['//admin', '/a/..//admin', '//admin//x', '/.//%61dmin']))(
    '%s is /admin even there',
    (_, path) => unmerged.answers(get(path), 401),
  )
})

describe('parameters', () => {
  test.each(
    named('P5', [
      ...[
        '/.;/admin',
        '/..;/admin',
        '/a/..;/admin',
        '/a/..;x=1/admin',
        '/a/.;x/b',
        '/a/..;',
        '/a/.;',
      ],
      ...[
        '/a/%2e%2e;/admin',
        '/a/.%2e;x/admin',
        '/a/..%3b/admin',
        '/admin;x=1',
        '/admin;',
        '/admin;/x',
      ],
      ...[
        '/admin;jsessionid=1/x',
        '/admin%3bx=1',
        '/admin%3Bx/y',
        '/;/admin',
        '/;x/admin',
        '/a;/../admin;x',
      ],
      ...[
        '/admin;x=1/..%3B',
        '/admin;/..%3B',
        '/admin;x=1/users/..%3B/..%3Bzz',
        '/admin;x/.%3b/..%3b',
      ],
    ]),
  )('%s', (_, path) => isRefused(path))

  test.each(named('P5', ['/admin/x;y=1', '/admin/;x', '/admin/x;jsessionid=1', '/admin/a%3Bb']))(
    '%s leads to one rule, with and without: its authorizer decides',
    (_, path) => meetsAuthorizer(path),
  )

  test.each([
    ['P5 a session', '/page;jsessionid=1', '/page;jsessionid=1'],
    ['P5 several', '/a;b/c;d=1;e', '/a;b/c;d=1;e'],
    ['P5 in a query', '/a?/..;/admin;x', '/a?/..;/admin;x'],
  ])('%s', (_, path, canonical) => goesAs(rig, path, canonical))
})

describe('escapes', () => {
  test.each([
    ['P6 a double escape', '/%252e%252e%252fadmin', '/%252e%252e%252fadmin'],
    ['P6 double dots as a segment', '/a/%252e%252e/admin', '/a/%252e%252e/admin'],
    ['P6 a triple escape', '/%25252e', '/%25252e'],
    ['P6 unreserved characters', '/%61%5A%30%2d%5f%7e%2E', '/aZ0-_~.'],
    [
      'P6 reserved characters',
      '/%21%24%26%27%28%29%2a%2b%2c%3d%3a%40',
      '/%21%24%26%27%28%29%2A%2B%2C%3D%3A%40',
    ],
    ['P6 a question mark', '/a%3fb', '/a%3Fb'],
    ['P6 a hash', '/a%23b', '/a%23b'],
    ['P6 a space', '/a%20b', '/a%20b'],
    ['P6 UTF-8', '/%c3%a9/%e2%82%ac/%f0%9f%98%80', '/%C3%A9/%E2%82%AC/%F0%9F%98%80'],
    ['P6 a query stays', '/a?%2e%2E%41%zz%00', '/a?%2e%2E%41%zz%00'],
  ])('%s', (_, path, canonical) => goesAs(rig, path, canonical))

  test.each(
    named('P7', [
      ...[
        '/%00',
        '/a%00b',
        '/admin%00',
        '/%0d%0a',
        '/%0aX',
        '/%1f',
        '/%7f',
        '/%c0%af',
        '/%c0%ae%c0%ae/admin',
      ],
      ...[
        '/%e0%80%af',
        '/%e0%9f%bf',
        '/%f0%80%80%af',
        '/%f8%88%80%80%af',
        '/%ed%a0%80',
        '/%f4%90%80%80',
      ],
      ...[
        '/%ff',
        '/%fe',
        '/%c3',
        '/%c3/%a9',
        '/%c3%28',
        '/%80',
        '/%e2%82',
        '/%zz',
        '/%',
        '/a%',
        '/%4',
        '/%4g',
      ],
      ...['/%-1', '/%u0041', '/%%41', '/%+41', '/%C0%2E'],
    ]),
  )('%s', (_, path) => isRefused(path))
})

describe('what is not folded', () => {
  test.each(
    [
      ...[
        '/Admin',
        '/ADMIN',
        '/aDmin/x',
        '/admin.',
        '/admin%20',
        '/admin:',
        '/admin,',
        '/admin~',
        '/admins',
      ],
      ...[
        '/a.',
        '/a/',
        '/a',
        '/A/',
        '/%EF%BC%8Fadmin',
        '/a%EF%BC%8F..%EF%BC%8Fadmin',
        '/%E2%80%A5/admin',
      ],
      ...[
        '/admin%E2%80%8B',
        '/%EF%BD%81dmin',
        '/%EF%BC%8E%EF%BC%8E/admin',
        '/admi%C5%84',
        '/%C4%B0',
      ],
    ].map((path) => [`P8 ${path}`, path]),
  )('%s is itself', (_, path) => goesAs(rig, path, path))

  test('P8 a slash behind an exact prefix is the same prefix', () => meetsAuthorizer('/admin/'))
})

describe('rewritten paths', () => {
  test.each([
    ['P9 the prefix itself', '/api', '/'],
    ['P9 the prefix and a slash', '/api/', '/'],
    ['P9 what follows', '/api/x/y?z', '/x/y?z'],
    ['P9 slashes behind the prefix', '/api//evil.example/x', '/evil.example/x'],
    ['P9 dots behind the prefix', '/api/./x', '/x'],
    ['P9 out of the prefix and back', '/api/../api/x', '/x'],
    ['P9 a prefix with a slash', '/v1/x', '/base/x'],
    ['P9 a prefix with a slash, alone', '/v1/', '/base/'],
    ['P9 a segment of a pattern', '/users/7', '/u/.7'],
    ['P9 a segment of dots', '/users/...', '/u/....'],
    ['P9 an escape in a segment', '/users/a%20b', '/u/.a%20b'],
  ])('%s', (_, path, canonical) => rig.forwards(get(path), `GET ${canonical} HTTP/1.1\nhost: a\n`))

  test.each(named('P9', ['/api/..;/x', '/api/%2e%2e/%2e%2e', '/api%2f..%2fadmin', '/users/..;x']))(
    '%s is refused before',
    (_, path) => isRefused(path),
  )

  test('P9 slashes that a route keeps are merged once it rewrites', () =>
    unmerged.forwards(get('/api//evil.example'), 'GET /evil.example HTTP/1.1\nhost: a\n'))
})

test('P10 of 70 KB of traversals none gets to /admin without its authorizer', async () => {
  const dice = seededDice(7)
  const any = <T>(list: readonly T[]): T => list[Math.floor(dice() * list.length)] as T
  const dots = [
    '..',
    '.',
    '%2e%2e',
    '.%2e',
    '%2E.',
    '..;',
    '.;x',
    '%252e%252e',
    '...',
    '..%00',
    '..%3b',
    '',
  ]
  const slashes = ['/', '//', '/./', '%2f', '%5c', '\\', '/;/', '%252f', '%c0%af', '%ef%bc%8f']
  const targets = [
    'admin',
    '%61dmin',
    'admin/',
    'admin;x',
    'Admin',
    'admin%2f',
    'admin/users',
    'adm%69n?x',
  ]
  const paths: string[] = []
  for (let size = 0; size < 70_000; size += paths.at(-1)?.length ?? 0) {
    let path = any(['', '/public', '/admin', '/a/b'])
    for (let i = Math.floor(dice() * 3); i >= 0; i--) path += any(slashes) + any(dots)
    paths.push(`/${path}${any(slashes)}${any(targets)}`.replace(/^\/(?=\/)/, ''))
  }
  const counts = new Map<number | undefined, number>()
  for (let at = 0; at < paths.length; at += 100) {
    const clients = paths.slice(at, at + 100).map((path) => {
      const client = new RawClient(rig.proxy.port)
      return client.send(get(path, 'connection: close'))
    })
    for (const client of clients) {
      const status = answersOf(await client.untilOver()).answers[0]?.status
      counts.set(status, (counts.get(status) ?? 0) + 1)
      client.leave()
    }
  }
  const { messages, rest } = rig.recorder.take()
  const isAdmin = (target: string) =>
    /^\/admin(\/|$)/.test(canonicalPath(target.split('?')[0] as string)?.path ?? target)
  expect(messages.map(({ target }) => target).filter(isAdmin)).toEqual([])
  expect(rest).toEqual([])
  expect([...counts.keys()].sort()).toEqual([200, 400, 401])
  expect(messages).toHaveLength(counts.get(200) ?? 0)
  // Otherwise the test would show nothing.
  expect(Math.min(...counts.values())).toBeGreaterThan(20)
})
