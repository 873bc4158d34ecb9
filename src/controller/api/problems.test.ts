import { describe, expect, test } from 'vitest'
import { decode } from './decode.ts'
import { decodeSettings } from './settings.ts'

const rule = { name: 'all', authorize: { public: true }, respond: { status: 204 } }

/** What is said of a route whose one rule has these fields, too. */
const saidOf = (more: object, spec: object = {}): string[] => {
  const decoded = decode({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiRoute',
    metadata: { name: 'r', namespace: 'shop' },
    spec: { hostnames: ['a.example'], rules: [{ ...rule, ...more }], ...spec },
  })
  return decoded.kind === 'ApiRoute'
    ? decoded.object.problems.map(({ path, message }) => `${path}: ${message}`)
    : []
}

test('a text that YAML reads as a number: quotes are asked for', () => {
  expect(saidOf({}, { tls: { minVersion: 1.3 } })).toEqual([
    'spec.tls.minVersion: must be one of 1.2, 1.3, not 1.3; it is a text: write it in quotes, "1.3"',
  ])
})

describe('a field that does not exist', () => {
  test.each([
    ['of a rule', { timeout: {} }, 'spec.rules[0].timeout', 'timeouts'],
    ['deep in it', { health: { pasive: {} } }, 'spec.rules[0].health.pasive', 'passive'],
    ['in a list', { matches: [{ header: [] }] }, 'spec.rules[0].matches[0].header', 'headers'],
  ])('%s: the one that was meant is named', (_, more, path, meant) => {
    expect(saidOf(more)).toEqual([
      `${path}: is not a field that exists here; did you mean "${meant}"?`,
    ])
  })

  test('of the object, too', () => {
    expect(saidOf({}, { default: {} })).toEqual([
      'spec.default: is not a field that exists here; did you mean "defaults"?',
    ])
  })

  test('when none is near, all are named', () => {
    expect(saidOf({ failover: { whatever: 1 } })).toEqual([
      'spec.rules[0].failover.whatever: is not a field that exists here; there are panic, useDrained',
    ])
  })

  test('of the settings', () => {
    const decoded = decodeSettings({ limits: { headercount: 1 } })
    expect('problems' in decoded && decoded.problems[0]?.message).toContain('"headerCount"')
  })
})

describe('a value of another type', () => {
  test.each([
    [
      'a reference',
      { authorize: { anyOf: [{ authorizer: 'custmers' }] } },
      'spec.rules[0].authorize.anyOf[0].authorizer: must be an object such as { name: … }, not "custmers"',
    ],
    [
      'one of several',
      { matches: [{ path: '/orders' }] },
      'spec.rules[0].matches[0].path: must be an object such as { exact: … } or { prefix: … } or { pattern: … } or { regex: … }, not "/orders"',
    ],
    [
      'a backend',
      { respond: undefined, backends: ['orders'] },
      'spec.rules[0].backends[0]: must be an object such as { name: …, service: … } or { name: …, url: … }, not "orders"',
    ],
    [
      'one where nothing must be there',
      { timeouts: '30s' },
      'spec.rules[0].timeouts: must be an object, not "30s"',
    ],
    [
      'a list that may be empty',
      { authorize: { public: true, sourceAddresses: { allow: [] } } },
      'spec.rules[0].authorize.sourceAddresses.deny: is required (a list; write [] for none)',
    ],
  ])('%s: its form is shown', (_, more, says) => {
    expect(saidOf(more)).toContain(says)
  })

  test('a list that may not be empty does not say that it may', () => {
    expect(saidOf({}, { hostnames: undefined })).toEqual(['spec.hostnames: is required (a list)'])
  })
})

test('a list that is too short is told by its length', () => {
  expect(saidOf({ authorize: { anyOf: [] } })[0]).toMatch(/must have at least 1 members, not 0$/)
})
