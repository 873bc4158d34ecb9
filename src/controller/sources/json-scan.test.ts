import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findJsonFault } from './json-scan.ts'

const deepest = 64

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('findJsonFault', () => {
  test.each([
    { text: '', at: 0, message: 'a value is missing' },
    { text: '{"a": 1,}', at: 8, message: 'a name in double quotes is missing' },
    { text: '{"a" 1}', at: 5, message: 'a : is missing' },
    { text: '{"a": 1 "b": 2}', at: 8, message: 'a , or } is missing' },
    { text: '[1 2]', at: 3, message: 'a , or ] is missing' },
    { text: '{"a": yes}', at: 6, message: 'a value is missing' },
    { text: '{} {}', at: 3, message: 'nothing may follow here' },
    { text: '{"a": "b', at: 6, message: 'a closing " is missing' },
    {
      text: '["\\q"]',
      at: 1,
      message: 'a text with a line break, a control character or a bad escape',
    },
    { text: '{"a": 1, "a": 2}', at: 9, message: 'the name "a" is there twice' },
    { text: '{"a": 1, "\\u0061": 2}', at: 9, message: 'the name "a" is there twice' },
    { text: '[01]', at: 2, message: 'a , or ] is missing' },
  ])('says where $text stops being JSON', ({ text, at, message }) => {
    expect(findJsonFault(text, deepest)).toEqual({ at, message })
  })

  test('allows what the same name means in another object', () => {
    expect(findJsonFault('{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}', deepest)).toBeUndefined()
  })

  test('stops at the depth that is allowed, however deep the text goes', () => {
    expect(findJsonFault('['.repeat(64) + ']'.repeat(64), deepest)).toBeUndefined()
    const endless = findJsonFault('['.repeat(1_000_000), deepest)
    expect(endless).toEqual({ at: 64, message: 'nested deeper than 64 levels' })
  })

  test('agrees with JSON.parse on every text whose names differ', () => {
    const texts = fc
      .json({ maxDepth: 4 })
      .chain((text) =>
        fc.record({ text: fc.constant(text), at: fc.nat(text.length), put: fc.string() }),
      )
      .map(({ text, at, put }) => text.slice(0, at) + put + text.slice(at + 1))
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 4 }), texts), (text) => {
        const fault = findJsonFault(text, deepest)
        if (fault?.message.includes('twice')) return
        expect(fault === undefined).toBe(isJson(text))
      }),
      { numRuns: 1000 },
    )
  })
})
