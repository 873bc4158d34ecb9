import { describe, expect, test } from 'vitest'
import {
  count,
  type Decode,
  Faults,
  flag,
  list,
  number,
  oneOf,
  record,
  scalar,
  table,
  text,
  union,
} from './decode.ts'

/** What was decoded, or the fault. */
function decode<T>(decoder: Decode<T>, value: unknown): unknown {
  const faults = new Faults()
  const decoded = decoder(value, faults)
  return faults.message === undefined ? decoded : faults.print()
}

interface Leaf {
  readonly name: string
  readonly size?: number
}
const leaf = record<Leaf>({ name: text }, { size: count })

type Shape = { readonly kind: 'a'; readonly x: number } | { readonly kind: 'b'; readonly y: string }
const shape = union<Shape, 'kind'>('kind', {
  a: record({ kind: oneOf('a'), x: number }, {}),
  b: record({ kind: oneOf('b'), y: text }, {}),
})

describe('values', () => {
  test.each<readonly [string, Decode<unknown>, readonly unknown[], readonly unknown[]]>([
    ['text', text, ['', 'a'], [1, null, undefined, ['a'], { a: 1 }]],
    ['flag', flag, [true, false], ['true', 0, 1, null]],
    [
      'count',
      count,
      [0, 1, Number.MAX_SAFE_INTEGER],
      [-1, 1.5, Number.NaN, Infinity, 2 ** 53, '1', 1n],
    ],
    ['number', number, [0, -1.5, 1e300], [Number.NaN, Infinity, '1', null]],
    ['oneOf', oneOf<'a' | 2>('a', 2), ['a', 2], ['b', '2', null, undefined]],
    ['scalar', scalar, ['a', 1, false], [null, undefined, Number.NaN, [], {}]],
  ])('%s', (_, decoder, good, bad) => {
    for (const value of good) expect(decode(decoder, value)).toBe(value)
    for (const value of bad) expect(decode(decoder, value), String(value)).toMatch(/ is wanted$/)
  })
})

describe('lists, tables and records', () => {
  test('are rebuilt and frozen', () => {
    const given = [{ name: 'a', size: 1 }, { name: 'b' }]
    const decoded = decode(list(leaf), given) as Leaf[]
    expect(decoded).toEqual(given)
    expect(decoded[0]).not.toBe(given[0])
    expect([Object.isFrozen(decoded), Object.isFrozen(decoded[0])]).toEqual([true, true])
  })

  test.each<readonly [string, Decode<unknown>, unknown, string]>([
    ['no list', list(text), {}, 'a list is wanted'],
    ['no object', leaf, ['a'], 'an object is wanted'],
    ['null', leaf, null, 'an object is wanted'],
    ['a member', list(text), ['a', 1], '[1]: a text is wanted'],
    ['a field', leaf, { name: 1 }, 'name: a text is wanted'],
    ['an optional field', leaf, { name: 'a', size: -1 }, 'size: a whole number is wanted'],
    [
      'an optional field that is null',
      leaf,
      { name: 'a', size: null },
      'size: a whole number is wanted',
    ],
    ['a field that is not known', leaf, { name: 'a', nmae: 1 }, 'nmae: this field is not known'],
    ['a missing field', leaf, {}, '"name" is missing'],
    [
      'a field that objects have',
      leaf,
      { name: 'a', constructor: 1 },
      'constructor: this field is not known',
    ],
    [
      '__proto__ as a field',
      leaf,
      JSON.parse('{"name":"a","__proto__":{}}'),
      '__proto__: this field is not known',
    ],
    [
      'the way to it',
      list(table(list(leaf))),
      [{}, { k: [{ name: 'a' }, {}] }],
      '[1].k[1]: "name" is missing',
    ],
  ])('%s: where and what', (_, decoder, value, want) => expect(decode(decoder, value)).toBe(want))

  test('the first fault is the one that is told', () => {
    expect(decode(leaf, { name: 1, size: 'x', other: 1 })).toBe('name: a text is wanted')
  })

  test('a table takes any key, __proto__ too', () => {
    const given = JSON.parse('{"__proto__":"a","constructor":"b","":"c"}')
    const decoded = decode(table(text), given) as Record<string, string>
    expect(Object.entries(decoded)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['', 'c'],
    ])
    expect(Object.isFrozen(decoded)).toBe(true)
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
  })
})

describe('union', () => {
  test('one field tells the kind', () => {
    expect(decode(shape, { kind: 'a', x: 1 })).toEqual({ kind: 'a', x: 1 })
    expect(decode(shape, { kind: 'b', y: 'z' })).toEqual({ kind: 'b', y: 'z' })
  })

  test.each([
    [{ kind: 'c' }, 'kind must be one of a, b'],
    [{}, 'kind must be one of a, b'],
    [{ kind: 'toString' }, 'kind must be one of a, b'],
    [{ kind: '__proto__' }, 'kind must be one of a, b'],
    [{ kind: ['a'] }, 'kind must be one of a, b'],
    [null, 'kind must be one of a, b'],
    [{ kind: 'a', x: 1, y: 'z' }, 'y: this field is not known'],
    [{ kind: 'a' }, '"x" is missing'],
  ])('%j: %s', (value, want) => expect(decode(shape, value)).toBe(want))
})
