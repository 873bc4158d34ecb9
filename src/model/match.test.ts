import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchOf } from '../../test/harness/rules.ts'
import { compareMatches, comparePaths, type Match, type PathMatch } from './match.ts'

const pathOf = (text: string): PathMatch => matchOf(text).path

const inOrder = (...paths: readonly string[]): string[] =>
  paths
    .map((text) => ({ text, path: pathOf(text) }))
    .sort((a, b) => comparePaths(a.path, b.path))
    .map(({ text }) => text)

describe('comparePaths', () => {
  test.each([
    ['exact before all else', ['= /a', '/a/b/c', '/a/b/{c}']],
    ['more literal segments first', ['/a/b/c', '/a/b', '/a', '/']],
    ['at a tie a pattern, then a regex, then a prefix', ['/a/{id}', '~ /a/[0-9]+', '/a']],
    ['a longer prefix before a pattern of fewer literals', ['/a/b', '/a/{id}']],
  ])('%s', (_, wanted) => {
    expect(inOrder(...wanted.toReversed())).toEqual(wanted)
    expect(inOrder(...wanted)).toEqual(wanted)
  })

  test('paths of the same rank are equal in order, whatever they say', () => {
    expect(comparePaths(pathOf('/a'), pathOf('/b'))).toBe(0)
    expect(comparePaths(pathOf('= /a'), pathOf('= /b'))).toBe(0)
  })
})

describe('compareMatches', () => {
  const condition = { name: 'x', kind: 'present', value: true } as const
  const match = (own: Partial<Match>, path = '/a'): Match => matchOf(path, own)

  test.each<readonly [string, Match, Match]>([
    [
      'the path, whatever the conditions',
      match({}, '/a/b'),
      match({ methods: ['GET'], headers: [condition] }),
    ],
    [
      'methods before headers',
      match({ methods: ['GET'] }),
      match({ headers: [condition, condition] }),
    ],
    [
      'more headers before query',
      match({ headers: [condition] }),
      match({ query: [condition, condition] }),
    ],
    ['more headers', match({ headers: [condition, condition] }), match({ headers: [condition] })],
    ['more query parameters', match({ query: [condition] }), match({})],
  ])('%s decides', (_, first, second) => {
    expect(compareMatches(first, second)).toBeLessThan(0)
    expect(compareMatches(second, first)).toBeGreaterThan(0)
  })

  test('how many methods does not matter', () => {
    expect(compareMatches(match({ methods: ['GET', 'HEAD'] }), match({ methods: ['PUT'] }))).toBe(0)
  })

  test('is an order: antisymmetric and transitive', () => {
    const any = fc
      .record({
        path: fc.constantFrom('= /a', '/a', '/a/b', '/a/{x}', '~ /a/.*', '/'),
        methods: fc.constantFrom([], ['GET']),
        headers: fc.nat(2),
        query: fc.nat(2),
      })
      .map(({ path, methods, headers, query }) =>
        match(
          { methods, headers: Array(headers).fill(condition), query: Array(query).fill(condition) },
          path,
        ),
      )
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        expect(Math.sign(compareMatches(a, b))).toBe(-Math.sign(compareMatches(b, a)) + 0)
        if (compareMatches(a, b) <= 0 && compareMatches(b, c) <= 0)
          expect(compareMatches(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })
})
