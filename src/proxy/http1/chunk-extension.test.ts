import { describe, expect, test } from 'vitest'
import { extensionStates, mayEndExtension, nextInExtension } from './chunk-extension.ts'

/** Whether a text may follow the first semicolon. */
function isExtension(text: string): boolean {
  let state: number = extensionStates.nameStart
  for (const byte of Buffer.from(text, 'latin1')) {
    state = nextInExtension(state, byte)
    if (state < 0) return false
  }
  return mayEndExtension(state)
}

describe('chunk extensions', () => {
  test.each([
    'a',
    'a=b',
    'a;b',
    'a=b;c;d=e',
    'a="b c"',
    'a=""',
    'a="b\\"c";d',
    'a="\\\\"',
    'a="\t;="',
    "!#$%&'*+-.^_`|~=1",
  ])('%j is one', (text) => expect(isExtension(text)).toBe(true))

  test.each([
    '',
    ';',
    'a;',
    ' a',
    'a ',
    'a =b',
    'a= b',
    '=',
    '=b',
    'a=',
    'a==b',
    'a=b=c',
    'a="b',
    'a="b\\"',
    'a="b"c',
    'a="b" ',
    'a,b',
    'a\0',
    'a="\0"',
    'a="\x7f"',
    'a="\n"',
    'a="\\\n"',
    'a="\xe9"',
    '\xe9',
    'a\n',
  ])('F19: %j is none', (text) => expect(isExtension(text)).toBe(false))
})
