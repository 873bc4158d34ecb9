import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decode } from '../../src/controller/api/decode.ts'
import { createCompiler } from '../../src/controller/compile/compile.ts'
import type { Problem } from '../../src/model/problem.ts'
import { defaultSettings } from '../../src/model/settings.ts'
import { worldOf } from '../golden/case.ts'
import { admit } from './api-server.ts'
import { type Place, pathOf, placesOf, without, withValue } from './places.ts'
import { type Manifest, type Places, richCognito, richJwt, richMtls, richRoute } from './rich.ts'
import { type Kind, schemaOf } from './schema.ts'

/**
 * The same demands are written in two languages, for the API server and for the decoder. Objects with odd values in
 * them are put to both: neither may take what the other, or the compiler behind it, refuses.
 */
const key = '{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"AQ","y":"AQ"}]}'
const places: Places = { backend: 7001, decoy: 7002, keys: 7003, good: key, bad: key }

const objects = [
  richRoute(0, places),
  richRoute(1, places),
  richJwt(0, places),
  richCognito(1),
  richMtls(0),
]

const oddValues = [
  ...[null, true, false, 0, -1, 1.5, 599, 1_000_001, 1e15],
  ...['', 'a', 'A b', 'a\nb', 'a\u2028b', 'ä', 'x'.repeat(70_000)],
  ...['0s', '5m', '25h', '99999h99999h', '0Mi', '999999Gi', '9999999Gi', '200-299', '*'],
  ...['Hash', 'Id'],
  ...[[], {}, ['a'], [1, 'Reset'], [{}], { name: 'a' }, { anyOf: ['a'] }],
]

const change = fc
  .record({
    object: fc.constantFrom(...objects),
    at: fc.nat(),
    value: fc.constantFrom(...oddValues),
  })
  .map(({ object, at, value }) => {
    const all = placesOf(object).filter(isInSpec)
    return { object, place: all[at % all.length] as Place, value }
  })

const isInSpec = ([first, second]: Place): boolean => first === 'spec' && second !== undefined

function problemsOfDecoder(object: Manifest): readonly Problem[] {
  const decoded = decode(object)
  return 'object' in decoded && 'problems' in decoded.object ? decoded.object.problems : []
}

const compile = createCompiler()

/** What the status of the object itself says, in whichever installation it is served. */
const isRefused = (object: Manifest): boolean =>
  ['internal', 'fairlead']
    .flatMap((className) => {
      const options = { className, allowLoopback: true, settings: defaultSettings }
      return compile(worldOf([object]), options).statuses
    })
    .some(({ conditions }) =>
      conditions.some(({ type, status }) => type === 'Accepted' && status === 'False'),
    )

let refused = 0
let taken = 0

function expectAgreement(written: Manifest): void {
  const admitted = admit(schemaOf(written['kind'] as Kind), written)
  // What is unknown never gets here.
  const object = admitted.object as Manifest
  const here = problemsOfDecoder(object)
  if (admitted.problems.length > 0) {
    refused++
    expect(here.length > 0 || isRefused(object) ? [] : admitted.problems).toEqual([])
  } else {
    taken++
    expect(here).toEqual([])
  }
}

test('what the decoder refuses, the API server refuses; what it refuses, we refuse', () => {
  fc.assert(
    fc.property(change, ({ object, place, value }) =>
      expectAgreement(withValue(object, place, value)),
    ),
    { numRuns: 600 },
  )
  // Both happen, or this would show nothing.
  expect(refused).toBeGreaterThan(150)
  expect(taken).toBeGreaterThan(30)
})

test('the same without any one field', () => {
  for (const object of objects) {
    const firsts = new Map(placesOf(object).map((place) => [pathOf(place), place]))
    for (const place of firsts.values())
      if (isInSpec(place)) expectAgreement(without(object, place))
  }
})
