import { expect, test } from 'vitest'
import { ownTexts } from './own-texts.ts'

test('every text stays what it is, whatever is in it', () => {
  const texts = [
    '',
    'short',
    'a name that is long enough to be cut',
    'line\nbreaks\r\nand\ttabs'.padEnd(200, '.'),
    'Grüße aus Köln, и привет',
    'half a pair: \ud800, and a pair: \u{1f600}',
    '\u0000\u0001\u007f',
  ]
  const make = () => ({
    texts: [...texts],
    deep: { er: { texts: [...texts] } },
    other: [1, null, true],
  })
  const value = make()
  ownTexts(value)
  ownTexts(value)
  expect(value).toEqual(make())
})

test('what is no object has no texts', () => {
  for (const value of [undefined, null, 7, 'text', true])
    expect(() => ownTexts(value)).not.toThrow()
})
