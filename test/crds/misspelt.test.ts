import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { type Probe, Prober } from './access.ts'
import { admit } from './api-server.ts'
import { misspell, type Place, pathOf, placesOf } from './places.ts'
import { probesOfCognito, probesOfJwt, probesOfRoute } from './probes.ts'
import { type Manifest, richCognito, richJwt, richRoute, variants } from './rich.ts'
import { type Kind, schemaOf } from './schema.ts'
import { openSite, type Site } from './site.ts'
import { compilerAmong } from './world.ts'

/**
 * api.md: the API server prunes fields that it does not know, so no field may exist whose absence opens something. Each
 * field of a valid object is misspelt, the object pruned as the API server prunes it, compiled and served; then real
 * requests are made, of which some are refused under the right object. None of those may get more now.
 */
let site: Site
let gateway: TestProxy
let prober: Prober

beforeAll(async () => {
  site = await openSite()
  gateway = await startProxy({ ports: [site.backend] })
  prober = new Prober(gateway)
})

afterAll(async () => {
  prober.close()
  await gateway.close()
  await site.close()
})

/** Fields whose absence the API cannot but read as "no condition", by the ADR that says what is done about them. */
const adr = new URL('../../docs/adr/0011-fields-that-the-api-server-prunes.md', import.meta.url)

const excepted: ReadonlySet<string> = new Set(
  [...readFileSync(adr, 'utf8').matchAll(/^\| `([^|]+)` \|/gm)].flatMap(([, names]) =>
    names!.split('`, `'),
  ),
)

/** A field as the ADR names it: rules and defaults have the same ones, and so have the kinds of authorizers. */
const nameOf = (place: Place): string =>
  pathOf(place)
    .replace(/^spec\.(rules\[\]\.|defaults\.|jwt\.|cognito\.)?/, '')
    .replace(/^authorize\.(anyOf|allOf)\[\]/, 'authorize.anyOf[]')

interface Subject {
  readonly name: string
  readonly kind: Kind
  readonly object: (site: Site) => Manifest
  readonly others: (site: Site) => readonly Manifest[]
  readonly probes: (site: Site) => Promise<readonly Probe[]>
  /** Which of its fields; the rest is the same as in another. */
  readonly fields: RegExp
}

const host = 'simple.shop.example'

/** One rule that asks for nothing but a good token. */
const simpleRoute = ({ backend }: Site, name: string): Manifest => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { namespace: 'platform', name: 'simple' },
  spec: {
    className: 'internal',
    hostnames: [host],
    rules: [
      {
        name: 'all',
        authorize: { anyOf: [{ authorizer: { name } }] },
        backends: [{ name: 'b', url: `http://127.0.0.1:${backend}` }],
      },
    ],
  },
})

const subjects: readonly Subject[] = [
  ...variants.map((variant) => ({
    name: `an ApiRoute, variant ${variant}`,
    kind: 'ApiRoute' as const,
    object: (at: Site) => richRoute(variant, at),
    others: (at: Site) => variants.map((each) => richJwt(each, at)),
    probes: (at: Site) => probesOfRoute(variant, at),
    fields: [
      /^spec\./,
      /^spec\.defaults\.(authorize|balance|rewrite)/,
      /^spec\.(defaults\.(authorize|balance)|rules\[\]\.\w+$)/,
    ][variant] as RegExp,
  })),
  ...([0, 1] as const).flatMap((variant) => [
    {
      name: `an ApiAuthorizer of kind jwt, variant ${variant}`,
      kind: 'ApiAuthorizer' as const,
      object: (at: Site) => richJwt(variant, at),
      others: (at: Site) => [simpleRoute(at, `customers-${variant}`)],
      probes: (at: Site) => probesOfJwt(host, at),
      fields: variant === 0 ? /^spec\./ : /\.groups\b/,
    },
    {
      name: `an ApiAuthorizer of kind cognito, variant ${variant}`,
      kind: 'ApiAuthorizer' as const,
      object: () => richCognito(variant),
      others: (at: Site) => [simpleRoute(at, `customers-${variant}`)],
      probes: (at: Site) => probesOfCognito(host, at),
      fields: variant === 0 ? /^spec\./ : /\.groups\b/,
    },
  ]),
]

/** The first place of each field in each rule that it decides about. */
function fieldsOf({ object, fields }: Subject): readonly Place[] {
  const seen = new Set<string>()
  return placesOf(object(site)).filter((place) => {
    const path = pathOf(place)
    // A rule's own field gives way to that of `defaults`, which is another for each rule.
    const id = /^spec\.rules\[\]\.\w+$/.test(path) ? place.join() : path
    if (!fields.test(path) || seen.has(id)) return false
    seen.add(id)
    return true
  })
}

/** What says how a request is served, and not which or whose: of these only is asked who may call. */
const manner = /\.(balance|timeouts|retry|health|failover|responseHeaders|limits|upgrade|errors)\b/

/** The probes that a field of this place can be of any concern to. */
function concerned(probes: readonly Probe[], place: Place, object: Manifest) {
  const { rules = [] } = object['spec'] as { rules?: readonly { name: string }[] }
  const [, part, index] = place
  const rule = part === 'rules' ? rules[index as number]?.name : part
  if (part !== 'rules' && part !== 'defaults') return probes
  const own = probes.filter((probe) => probe.rule === '' || probe.rule === rule)
  return manner.test(pathOf(place)) ? own.filter(({ odd }) => odd === undefined) : own
}

/** By field: what somebody got who was refused before. */
async function openedBy(subject: Subject): Promise<ReadonlyMap<string, string>> {
  const right = subject.object(site)
  const probes = await subject.probes(site)
  const compile = compilerAmong(subject.others(site), site)
  const accessTo = (object: Manifest, some: readonly Probe[]) =>
    prober.access(
      ['internal', 'fairlead'].map((className) => compile(object, className)),
      some,
    )
  const before = await accessTo(right, probes)
  const opened = new Map<string, string>()
  for (const place of fieldsOf(subject)) {
    const { object, problems } = admit(schemaOf(subject.kind), misspell(right, place))
    if (problems.length > 0) continue
    const after = await accessTo(object as Manifest, concerned(probes, place, right))
    for (const [name, got] of after) {
      const more = got.filter((each) => !before.get(name)?.includes(each))
      if (more.length > 0) opened.set(nameOf(place), `${name}: ${more.join(', ')}`)
    }
  }
  return opened
}

const openedByAny = new Set<string>()

test.each(subjects)(
  '$name with any field misspelt is refused or gives nothing more, but for those of ADR 11',
  async (subject) => {
    const opened = await openedBy(subject)
    for (const name of opened.keys()) openedByAny.add(name)
    expect([...opened].filter(([name]) => !excepted.has(name))).toEqual([])
  },
  120_000,
)

test('every field of ADR 11 is one that opens something', () => {
  expect([...openedByAny].sort()).toEqual([...excepted].sort())
})
