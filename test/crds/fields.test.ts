import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { decode } from '../../src/controller/api/decode.ts'
import { admit } from './api-server.ts'
import { misspell, pathOf, placesOf, without, withValue } from './places.ts'
import {
  type Manifest,
  type Places,
  richCognito,
  richJwt,
  richMtls,
  richRoute,
  variants,
} from './rich.ts'
import { definitions, type Kind, nodesOf, schemaOf } from './schema.ts'
import { compilerAmong } from './world.ts'

/** Nobody listens there: nothing is served in this file. */
const key = (kid: string) =>
  `{"keys":[{"kty":"EC","crv":"P-256","kid":"${kid}","x":"AQ","y":"AQ"}]}`
const places: Places = { backend: 7001, decoy: 7002, keys: 7003, good: key('a'), bad: key('b') }

const kinds = Object.keys(definitions) as Kind[]

/** Objects that together have every field. */
const richObjects: readonly { readonly kind: Kind; readonly object: Manifest }[] = [
  ...variants.map((variant) => ({ kind: 'ApiRoute' as const, object: richRoute(variant, places) })),
  ...variants.map((variant) => ({
    kind: 'ApiAuthorizer' as const,
    object: richJwt(variant, places),
  })),
  ...variants.map((variant) => ({ kind: 'ApiAuthorizer' as const, object: richCognito(variant) })),
  ...variants.map((variant) => ({ kind: 'ApiAuthorizer' as const, object: richMtls(variant) })),
]

/** The first place of each field, in whichever object has it. */
const fields = richObjects.flatMap(({ kind, object }) =>
  placesOf(object)
    .filter(([first, second]) => first === 'spec' && second !== undefined)
    .map((place) => ({ kind, object, place, path: pathOf(place) })),
)
const firsts = fields.filter(
  ({ kind, path }, at) =>
    fields.findIndex((other) => other.path === path && other.kind === kind) === at,
)

test.each(kinds)('every field of %s is in some object of these tests', (kind) => {
  const known = nodesOf(schemaOf(kind))
    .filter(({ path, parent }) => parent !== undefined && path.startsWith('spec.'))
    .map(({ path }) => path)
  const used = firsts.filter((field) => field.kind === kind).map(({ path }) => path)
  expect(used.sort()).toEqual([...new Set(known)].sort())
})

test('these objects are valid', () => {
  for (const { kind, object } of richObjects) {
    expect(admit(schemaOf(kind), object)).toEqual({ object, problems: [] })
    expect(decode(object)).toMatchObject({ kind, object: { problems: [] } })
  }
})

describe('a field that is misspelt, and not pruned', () => {
  test.each(firsts)('$kind $path is refused by its name', ({ object, place }) => {
    const decoded = decode(misspell(object, place))
    const problems =
      'object' in decoded && 'problems' in decoded.object ? decoded.object.problems : []
    const where = place.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    expect(problems).toContainEqual({
      reason: 'Invalid',
      path: `${where.join('').slice(1)}x`,
      message: expect.stringContaining('is not a field that exists here'),
    })
  })
})

const compilers = {
  ApiRoute: compilerAmong(
    variants.map((variant) => richJwt(variant, places)),
    places,
  ),
  ApiAuthorizer: compilerAmong(
    variants.map((variant) => usersOf(variant)),
    places,
  ),
}

/** A route of the namespace of an authorizer, which is left out of the snapshot when nobody uses it. */
function usersOf(variant: number): Manifest {
  return {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiRoute',
    metadata: { namespace: 'platform', name: `user-${variant}` },
    spec: {
      className: 'internal',
      hostnames: [`user-${variant}.example`],
      rules: [
        {
          name: 'all',
          authorize: { anyOf: [{ authorizer: { name: `customers-${variant}` } }] },
          respond: { status: 200 },
        },
      ],
    },
  }
}

const behaviours = new Map<Manifest, string>()

/** Equal digests mean equal behaviour, in the installation that is meant and in another. */
function behaviourOf(kind: Kind, object: Manifest): string {
  const known =
    behaviours.get(object) ??
    ['internal', 'fairlead'].map((name) => compilers[kind](object, name).digest).join()
  behaviours.set(object, known)
  return known
}

describe('nothing is accepted and ignored', () => {
  test.each(firsts)(
    '$kind $path changes the snapshot, or cannot be left out',
    ({ kind, object, place }) => {
      const rest = without(object, place)
      const isRefused = admit(schemaOf(kind), rest).problems.length > 0
      expect(isRefused || behaviourOf(kind, rest) !== behaviourOf(kind, object)).toBe(true)
    },
  )
})

/** What `defaults` say is out of the way of what the schema says. */
function withoutDefaults(object: Manifest): Manifest {
  const { defaults: _, ...spec } = object['spec'] as {
    rules: readonly { name: string }[]
    defaults: unknown
  }
  return {
    ...object,
    spec: { ...spec, rules: spec.rules.filter(({ name }) => name !== 'defaults') },
  }
}

const withDefault = firsts.flatMap((field) => {
  const node = nodesOf(schemaOf(field.kind)).find(({ path }) => path === field.path)
  const [, text] = /Default (.+)\.$/.exec(node?.schema.description ?? '') ?? []
  return text === undefined ? [] : [{ ...field, text }]
})

describe('a default is what it is said to be', () => {
  test('in as many places as there are', () => expect(withDefault.length).toBeGreaterThan(80))

  test.each(withDefault)('$kind $path: $text', ({ kind, object, place, text }) => {
    const isAdmitted = (each: Manifest) => admit(schemaOf(kind), each).problems.length === 0
    const base = place[1] === 'rules' ? withoutDefaults(object) : object
    const value = parse(text)
    const holder = place.slice(0, -1)
    // Where it cannot stand beside the other fields of the rich object, or these cannot stand alone, it is alone.
    const written = [
      withValue(base, place, value),
      withValue(base, holder, { [String(place.at(-1))]: value }),
    ].find(isAdmitted)
    const left = [without(base, place), without(base, holder)].find(isAdmitted)
    if (written === undefined || left === undefined)
      throw new Error('cannot be written or left out')
    expect(behaviourOf(kind, written)).toBe(behaviourOf(kind, left))
  })
})
