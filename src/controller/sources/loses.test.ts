import { describe, expect, test } from 'vitest'
import { losesSomething } from './loses.ts'

interface Row {
  readonly what: string
  readonly before: unknown
  readonly after: unknown
  readonly want: boolean
}

describe('losesSomething', () => {
  test.each<Row>([
    { what: 'another value', before: { a: 1 }, after: { a: 2 }, want: false },
    { what: 'a further field', before: { a: 1 }, after: { a: 1, b: 2 }, want: false },
    { what: 'a further member', before: [1], after: [2, 3], want: false },
    {
      what: 'a member of another place',
      before: [{ name: 'a' }],
      after: [{ name: 'b' }, { name: 'a' }],
      want: false,
    },
    { what: 'a field that was undefined', before: { a: undefined }, after: {}, want: false },
    { what: 'a text in the place of a number', before: { a: 1 }, after: { a: 'x' }, want: false },
    { what: 'a missing field', before: { a: 1, b: 2 }, after: { a: 1 }, want: true },
    {
      what: 'a missing field far inside',
      before: { a: [{ b: { c: 1 } }] },
      after: { a: [{ b: {} }] },
      want: true,
    },
    { what: 'a missing member', before: [1, 2], after: [1], want: true },
    {
      what: 'a missing name among as many',
      before: [{ name: 'a' }, { name: 'b' }],
      after: [{ name: 'x' }, { name: 'a' }],
      want: true,
    },
    {
      what: 'nothing in the place of an object',
      before: { a: { b: 1 } },
      after: { a: null },
      want: true,
    },
    { what: 'an object in the place of a list', before: { a: [] }, after: { a: {} }, want: true },
    {
      what: 'a field that only a prototype has',
      before: { a: 1, constructor: 1 },
      after: { a: 1 },
      want: true,
    },
  ])('$what: $want', ({ before, after, want }) => {
    expect(losesSomething(before, after)).toBe(want)
  })
})
