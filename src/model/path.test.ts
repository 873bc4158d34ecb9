import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalPath, withoutParameters } from './path.ts'

const pathOf = (raw: string): string | undefined => canonicalPath(raw)?.path

describe('canonicalPath', () => {
  test.each([
    ['nothing to do', '/a/b-c_d~e', '/a/b-c_d~e'],
    ['the root', '/', '/'],
    ['what may stand as it is', "/!$&'()*+,=:@", "/!$&'()*+,=:@"],
    ['P1 dot segments', '/a/./b/../c', '/a/c'],
    ['P1 dots at the end keep the slash', '/a/b/..', '/a/'],
    ['P1 a dot at the end', '/a/.', '/a/'],
    ['P1 down to the root', '/a/..', '/'],
    ['P1 names that begin with dots', '/.a/..b/...', '/.a/..b/...'],
    ['P2 encoded dots', '/a/%2e%2E/b', '/b'],
    ['P2 half encoded', '/a/%2e./b/.%2E/c', '/c'],
    ['P4 empty segments', '//a///b//', '/a/b/'],
    ['P4 an empty segment is no level', '/a//../b', '/b'],
    ['P6 unreserved characters are decoded, once', '/%61%7E%2d%5F%41%39', '/a~-_A9'],
    ['P6 a percent sign never is', '/%252e%252e/%25', '/%252e%252e/%25'],
    ['P6 other escapes get upper case', '/%c3%a9%20%3b', '/%C3%A9%20%3B'],
    ['P8 case, trailing slash and full width stay', '/A/%ef%bc%8f/', '/A/%EF%BC%8F/'],
    ['P3 an encoded slash, for those who may', '/a%2fb', '/a%2Fb'],
    ['P5 parameters', '/a;b=c/d', '/a;b=c/d'],
  ])('%s: %s', (_, raw, want) => expect(pathOf(raw)).toBe(want))

  test.each([
    ['no slash', 'a'],
    ['nothing', ''],
    ['P1 above the root', '/../a'],
    ['P1 above the root, later', '/a/../../b'],
    ['P2 above the root, encoded', '/%2e%2e/a'],
    ['P3 dots behind an encoded slash', '/a/..%2Fb'],
    ['P3 dots between encoded backslashes', '/a%5c..%5Cb'],
    ['P5 dots with a parameter', '/a/..;x/b'],
    ['P5 a dot with a parameter', '/a/.;/b'],
    ['P5 encoded dots with a parameter', '/%2e%2e;/b'],
    ['P7 NUL', '/%00'],
    ['P7 CRLF', '/%0d%0a'],
    ['P7 DEL', '/%7f'],
    ['P7 no escape', '/%zz'],
    ['P7 half an escape', '/%a'],
    ['P7 a lone percent sign', '/%'],
    ['P7 an overlong slash', '/%c0%af'],
    ['P7 an overlong dot of three bytes', '/%e0%80%ae'],
    ['P7 a surrogate', '/%ed%a0%80'],
    ['P7 beyond Unicode', '/%f4%90%80%80'],
    ['P7 half a character', '/%c3'],
    ['P7 a continuation alone', '/%80'],
    ['R3 a space', '/a b'],
    ['R3 8-bit', '/\xe9'],
    ['R3 a backslash', '/a\\b'],
    ['R3 a fragment', '/a#b'],
    ['a query', '/a?b'],
  ])('%s has no canonical form', (_, raw) => expect(pathOf(raw)).toBeUndefined())

  test('says what a route must allow, and what it looked like with its slashes', () => {
    expect(canonicalPath('/a//b/../%2F;p')).toEqual({
      path: '/a/%2F;p',
      unmerged: '/a//%2F;p',
      encodedSlash: true,
      parameters: true,
    })
    expect(canonicalPath('/a')).toMatchObject({ encodedSlash: false, parameters: false })
    expect(canonicalPath('/%5C')?.encodedSlash).toBe(true)
  })
})

/** RFC 3986 §5.2.4, step by step as it is written there. */
function withoutDots(path: string): string {
  let input = path
  let output = ''
  while (input !== '') {
    if (/^\/\.(\/|$)/.test(input)) input = input.replace(/^\/\.(\/|$)/, '/')
    else if (/^\/\.\.(\/|$)/.test(input)) {
      input = input.replace(/^\/\.\.(\/|$)/, '/')
      output = output.replace(/\/[^/]*$/, '')
    } else {
      const segment = /^\/[^/]*/.exec(input)?.[0] ?? ''
      output += segment
      input = input.slice(segment.length)
    }
  }
  return output
}

describe('laws', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '/',
      '.',
      '..',
      'a',
      'B',
      ';',
      '%2e',
      '%2E',
      '%2f',
      '%5C',
      '%25',
      '%41',
      '%c3%a9',
      '%20',
      '=',
      '~',
    ],
  )
  const raw = fc
    .array(fc.oneof(piece, fc.constantFrom('%', '2', 'e', '%zz', '%00', ' ')), { maxLength: 14 })
    .map((pieces) => `/${pieces.join('')}`)

  test('P6 a canonical path is its own canonical path', () => {
    let seen = 0
    fc.assert(
      fc.property(raw, (text) => {
        const once = canonicalPath(text)
        if (once === undefined) return
        seen++
        expect(canonicalPath(once.path)).toMatchObject({ path: once.path, unmerged: once.path })
        expect(pathOf(once.unmerged), 'the unmerged form is the same path').toBe(once.path)
      }),
      { numRuns: 5000 },
    )
    expect(seen).toBeGreaterThan(500)
  })

  test('nothing that two readers could take differently is left', () => {
    fc.assert(
      fc.property(raw, (text) => {
        const path = pathOf(text)
        if (path === undefined) return
        expect(path).toMatch(/^\/[!-~]*$/)
        expect(path.slice(1)).not.toMatch(/(^|\/)\.{1,2}(\/|;|$)|\/\/|[\\#?]/)
        for (const [whole, digits = ''] of path.matchAll(/%(..)/g)) {
          expect(whole).toMatch(/^%[0-9A-F]{2}$/)
          expect(String.fromCharCode(Number.parseInt(digits, 16))).not.toMatch(/[\w.~-]/)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('a reader that decodes once, merges slashes and resolves dots lands on the same path', () => {
    const plain = fc
      .array(fc.constantFrom('/', '.', '..', 'a', '%41', '%2e', 'b'), { maxLength: 12 })
      .map((pieces) => `/${pieces.join('')}`)
    fc.assert(
      fc.property(plain, (text) => {
        const path = pathOf(text)
        if (path === undefined) return
        const decoded = decodeURIComponent(text).replace(/\/+/g, '/')
        expect(withoutDots(decoded)).toBe(path)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('withoutParameters', () => {
  test.each([
    ['/a/b', '/a/b'],
    ['/a;x=1/b;y', '/a/b'],
    ['/a;;b/;c', '/a/'],
  ])('%s is %s', (path, want) => expect(withoutParameters(path)).toBe(want))
})
