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

/** One rule of so many regexes. */
const withRegexes = (count: number, regexOf: (i: number) => string): ApiRouteObject => {
  const result = decode({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiRoute',
    metadata: { namespace: 'shop', name: 'dear' },
    spec: {
      hostnames: ['a.example'],
      rules: [0, 1].map((rule) => ({
        name: `r${rule}`,
        authorize: { public: true },
        matches: Array.from({ length: count / 2 }, (_, i) => ({
          path: { regex: regexOf(rule * count + i) },
        })),
        respond: { status: 200, body: '' },
      })),
    },
  })
  if (result.kind !== 'ApiRoute') throw new Error(result.kind)
  return result.object
}

test('C1 an object holds a hundred plain regexes', () => {
  expect(withRegexes(100, (i) => `/orders/[0-9]+/${i}`)).toMatchObject({ problems: [] })
})

test('C1 regexes that together take long are refused, and the object holds its hostnames', () => {
  const { spec, problems } = withRegexes(100, (i) => `/(\\pL{1,6}){1,6}${i}`)
  expect(spec).toMatchObject({ hostnames: ['a.example'], rules: [] })
  expect(problems[0]?.message).toMatch(
    /^hold regexes of about \d+ steps a byte together; at most 2048/,
  )
})

test('C1 one that is too large by itself is a fault of its own, and costs the others nothing', () => {
  const { spec, problems } = withRegexes(2, () => '/([a-z]{1,30}\\pL{1,30}){1,30}')
  expect(spec.rules).toHaveLength(2)
  expect(problems).toEqual([])
})
