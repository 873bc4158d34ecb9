import { describe, expect, test } from 'vitest'
import { createCompiler } from '../../src/controller/compile/compile.ts'
import { type Manifest, optionsOf, readCase, worldOf } from './case.ts'
import { play } from './requests.ts'

/** Rows of the catalogue of hostile inputs that are about the compiler as a whole; single faults are in test/standalone. */
const compile = (manifests: readonly Manifest[]) =>
  createCompiler()(worldOf(manifests), optionsOf(manifests))

const answer = (manifests: readonly Manifest[], request: string) =>
  play(compile(manifests).snapshot, { request, expect: {} })

const reasonsOf = (manifests: readonly Manifest[], name: string): string[] =>
  compile(manifests)
    .statuses.filter((status) => status.name === name)
    .flatMap(({ conditions }) => conditions.map(({ reason }) => reason))

interface RouteOptions {
  readonly namespace?: string
  readonly created?: string
  readonly hostnames?: readonly string[]
}

const route = (name: string, path: object, options: RouteOptions = {}): Manifest => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: {
    name,
    namespace: options.namespace ?? 'shop',
    ...(options.created !== undefined && {
      creationTimestamp: `2026-01-${options.created}T00:00:00Z`,
    }),
  },
  spec: {
    hostnames: options.hostnames ?? ['api.example'],
    rules: [
      {
        name: 'r',
        matches: [{ path }],
        authorize: { public: true },
        respond: { status: 200, body: name },
      },
    ],
  },
})

/** Every order of a few. */
function orders<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((first, i) =>
    orders(list.filter((_, k) => k !== i)).map((rest) => [first, ...rest]),
  )
}

describe('C1 regexes of users', () => {
  test.each(['/(a+)+', '/(a|aa)+', '/(.*a){20}', '/([a-z]+)*0'])(
    'C1 %s takes no more time for a longer text',
    (regex) => {
      const manifests = [route('r', { regex })]
      expect(answer(manifests, `GET http://api.example/${'a'.repeat(50_000)}!`)).toEqual({
        status: 404,
      })
    },
  )
})

describe('C2 regexes are over the whole path, in its canonical form', () => {
  test.each([
    { regex: '/admin', path: '/admin', matches: true },
    { regex: '/admin', path: '/admin/x', matches: false },
    { regex: '/admin', path: '/x/admin', matches: false },
    { regex: '/admin', path: '/ADMIN', matches: false },
    { regex: '/a|/b', path: '/a/secret', matches: false },
    { regex: '/a|/b', path: '/x/b', matches: false },
    { regex: '/admin', path: '/x/../admin', matches: true },
    { regex: '/admin', path: '/%61dmin', matches: true },
    { regex: '/.', path: '/%C3%A9', matches: false },
    { regex: '/%C3%A9', path: '/%c3%a9', matches: true },
    { regex: '/a.b', path: '/a%0Ab', matches: false },
  ])('C2 $regex and $path: $matches', ({ regex, path, matches }) => {
    const found = answer([route('r', { regex })], `GET http://api.example${path}`)
    expect(found).toEqual(
      matches ? { rule: 'shop/r/r' } : { status: path.includes('%0A') ? 400 : 404 },
    )
  })
})

describe('C3 two routes with one host and one path', () => {
  const older = route('z-older', { prefix: '/' }, { created: '01' })
  const younger = route('a-younger', { prefix: '/' }, { created: '02' })

  test('C3 the older serves, whatever order they come in, and the other is told who won', () => {
    for (const manifests of orders([older, younger, route('other', { exact: '/x' })])) {
      expect(answer(manifests, 'GET http://api.example/')).toEqual({ rule: 'shop/z-older/r' })
      expect(reasonsOf(manifests, 'a-younger')).toContain('Conflicted')
      expect(reasonsOf(manifests, 'z-older')).not.toContain('Conflicted')
    }
  })

  test('C3 one that was created anew has lost its age', () => {
    const again = route('z-older', { prefix: '/' }, { created: '03' })
    expect(answer([again, younger], 'GET http://api.example/')).toEqual({
      rule: 'shop/a-younger/r',
    })
  })

  test('C3 of one age the name decides', () => {
    const manifests = [route('b', { prefix: '/' }), route('a', { prefix: '/' })]
    for (const each of orders(manifests))
      expect(answer(each, 'GET http://api.example/')).toEqual({ rule: 'shop/a/r' })
  })
})

