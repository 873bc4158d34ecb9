import { describe, expect, test } from 'vitest'
import { canonicalJson, digestOf, sha256 } from './digest.ts'

describe('canonicalJson', () => {
  test.each([
    {
      name: 'keys are sorted',
      value: { b: 1, a: { d: 2, c: 3 } },
      want: '{"a":{"c":3,"d":2},"b":1}',
    },
    { name: 'the order of a list is kept', value: [2, 1], want: '[2,1]' },
    { name: 'an absent field is left out', value: { a: undefined, b: null }, want: '{"b":null}' },
    {
      name: 'an undefined member of a list is null, as in JSON',
      value: [undefined],
      want: '[null]',
    },
    { name: 'texts are escaped', value: { 'a"': '\n' }, want: '{"a\\"":"\\n"}' },
    {
      name: '__proto__ is a key like any other',
      value: JSON.parse('{"__proto__":1}'),
      want: '{"__proto__":1}',
    },
  ])('$name', ({ value, want }) => {
    expect(canonicalJson(value)).toBe(want)
  })
})

test('a digest does not depend on the order of keys, only on the value', () => {
  expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }))
  expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: '1' }))
})

test('sha256 is the well-known one', () => {
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
