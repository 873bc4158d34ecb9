import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elementsOf } from './list-field.ts'

describe('elementsOf', () => {
  test.each([
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    [' \ta\t ,\tb c ', ['a', 'b c']],
    ['', ['']],
    [',a, ,', ['', 'a', '', '']],
    ['\xa0a\x0b', ['\xa0a\x0b']],
  ])('%j', (text, want) => expect(elementsOf(text)).toEqual(want))

  test('is what a pattern for white space and commas would say', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '\t', ',', '\xa0') })
    fc.assert(
      fc.property(text, (list) => {
        const stripped = list.replace(/^[ \t]+|[ \t]+$/g, '')
        expect(elementsOf(list)).toEqual(stripped.split(/[ \t]*,[ \t]*/))
      }),
    )
  })
})
