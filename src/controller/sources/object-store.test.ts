import { describe, expect, test } from 'vitest'
import { ObjectStore } from './object-store.ts'
import type { RawObject } from './reflector.ts'

const configMap = { kind: 'ConfigMap', apiVersion: 'v1' }

interface Fields {
  readonly data?: Readonly<Record<string, string>>
  readonly resourceVersion?: string
  readonly uid?: string
  readonly [field: string]: unknown
}

const object = (
  name: string,
  { data = {}, resourceVersion = '1', uid = `uid-${name}`, ...rest }: Fields = {},
): RawObject =>
  ({ metadata: { namespace: 'shop', name, uid, resourceVersion }, data, ...rest }) as RawObject

function setUp(resource = configMap) {
  let changes = 0
  const unreadable: string[] = []
  const store = new ObjectStore(
    resource,
    () => void changes++,
    (name, problem) => unreadable.push(`${name}: ${problem}`),
  )
  return { store, unreadable, changes: () => changes }
}

describe('what compile could see', () => {
  test('a new version of the same content tells nobody, and stays the same object', () => {
    const { store, changes } = setUp()
    store.put(object('a'))
    const [before] = store.list
    store.put(object('a', { resourceVersion: '2' }))
    expect(changes()).toBe(1)
    expect(store.list[0]).toBe(before)
  })

  test('a list that says what is known tells nobody, and is the same list', () => {
    const { store, changes } = setUp()
    store.replace([object('a'), object('b')])
    const before = store.list
    store.replace([object('b', { resourceVersion: '7' }), object('a')])
    expect(changes()).toBe(1)
    expect(store.list).toBe(before)
  })

  test('a status of our own kinds is remembered, and no change', () => {
    const { store, changes } = setUp({ kind: 'ApiRoute', apiVersion: 'fairlead.dev/v1alpha1' })
    const spec = { hostnames: ['a.example'], rules: [] }
    const condition = {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: '',
      observedGeneration: 1,
      lastTransitionTime: '',
    }
    store.put(object('a', { spec }))
    store.put(object('a', { spec, status: { conditions: [condition] } }))
    expect(changes()).toBe(1)
    expect(store.conditionsOf('uid-a')).toEqual([condition])
  })
})

describe('C12 objects made anew', () => {
  test('C12 the same name with another uid is another object', () => {
    const { store, changes } = setUp()
    store.put(object('a'))
    store.remove(object('a'))
    store.put(object('a', { uid: 'again' }))
    expect(changes()).toBe(3)
    expect(store.list.map(({ meta }) => meta.uid)).toEqual(['again'])
  })
})

describe('C11 what cannot be read', () => {
  test.each([
    { what: 'data that is no map of texts', broken: object('a', { data: 7 as never }) },
    { what: 'data of numbers', broken: object('a', { data: { x: 1 as never } }) },
  ])('C11 $what is left out, and said; the others stay', ({ broken }) => {
    const { store, unreadable } = setUp()
    store.replace([broken, object('b')])
    expect(store.list.map(({ meta }) => meta.name)).toEqual(['b'])
    expect(unreadable).toEqual([expect.stringMatching(/^shop\/a: /)])
  })

  test('C11 a route that cannot be read holds its place', () => {
    const { store } = setUp({ kind: 'ApiRoute', apiVersion: 'fairlead.dev/v1alpha1' })
    store.put(object('a', { spec: { hostnames: ['a.example'], rules: null } }))
    store.put(object('b', { spec: null }))
    expect(store.size).toBe(2)
  })

  test('C11 one that becomes unreadable is taken back', () => {
    const { store, changes } = setUp()
    store.put(object('a'))
    store.put(object('a', { data: 7 as never }))
    expect(changes()).toBe(2)
    expect(store.size).toBe(0)
  })
})
