import { describe, expect, test } from 'vitest'
import { literalSegmentsOfRegex, regexFault, withoutAnchors } from './regex.ts'

describe('regexFault', () => {
  test.each(['/orders/[0-9]+', '(a+)+$', '(.*a){20}', '(?i)/orders', '/\\pL+', ''])(
    'C1: %s is RE2 and linear',
    (pattern) => {
      expect(regexFault(pattern)).toBeUndefined()
    },
  )

  test.each([
    { name: 'a backreference', pattern: '(a)\\1', want: 'invalid escape sequence: `\\1`' },
    { name: 'look-ahead', pattern: '(?=x)', want: 'invalid or unsupported Perl syntax: `(?=`' },
    { name: 'look-behind', pattern: '(?<=x)a', want: 'invalid' },
    { name: 'an open class', pattern: '[a', want: 'missing closing ]: `[a`' },
    { name: 'a huge repeat', pattern: 'a{1001}', want: 'invalid repeat count' },
    {
      name: 'a nested repeat that grows too large',
      pattern: '((a{10}){10}){9}',
      want: 'at most 256',
    },
    {
      name: 'a repeat of a Unicode class',
      pattern: '/([a-z]{1,30}\\pL{1,30}){1,30}',
      want: 'needs about 15331 steps a byte; at most 256',
    },
  ])('C1: $name is refused with the reason', ({ pattern, want }) => {
    expect(regexFault(pattern)).toContain(want)
  })
})

describe('literalSegmentsOfRegex', () => {
  test.each([
    ['/admin/.*', 1],
    ['/admin', 1],
    ['/admin$', 0],
    ['/admin/', 1],
    ['/admin.*', 0],
    ['/admin/?', 0],
    ['/a/b/[0-9]+/c', 2],
    ['/a/b[0-9]*', 1],
    ['/a/b\\.c', 1],
    ['/a//b', 0],
    ['/a/\\d+', 1],
    ['/a+/b', 0],
    ['/ab{2}/c', 0],
    ['/a/b|/c', 0],
    ['/a/\\(|/c', 0],
    ['/a/[(]|/c', 0],
    ['/a/\\Q(\\E|/c', 0],
    ['/a/[|]x', 1],
    ['/a/(b|c)/d', 1],
    ['(?i)/admin/x', 0],
    ['.*/admin', 0],
    ['admin/x', 0],
    ['', 0],
  ])('C2: %s has %i', (pattern, want) => {
    expect(literalSegmentsOfRegex(pattern)).toBe(want)
  })
})

test.each([
  ['^/admin$', '/admin'],
  ['/admin', '/admin'],
  ['/a\\$', '/a\\$'],
  ['/a\\\\$', '/a\\\\'],
  ['^a|b$', 'a|b'],
])('C2: anchors at the ends of %s mean nothing', (pattern, want) => {
  expect(withoutAnchors(pattern)).toBe(want)
})
