import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admit } from '../crds/api-server.ts'
import { misspell, pathOf, placesOf } from '../crds/places.ts'
import {
  type Manifest,
  type Places,
  richCognito,
  richJwt,
  richMtls,
  richRoute,
  variants,
} from '../crds/rich.ts'
import { type Kind, schemaOf } from '../crds/schema.ts'
import { caseNames, readCase } from '../golden/case.ts'

/**
 * A real API server is asked what the other tests ask their own (test/crds/api-server.ts). It gets the CRDs and the
 * policy of examples/strict-fields for as long as the tests run: Helm would refuse to install over CRDs left behind.
 */
const namespace = 'default'
const plurals = { ApiRoute: 'apiroutes', ApiAuthorizer: 'apiauthorizers' } as const

let proxy: ChildProcess
let url: string
let hadCrds: boolean

const kubectl = (...args: string[]) => execFileSync('kubectl', args, { stdio: 'pipe' })

beforeAll(async () => {
  hadCrds = kubectl('get', '-f', 'crds', '--ignore-not-found', '-o', 'name').length > 0
  kubectl('apply', '--server-side', '--force-conflicts', '-f', 'crds')
  kubectl('wait', '--for=condition=Established', '-f', 'crds')
  proxy = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(proxy.stdout!, 'data')) as [Buffer]
  url = `http://${/127\.0\.0\.1:\d+/.exec(line.toString())?.[0]}`
})

afterAll(() => {
  proxy.kill()
  if (!hadCrds) kubectl('delete', '-f', 'crds', '--wait')
})

async function create(manifest: Manifest, validation: 'Strict' | 'Ignore') {
  const { name } = manifest['metadata'] as { name: string }
  const plural = plurals[manifest['kind'] as Kind]
  const query = `dryRun=All&fieldValidation=${validation}`
  const response = await fetch(
    `${url}/apis/fairlead.dev/v1alpha1/namespaces/${namespace}/${plural}?${query}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...manifest, metadata: { name, namespace } }),
    },
  )
  const { message = '', spec } = (await response.json()) as { message?: string; spec?: unknown }
  return { isAdmitted: response.ok, spec, message }
}

test('law 6: golden cases are admitted or refused as their folders say', async () => {
  const wrong: string[] = []
  for (const name of caseNames()) {
    const manifests = readCase(name)
      .map((each) => (each['kind'] === 'LastGood' ? each['object'] : each) as Manifest)
      .filter(({ kind }) => kind === 'ApiRoute' || kind === 'ApiAuthorizer')
    for (const manifest of manifests) {
      const { isAdmitted, message } = await create(manifest, 'Ignore')
      const { problems } = admit(schemaOf(manifest['kind'] as Kind), manifest)
      if (isAdmitted !== (problems.length === 0)) wrong.push(`${name}: ${message}`)
      if (!isAdmitted && !name.endsWith('-rejected-by-schema')) wrong.push(`${name}: ${message}`)
    }
  }
  expect(wrong).toEqual([])
})

/** Nobody listens there. */
const keys = '{"keys":[]}'
const places: Places = { backend: 7001, decoy: 7002, keys: 7003, good: keys, bad: keys }

const richObjects = variants.flatMap((variant) => [
  richRoute(variant, places),
  richJwt(variant, places),
  richCognito(variant),
  richMtls(variant),
])

test('objects with every field are admitted', async () => {
  for (const object of richObjects)
    expect(await create(object, 'Strict')).toMatchObject({ isAdmitted: true, spec: object['spec'] })
})

test('every misspelt field is refused by name to strict clients, and pruned for others as the tests prune it', async () => {
  const wrong: unknown[] = []
  let refused = 0
  let pruned = 0
  for (const object of richObjects)
    for (const place of placesOf(object).filter(([first, second]) => first === 'spec' && second)) {
      const misspelt = misspell(object, place)
      const strict = await create(misspelt, 'Strict')
      if (strict.isAdmitted) wrong.push([pathOf(place), 'admitted'])
      const own = admit(schemaOf(object['kind'] as Kind), misspelt)
      const { isAdmitted, spec, message } = await create(misspelt, 'Ignore')
      const wanted = own.problems.length === 0 ? (own.object as Manifest)['spec'] : undefined
      if (isAdmitted) pruned++
      else refused++
      if (JSON.stringify(spec) !== JSON.stringify(sorted(wanted)))
        wrong.push([pathOf(place), message])
    }
  expect(wrong).toEqual([])
  // Both happen, or this would show nothing.
  expect(refused).toBeGreaterThan(300)
  expect(pruned).toBeGreaterThan(300)
})

/** As the API server prints objects. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sorted(field)]),
  )
}

test('className is immutable', async () => {
  const patch = (className: string | null) =>
    fetch(
      `${url}/apis/fairlead.dev/v1alpha1/namespaces/${namespace}/apiroutes/of-a-class?dryRun=All`,
      {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify({ spec: { className } }),
      },
    )
  const object = { ...richRoute(0, places), metadata: { name: 'of-a-class', namespace } }
  execFileSync('kubectl', ['create', '-f', '-'], { input: JSON.stringify(object), stdio: 'pipe' })
  try {
    const answers = await Promise.all(['fairlead', null, 'internal'].map(patch))
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 200])
  } finally {
    kubectl('delete', 'apiroute', 'of-a-class', '-n', namespace)
  }
})

test('with the policy of examples/strict-fields, lenient clients write nothing', async () => {
  const object = richRoute(0, places)
  kubectl('apply', '-f', 'examples/strict-fields/policy.yaml')
  try {
    // It takes effect when the API server has seen it.
    while ((await create(object, 'Ignore')).isAdmitted);
    expect(await create(object, 'Strict')).toMatchObject({ isAdmitted: true })
    expect(await create(object, 'Ignore')).toMatchObject({
      isAdmitted: false,
      message: expect.stringContaining('fieldValidation=Strict'),
    })
  } finally {
    kubectl('delete', '-f', 'examples/strict-fields/policy.yaml')
  }
})
