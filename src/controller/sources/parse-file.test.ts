import { describe, expect, test } from 'vitest'
import { parseFile } from './parse-file.ts'

const parse = (name: string, text: string | Buffer) =>
  parseFile(name, typeof text === 'string' ? Buffer.from(text) : text)

const valuesOf = (name: string, text: string | Buffer) => {
  const parsed = parse(name, text)
  return 'documents' in parsed ? parsed.documents.map(({ value }) => value) : parsed
}

const faultOf = (name: string, text: string | Buffer) => {
  const parsed = parse(name, text)
  return 'fault' in parsed ? parsed.fault : parsed
}

const utf16 = Buffer.from('\uFEFFkind: Service\n', 'utf16le')
const bomb = `a: &a [${'"lol",'.repeat(9)}"lol"]\n${'bcdefghi'
  .split('')
  .map((name, i) => {
    const before = `*${'abcdefgh'[i]}`
    return `${name}: &${name} [${`${before},`.repeat(9)}${before}]\n`
  })
  .join('')}`
const texts = `a: &a "${'x'.repeat(1_000_000)}"\nb: [${'*a,'.repeat(70)}*a]\n`

describe('parseFile reads', () => {
  test.each([
    { what: 'nothing of an empty file', name: 'a.yaml', text: '', want: [] },
    { what: 'nothing of an empty JSON file', name: 'a.json', text: '\n', want: [] },
    { what: 'nothing of comments', name: 'a.yaml', text: '# later\n---\n# and more\n', want: [] },
    {
      what: 'every document',
      name: 'a.yml',
      text: 'a: 1\n---\nb: 2\n---\n',
      want: [{ a: 1 }, { b: 2 }],
    },
    {
      what: 'a file that Windows wrote',
      name: 'a.yaml',
      text: 'a: 1\r\nb: x\r\n',
      want: [{ a: 1, b: 'x' }],
    },
    { what: 'a byte order mark', name: 'a.yaml', text: '\uFEFFa: 1\n', want: [{ a: 1 }] },
    { what: 'a byte order mark in JSON', name: 'a.json', text: '\uFEFF{"a": 1}', want: [{ a: 1 }] },
    {
      what: 'words of YAML 1.1 as words',
      name: 'a.yaml',
      text: 'a: yes\nb: 2026-01-01\n',
      want: [{ a: 'yes', b: '2026-01-01' }],
    },
    {
      what: 'U+FFFD that is really there',
      name: 'a.yaml',
      text: 'a: \uFFFD\n',
      want: [{ a: '\uFFFD' }],
    },
    {
      what: 'names of prototypes as data',
      name: 'a.yaml',
      text: 'constructor: 1\n',
      want: [{ constructor: 1 }],
    },
  ])('$what', ({ name, text, want }) => {
    expect(valuesOf(name, text)).toEqual(want)
  })

  test('the members of a List, each with its place', () => {
    const parsed = parse('a.yaml', 'kind: List\nitems: [{a: 1}, {b: 2}]\n---\nc: 3\n')
    expect(parsed).toEqual({
      documents: [
        { where: 'document 1, items[0]', value: { a: 1 } },
        { where: 'document 1, items[1]', value: { b: 2 } },
        { where: 'document 2', value: { c: 3 } },
      ],
    })
  })

  test('C8: __proto__ is a key like any other', () => {
    for (const [name, text] of [
      ['a.yaml', '__proto__: { admin: true }\n'],
      ['a.json', '{"__proto__": {"admin": true}}'],
    ] as const) {
      const [value] = valuesOf(name, text) as Record<string, unknown>[]
      expect(Object.keys(value!)).toEqual(['__proto__'])
      expect(value!['admin']).toBeUndefined()
    }
  })
})

