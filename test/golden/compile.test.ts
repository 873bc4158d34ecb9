import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { World } from '../../src/controller/api/world.ts'
import { createCompiler } from '../../src/controller/compile/compile.ts'
import { type Problem, reasons } from '../../src/model/problem.ts'
import { decodeSnapshot, encodeSnapshot } from '../../src/model/wire.ts'
import { admit } from '../crds/api-server.ts'
import { type Kind, schemaOf } from '../crds/schema.ts'
import {
  caseNames,
  deepFreeze,
  expectFile,
  filesOf,
  type Manifest,
  optionsOf,
  readCase,
  readYaml,
  worldOf,
} from './case.ts'
import { printSnapshot, printStatuses } from './print.ts'
import { play, type Row } from './requests.ts'

/**
 * How the compiler is reviewed: one folder a case, its name a sentence. To add one, write `in.yaml` (its first line
 * states the rule under test), run `UPDATE_GOLDEN=1 npx vitest run test/golden`, and read what came out.
 *
 *   in.yaml        what a user would `kubectl apply`, whole; `kind: CompileOptions` and `kind: LastGood` besides
 *   snapshot.yaml  what the proxy gets        status.yaml  what the user is told
 *   requests.yaml  requests played through the router on that snapshot (optional)
 */
/** A broken route of somebody else. */
const stranger = {
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { namespace: 'stranger', name: 'broken' },
  spec: { hostnames: ['stranger.example'], rules: [{ name: 'r', matches: [{ path: 7 }] }] },
}

/** The first objects of each kind. */
const upTo = (world: World, count: number): World => ({
  routes: world.routes.slice(0, count),
  authorizers: world.authorizers.slice(0, count),
  services: world.services.slice(0, count),
  endpointSlices: world.endpointSlices.slice(0, count),
  secrets: world.secrets.slice(0, count),
  configMaps: world.configMaps.slice(0, count),
  namespaces: world.namespaces.slice(0, count),
  referenceGrants: world.referenceGrants.slice(0, count),
  lastGoodRoutes: world.lastGoodRoutes.slice(0, count),
  lastGoodAuthorizers: world.lastGoodAuthorizers.slice(0, count),
  lastGoodSecrets: world.lastGoodSecrets.slice(0, count),
  formerSecrets: world.formerSecrets,
})

const compile = (manifests: readonly Manifest[]) =>
  createCompiler()(worldOf(manifests), optionsOf(manifests))

describe.each(caseNames())('%s', (name) => {
  const manifests = readCase(name)
  const { snapshot, statuses } = compile(manifests)

  test('compiles to its snapshot', () => expectFile(name, 'snapshot.yaml', printSnapshot(snapshot)))

  test('reports its statuses', () => expectFile(name, 'status.yaml', printStatuses(statuses)))

  test('answers its requests', () => {
    for (const row of (readYaml(name, 'requests.yaml') ?? []) as Row[]) {
      expect({ request: row.request, expect: play(snapshot, row) }).toEqual({
        request: row.request,
        expect: row.expect,
      })
    }
  })

  test('law 1: the order of the documents does not matter', () => {
    const rotated = manifests.map((_, at) => manifests[(at + 1) % manifests.length] as Manifest)
    for (const other of [manifests.toReversed(), rotated])
      expect(compile(other)).toEqual({ snapshot, statuses })
  })

  test('law 2: the same compiler gives the same twice, and its input is frozen', () => {
    const compiler = createCompiler()
    const world = deepFreeze(worldOf(manifests))
    compiler(world, optionsOf(manifests))
    expect(compiler(world, optionsOf(manifests))).toEqual({ snapshot, statuses })
  })

  test('law 3: a broken object elsewhere changes nothing here', () => {
    const after = compile([...manifests, stranger])
    const { hostnames } = stranger.spec
    expect(after.snapshot.hosts.filter(({ hostname }) => !hostnames.includes(hostname))).toEqual(
      snapshot.hosts,
    )
    expect(
      after.statuses.filter(({ namespace }) => namespace !== stranger.metadata.namespace),
    ).toEqual(statuses)
  })

  test('law 4: document by document, the last snapshot is the whole', () => {
    const compiler = createCompiler()
    const options = optionsOf(manifests)
    const world = worldOf(manifests)
    for (let count = 0; count < manifests.length; count++) compiler(upTo(world, count), options)
    expect(compiler(world, options)).toEqual({ snapshot, statuses })
  })

  test('law 5: it survives the wire', () => {
    expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual({ snapshot })
  })

  test('law 8: the folder is tidy', () => {
    const known = ['in.yaml', 'requests.yaml', 'snapshot.yaml', 'status.yaml']
    expect(filesOf(name).filter((file) => !known.includes(file))).toEqual([])
  })
})

describe('law 6: every in.yaml passes the schemas, unless its folder says otherwise', () => {
  const isRejected = (name: string) => name.endsWith('-rejected-by-schema')

  test.each(caseNames())('%s: crds/', (name) => {
    const problems = ownManifests(name).flatMap(
      (manifest) => admit(schemaOf(manifest['kind'] as Kind), manifest).problems,
    )
    // The API server prunes what it does not know; the decoder refuses it.
    expect(problems.length > 0 || hasUnknownField(name)).toBe(isRejected(name))
  })

  test.each(caseNames())('%s: the decoder', (name) => {
    const broken = decodedProblems(name)
    // The decoder leaves to compile what it can say better, and never refuses more than the API server.
    if (!isRejected(name)) expect(broken).toEqual([])
  })
})

/** The objects of our kinds in a case, those that were last good too. */
const ownManifests = (name: string): readonly Manifest[] =>
  readCase(name)
    .map(
      (manifest) => (manifest['kind'] === 'LastGood' ? manifest['object'] : manifest) as Manifest,
    )
    .filter(({ kind }) => kind === 'ApiRoute' || kind === 'ApiAuthorizer')

function decodedProblems(name: string): readonly Problem[] {
  const world = worldOf(readCase(name))
  return [...world.routes, ...world.authorizers].flatMap(({ problems }) => problems)
}

const hasUnknownField = (name: string): boolean =>
  decodedProblems(name).some(({ message }) => message.includes('not a field that exists here'))

test('every status of a route tells how many rules it has', () => {
  for (const name of caseNames()) {
    const manifests = readCase(name)
    for (const { kind, namespace, name: own, rules } of compile(manifests).statuses) {
      if (kind !== 'ApiRoute') continue
      const { spec } = manifests.find(
        ({ kind: each, metadata }) =>
          each === kind && isDeepStrictEqual(nameOf(metadata), { namespace, name: own }),
      ) as { spec?: { rules?: unknown } }
      expect(rules, name).toBe(Array.isArray(spec?.rules) ? spec.rules.length : 0)
    }
  }
})

const nameOf = (metadata: unknown) => {
  const { namespace = 'default', name } = metadata as { namespace?: string; name: string }
  return { namespace, name }
}

test('law 7: every reason occurs in some status.yaml, and no other does', () => {
  const text = caseNames()
    .map((name) => printStatuses(compile(readCase(name)).statuses))
    .join('\n')
  const used = new Set([...text.matchAll(/reason: (\w+)/g)].map(([, reason]) => reason))
  expect([...used].sort()).toEqual(Object.keys(reasons).sort())
})
