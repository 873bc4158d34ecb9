import { expect, test } from 'vitest'
import { certify } from '../../src/proxy/runtime/certificate-check.ts'
import { admit } from './api-server.ts'
import { misspell, pathOf, placesOf } from './places.ts'
import { type Manifest, type Places, richMtls } from './rich.ts'
import { schemaOf } from './schema.ts'
import { compilerAmong } from './world.ts'

/** As misspelt.test.ts for tokens: a field of an authorizer of certificates that the API server prunes lets nobody else in. */
const places: Places = { backend: 7001, decoy: 7002, keys: 7003, good: '', bad: '' }

const user: Manifest = {
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { namespace: 'platform', name: 'user' },
  spec: {
    className: 'internal',
    hostnames: ['user.example'],
    rules: [
      {
        name: 'all',
        authorize: { anyOf: [{ authorizer: { name: 'customers-0' } }] },
        respond: { status: 200 },
      },
    ],
  },
}

const compile = compilerAmong([user], places)

const shown = ['URI:spiffe://shop/orders', 'DNS:client-0.example', 'DNS:other.example'].flatMap(
  (name) =>
    ['ab'.repeat(32), `${'cd'.repeat(31)}0f`, 'ef'.repeat(32)].map((fingerprint) => ({
      names: [name],
      fingerprint,
    })),
)

/** Who of them is let in; 'nobody' where there is no such authorizer. */
function admitted(object: Manifest): readonly string[] {
  const { authorizers } = compile(object, 'internal')
  const { certificate } = authorizers.find(({ id }) => id === 'platform/customers-0') ?? {}
  if (certificate === undefined) return []
  return shown
    .filter((each) => certify(each, certificate) !== undefined)
    .map(({ names, fingerprint }) => `${names} ${fingerprint}`)
}

const right = richMtls(0)
const fields = placesOf(right).filter(([first, second]) => first === 'spec' && second !== undefined)

test('the right one admits those that it names', () => {
  expect(admitted(right)).toHaveLength(8)
  expect(fields.length).toBeGreaterThan(7)
})

test.each(fields.map((place) => [pathOf(place), place] as const))(
  '%s misspelt admits nobody else',
  (_, place) => {
    const { object, problems } = admit(schemaOf('ApiAuthorizer'), misspell(right, place))
    const after = problems.length > 0 ? [] : admitted(object as Manifest)
    expect(admitted(right)).toEqual(expect.arrayContaining([...after]))
  },
)
