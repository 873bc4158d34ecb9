import { describe, expect, test } from 'vitest'
import { route } from '../../../test/harness/manifests.ts'
import { Shelf } from './shelf.ts'

const documentsOf = (...values: readonly unknown[]) =>
  values.map((value, i) => ({ where: `document ${i + 1}`, value }))

function put(shelf: Shelf, file: string, ...values: readonly unknown[]): boolean {
  return shelf.put(file, shelf.weigh(file, documentsOf(...values)))
}

const routesOf = ({ world }: Shelf) => world.routes
const generationsOf = (shelf: Shelf) => routesOf(shelf).map(({ meta }) => meta.generation)

describe('the shelf', () => {
  test('keeps an object that says the same: compile remembers by it', () => {
    const shelf = new Shelf()
    put(shelf, 'a', route('x'), route('y'))
    const [x, y] = routesOf(shelf)
    expect(put(shelf, 'a', route('x'), route('y', { body: '2' }))).toBe(true)
    expect(routesOf(shelf)[0]).toBe(x)
    expect(routesOf(shelf)[1]).not.toBe(y)
    expect(put(shelf, 'a', route('x'), route('y', { body: '2' }))).toBe(false)
  })

  test('counts generations, also from file to file, and keeps the uid', () => {
    const shelf = new Shelf()
    put(shelf, 'a', route('x'))
    const { uid } = routesOf(shelf)[0]!.meta
    put(shelf, 'a', route('x', { body: '2' }))
    expect(generationsOf(shelf)).toEqual([2])
    shelf.remove('a')
    put(shelf, 'b', route('x', { body: '2' }))
    expect(generationsOf(shelf)).toEqual([2])
    put(shelf, 'b', route('x', { body: '3' }))
    expect(generationsOf(shelf)).toEqual([3])
    expect(routesOf(shelf)[0]!.meta.uid).toBe(uid)
  })

  test('C12: one that comes from a cluster keeps its own uid and generation', () => {
    const shelf = new Shelf()
    const given = route('x')
    put(shelf, 'a', { ...given, metadata: { ...given.metadata, uid: 'u-1', generation: 7 } })
    expect(routesOf(shelf)[0]!.meta).toMatchObject({ uid: 'u-1', generation: 7 })
  })

  test('gives way: what is about to leave a file is taken from any other', () => {
    const shelf = new Shelf()
    put(shelf, 'a', route('x', { body: 'old' }))
    shelf.doubt('a', { items: [] })
    expect(routesOf(shelf)).toHaveLength(1)
    put(shelf, 'b', route('x', { body: 'new' }))
    expect(routesOf(shelf)).toMatchObject([{ spec: { rules: [{ respond: { body: 'new' } }] } }])
    expect(shelf.problems).toEqual([])
  })

  test('a damaged file is saved with what stands for it, and taken up again in another run', () => {
    const before = new Shelf()
    put(before, 'a', route('x'), route('y'))
    put(before, 'good', route('z'))
    put(before, 'a', route('x', { body: '2' }), route('y'))
    before.refuse('a', { line: 3, column: 1, message: 'no YAML' })
    const saved = JSON.parse(JSON.stringify(before.damaged))
    expect(saved).toMatchObject([
      { name: 'a', items: [{ key: 'ApiRoute shop/x' }, { key: 'ApiRoute shop/y' }] },
    ])

    const after = new Shelf(saved)
    after.refuse('a', { line: 3, column: 1, message: 'no YAML' })
    expect(routesOf(after)).toEqual(routesOf(before).filter(({ meta }) => meta.name !== 'z'))
    put(after, 'a', route('x', { body: '2' }))
    expect(generationsOf(after)).toEqual([2])
    put(after, 'a', route('x', { body: '3' }))
    expect(generationsOf(after)).toEqual([3])
    expect(after.damaged).toEqual([])
  })

  test.each([
    {
      what: 'names that would break an object',
      value: { kind: { toString: 1 }, metadata: { name: ['x'] } },
    },
    {
      what: 'prototypes',
      value: JSON.parse('{"__proto__": {"kind": "ApiRoute"}, "kind": "__proto__"}'),
    },
    {
      what: 'a kind that only a prototype has',
      value: { kind: 'constructor', metadata: { name: 'x' } },
    },
    { what: 'no object', value: 'ApiRoute' },
  ])('C8: $what are told, not followed', ({ value }) => {
    const shelf = new Shelf()
    put(shelf, 'a', value, route('x'))
    expect(routesOf(shelf)).toHaveLength(1)
    expect(shelf.problems).toHaveLength(1)
  })
})
