import { expect, test } from 'vitest'
import { decode } from './decode.ts'
import type { ApiRouteObject } from './objects.ts'

const routeOf = (hostnames: number, rules: number, matches: number): ApiRouteObject => {
  const result = decode({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiRoute',
    metadata: { namespace: 'shop', name: 'wide' },
    spec: {
      hostnames: Array.from({ length: hostnames }, (_, i) => `h${i}.example`),
      defaults: { authorize: { public: true } },
      rules: Array.from({ length: rules }, (_, i) => ({
        name: `r${i}`,
        matches: Array.from({ length: matches }, (_, k) => ({ path: { prefix: `/${i}/${k}` } })),
        respond: { status: 200, body: '' },
      })),
    },
  })
  if (result.kind !== 'ApiRoute') throw new Error(result.kind)
  return result.object
}

test('C10 an object holds eight thousand entries', () => {
  expect(routeOf(32, 256, 1)).toMatchObject({ problems: [], spec: { rules: { length: 256 } } })
})

test('C10 one that comes to a million is refused, and holds its hostnames', () => {
  const { spec, problems } = routeOf(64, 256, 64)
  expect(spec.hostnames).toHaveLength(64)
  expect(spec.rules).toEqual([])
  expect(problems).toEqual([
    {
      reason: 'Invalid',
      path: 'spec.rules',
      message:
        'come to 1048576 entries, 16384 matches on 64 hostnames; at most 8192 go into one object',
    },
  ])
})