describe('C4 a team claims what another team has', () => {
  const owner = route('owner', { prefix: '/orders' }, { created: '01' })
  const rival = (hostname: string) =>
    route('rival', { prefix: '/' }, { namespace: 'rival', created: '02', hostnames: [hostname] })

  test('C4 the same host is refused, in every order', () => {
    for (const manifests of orders([owner, rival('api.example')])) {
      expect(reasonsOf(manifests, 'rival')).toContain('HostnameNotOwned')
      expect(answer(manifests, 'GET http://api.example/orders')).toEqual({ rule: 'shop/owner/r' })
      expect(answer(manifests, 'GET http://api.example/else')).toEqual({ status: 404 })
    }
  })

  test.each(['*.example', '*'])(
    'C4 %s over it gets none of its paths, not even those that it does not serve',
    (hostname) => {
      for (const manifests of orders([owner, rival(hostname)])) {
        expect(answer(manifests, 'GET http://api.example/orders')).toEqual({ rule: 'shop/owner/r' })
        expect(answer(manifests, 'GET http://api.example/else')).toEqual({ status: 404 })
        expect(answer(manifests, 'GET http://www.example/else')).toEqual({ rule: 'rival/rival/r' })
      }
    },
  )

  test('C4 with annotations of the platform, only what they list', () => {
    const settings = { kind: 'CompileOptions', settings: { hostOwnership: 'Namespace' } }
    const namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'rival', annotations: { 'fairlead.dev/hostnames': 'api.example' } },
    }
    const manifests = [settings, namespace, owner, rival('api.example')]
    expect(answer(manifests, 'GET http://api.example/orders')).toEqual({ rule: 'rival/rival/r' })
    expect(reasonsOf(manifests, 'owner')).toContain('HostnameNotOwned')
  })
})

describe('C5 what belongs to another namespace', () => {
  test.each([
    { what: 'a Service', name: 'a-service-of-another-namespace-needs-a-grant' },
    { what: 'an ApiAuthorizer', name: 'an-authorizer-of-another-namespace-may-be-granted' },
  ])('C5 $what is used with a grant, and no longer once the grant is gone', ({ name }) => {
    const manifests = readCase(name)
    const without = manifests.filter(({ kind }) => kind !== 'ReferenceGrant')
    expect(without.length).toBeLessThan(manifests.length)
    const compiler = createCompiler()
    const refusals = (each: readonly Manifest[]): number => {
      const { statuses } = compiler(worldOf(each), optionsOf(each))
      const text = statuses.flatMap(({ conditions }) => conditions.map(({ message }) => message))
      return text.join('\n').match(/ReferenceGrant/g)?.length ?? 0
    }
    const before = refusals(manifests)
    expect(refusals(without)).toBeGreaterThan(before)
    expect(refusals(manifests)).toBe(before)
  })
})

describe('rows that golden cases show', () => {
  test.each([
    {
      row: 'C6 an ExternalName',
      name: 'an-externalname-service-is-refused',
      reason: 'UnsupportedBackend',
    },
    {
      row: 'C6 endpoints on special addresses',
      name: 'endpoints-on-loopback-link-local-and-metadata-addresses-are-refused',
      reason: 'UnsupportedBackend',
    },
    {
      row: 'C6 url backends on special addresses',
      name: 'url-backends-on-special-addresses-are-refused-in-any-notation',
      reason: 'UnsupportedBackend',
    },
    {
      row: 'C8 hostile texts',
      name: 'every-kind-of-hostile-text-is-refused-by-the-schema-rejected-by-schema',
      reason: 'Invalid',
    },
    {
      row: 'C9 weights and durations',
      name: 'weights-and-durations-out-of-range-are-refused-by-the-schema-rejected-by-schema',
      reason: 'Invalid',
    },
    {
      row: 'C11 unknown fields',
      name: 'a-misspelt-field-of-the-whole-spoils-every-rule-rejected-by-schema',
      reason: 'Invalid',
    },
    {
      row: 'C14 keys that are no keys',
      name: 'private-and-symmetric-keys-are-refused',
      reason: 'RefInvalid',
    },
  ])('$row: $name', ({ name, reason }) => {
    const reasons = compile(readCase(name)).statuses.flatMap(({ conditions }) =>
      conditions.map((each) => each.reason),
    )
    expect(reasons).toContain(reason)
  })
})