describe('parseFile says where and what', () => {
  test.each([
    {
      what: 'a line that is indented wrongly',
      text: 'a:\n  b: 1\n c: 2\n',
      line: 3,
      column: 2,
      says: /bad indentation/,
    },
    { what: 'a text without an end', text: 'a: "b\n', line: 2, column: 1, says: /unexpected end/ },
    {
      what: 'a key that is there twice',
      text: 'a: 1\nb: 2\na: 3\n',
      line: 3,
      column: 1,
      says: /duplicated mapping key/,
    },
    {
      what: 'an alias of nothing',
      text: 'a: *b\n',
      line: 1,
      column: 6,
      says: /^unidentified alias; a text that begins with \* needs quotes$/,
    },
    {
      what: 'a tag that runs something',
      text: 'a: !!js/function "f"\n',
      line: 1,
      column: 21,
      says: /unknown tag/,
    },
    {
      what: 'a tab where spaces belong',
      text: 'a:\n\tb: 1\n',
      line: 2,
      column: 1,
      says: /tab characters/,
    },
    { what: 'a NUL', text: 'a: 1\nb: \0\n', line: 2, column: 4, says: /a NUL byte/ },
    { what: 'a control character', text: 'a: \x07\n', line: 1, column: 5, says: /non-printable/ },
  ])('of $what', ({ text, line, column, says }) => {
    expect(faultOf('a.yaml', text)).toEqual({ line, column, message: expect.stringMatching(says) })
  })

  test.each([
    {
      what: 'a comma too many',
      text: '{\n  "a": 1,\n}',
      line: 3,
      column: 1,
      says: 'a name in double quotes is missing',
    },
    {
      what: 'YAML in a JSON file',
      text: '{"a": x}',
      line: 1,
      column: 7,
      says: 'a value is missing',
    },
    {
      what: 'a name that is there twice',
      text: '{"a": 1,\n "a": 2}',
      line: 2,
      column: 2,
      says: 'the name "a" is there twice',
    },
    {
      what: 'a second document',
      text: '{}\n{}',
      line: 2,
      column: 1,
      says: 'nothing may follow here',
    },
    {
      what: 'a file that ends too early',
      text: '{"data": {"password": "secret',
      line: 1,
      column: 23,
      says: 'a closing " is missing',
    },
  ])('of $what in JSON, without showing the text', ({ text, line, column, says }) => {
    expect(faultOf('a.json', text)).toEqual({ line, column, message: says })
  })

  test('of bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('a: \uFFFDü\nb: caf'), Buffer.from([0xe9, 0x0a])])
    expect(faultOf('a.yaml', bytes)).toEqual({
      line: 2,
      column: 7,
      message: 'a byte that is not UTF-8; save the file as UTF-8',
    })
    expect(faultOf('a.yaml', Buffer.from([0x61, 0xc3]))).toMatchObject({ line: 1, column: 2 })
    expect(faultOf('a.yaml', utf16)).toMatchObject({ message: 'is UTF-16; save it as UTF-8' })
  })

  test.each([
    {
      what: 'an alias bomb',
      text: bomb,
      says: 'document 1: more than 2000000 values or 67108864 characters',
    },
    {
      what: 'a bomb of long texts',
      text: texts,
      says: 'document 1: more than 2000000 values or 67108864 characters',
    },
    {
      what: 'nesting beyond 64 levels',
      text: `${'['.repeat(65)}${']'.repeat(65)}`,
      says: 'document 1: nested deeper than 64 levels',
    },
    {
      what: 'nesting without an end',
      text: '['.repeat(100_000),
      says: 'nested deeper than 64 levels',
    },
    {
      what: 'an alias of itself',
      text: 'a: &a [*a]\n',
      says: 'document 1: nested deeper than 64 levels',
    },
  ])('of $what', ({ text, says }) => {
    expect(faultOf('a.yaml', text)).toEqual({
      line: 0,
      column: 0,
      message: expect.stringContaining(says),
    })
  })

  test('C8: 64 levels are enough for everybody', () => {
    expect(valuesOf('a.yaml', `${'['.repeat(64)}${']'.repeat(64)}`)).toHaveLength(1)
  })
})
