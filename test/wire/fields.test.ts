import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostOf, matchOf, ruleOf } from '../harness/rules.ts'
import { head, type Rig, startRig } from './rig.ts'

const keep = { encodedSlash: 'Reject', mergeSlashes: true, underscores: 'Keep' } as const
const reply = (body: string) =>
  ({ kind: 'respond', status: 200, body, contentType: 'text/plain', headers: [] }) as const

let rig: Rig
beforeAll(async () => {
  rig = await startRig({
    change: (snapshot, forward) => ({
      ...snapshot,
      hosts: [
        hostOf('*', [
          ['/', ruleOf('all', { action: forward })],
          ['/keep', ruleOf('keep', { action: forward, paths: keep })],
          ...['__proto__', 'constructor', 'tostring'].map(
            (name) =>
              [
                matchOf('/match', { headers: [{ kind: 'present', name, value: true }] }),
                ruleOf(`header ${name}`, { action: reply(`header ${name}`), paths: keep }),
              ] as const,
          ),
          ...['__proto__', 'constructor', 'toString'].map(
            (name) =>
              [
                matchOf('/match', { query: [{ kind: 'exact', name, value: '1' }] }),
                ruleOf(`query ${name}`, { action: reply(`query ${name}`) }),
              ] as const,
          ),
          ['/match', ruleOf('nothing', { action: reply('nothing') })],
        ]),
      ],
    }),
  })
})
afterAll(() => rig.close())

const get = (...fields: readonly string[]): string => head('GET / HTTP/1.1', 'host: a', ...fields)

describe('names', () => {
  test.each(
    [
      ...[
        '\0',
        'x\0',
        '\x01x',
        'x\x1f',
        'x\x7f',
        '[]',
        'x[]',
        ':',
        '',
        'x y',
        'x\ty',
        '"x"',
        'x@y',
      ],
      ...[
        '(x)',
        'x,y',
        'x/y',
        'x;y',
        '<x>',
        'x=y',
        'x?',
        '{x}',
        'x\\',
        '\xe9',
        'x\xff',
        '\x80',
        '\xa0x',
      ],
    ].map((name) => [`R12 ${JSON.stringify(name)} is no name`, name]),
  )('%s', (_, name) => rig.refuses(get(`${name}: v`), 400))

  test.each([
    ['R12 no colon', 'x'],
    ['R12 no colon, two words', 'x y'],
    ['R12 a colon alone', ':'],
    ['R12 spaces alone', '  '],
    ['R12 no colon in the last line', 'accept: */*\r\nx'],
  ])('%s', (_, line) => rig.refuses(get(line), 400))

  test('R12 every token byte makes a name', () => {
    const name = "!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyz"
    return rig.forwards(get(`${name}: v`), `GET / HTTP/1.1\nhost: a\n${name}: v\n`)
  })
})

describe('values', () => {
  test.each(
    [
      '\0',
      'a\0',
      'a\0b',
      '\x01',
      'a\x08b',
      'a\x0bb',
      'a\x0cb',
      'a\x1bb',
      'a\x1f',
      'a\x7f',
      'a\rb',
      '\r',
      'a\r',
    ].map((value) => [`R13 ${JSON.stringify(value)}`, value]),
  )('%s', (_, value) => rig.refuses(get(`x: ${value}`), 400))

  const upper = Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)).join('')
  test.each([
    ['R13 every byte from 0x80', `x: ${upper}`],
    ['R13 0x85 and 0xA0 at both ends', 'x: \x85\xa0v\xa0\x85'],
    ['R13 a tab inside', 'x: a\tb'],
    ['R13 what looks like an escape', 'x: %0d%0a%00 \\r\\n &#13;'],
    ['R13 nothing', 'x: '],
    ['R13 colons', 'x: : a: b'],
    ['R13 quotes and commas', 'x: "a, b", c,,d'],
  ])('%s reaches the backend byte by byte', (_, field) =>
    rig.forwards(get(field), `GET / HTTP/1.1\nhost: a\n${field}\n`),
  )

  test('R13 only spaces and tabs around a value go', () =>
    rig.forwards(get('x: \t v \t '), 'GET / HTTP/1.1\nhost: a\nx: v\n'))

  test('R13 repeated fields stay apart and in order', () =>
    rig.forwards(
      get('x: 1', 'Accept: a', 'X: 2', 'accept: b'),
      'GET / HTTP/1.1\nhost: a\nx: 1\nAccept: a\nX: 2\naccept: b\n',
    ))
})

describe('names of prototypes', () => {
  test.each(
    ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then'].map((name) => [
      `R14 ${name}`,
      name,
    ]),
  )('%s is a field like any other', (_, name) =>
    rig.forwards(get(`${name}: v`), `GET / HTTP/1.1\nhost: a\n${name}: v\n`),
  )

  test('R14 __proto__ is dropped for its underscores', () =>
    rig.forwards(get('__proto__: v'), 'GET / HTTP/1.1\nhost: a\n'))

  test('R14 __proto__ is kept where they are', () =>
    rig.forwards(
      head('GET /keep HTTP/1.1', 'host: a', '__proto__: v', '__defineGetter__: w'),
      'GET /keep HTTP/1.1\nhost: a\n__proto__: v\n__defineGetter__: w\n',
    ))

  test('R14 query keys reach the backend', () =>
    rig.forwards(
      head('GET /?__proto__=1&constructor[prototype]=2&toString HTTP/1.1', 'host: a'),
      'GET /?__proto__=1&constructor[prototype]=2&toString HTTP/1.1\nhost: a\n',
    ))

  test.each([
    ['R14 a condition on __proto__', 'GET /match', '__proto__: v', 'header __proto__'],
    ['R14 a condition on constructor', 'GET /match', 'Constructor: v', 'header constructor'],
    ['R14 a condition on toString', 'GET /match', 'toString: v', 'header tostring'],
    ['R14 no such field', 'GET /match', 'x: v', 'nothing'],
    ['R14 a parameter __proto__', 'GET /match?__proto__=1', 'x: v', 'query __proto__'],
    ['R14 a parameter constructor', 'GET /match?constructor=1', 'x: v', 'query constructor'],
    ['R14 a parameter toString', 'GET /match?toString=1', 'x: v', 'query toString'],
    ['R14 no such parameter', 'GET /match?hasOwnProperty=1', 'x: v', 'nothing'],
    ['R14 such a parameter with another value', 'GET /match?__proto__=2', 'x: v', 'nothing'],
  ])('%s', async (_, line, field, rule) => {
    for (const { body } of await rig.ownAnswers(head(`${line} HTTP/1.1`, 'host: a', field), 200))
      expect(body).toBe(rule)
  })
})

describe('limits of a head', () => {
  const target = (length: number): string =>
    head(`GET /${'a'.repeat(length - 1)} HTTP/1.1`, 'host: a')
  /** A block of fields of exactly so many bytes, the empty line included. */
  const block = (length: number): string => {
    const fields = ['host: a', `x: ${'a'.repeat(8000)}`]
    const size = head('', ...fields, 'y: ').length - 2
    return head('GET / HTTP/1.1', ...fields, `y: ${'b'.repeat(length - size)}`)
  }
  const fields = (count: number): string =>
    get(...Array.from({ length: count - 1 }, (_, i) => `x-${i}: v`))

  test.each([
    ['R11 a target of 8 KiB + 1', target(8193), 414],
    ['R11 a target of 100 KB', target(100_000), 414],
    ['R11 a query of 100 KB', head(`GET /?${'a'.repeat(100_000)} HTTP/1.1`, 'host: a'), 414],
    [
      'R11 a target of 8 KiB + 1 in absolute form',
      head(`GET http://a/${'a'.repeat(8193 - 9)} HTTP/1.1`, 'host: a'),
      414,
    ],
    ['R11 fields of 16 KiB + 1', block(16_385), 431],
    ['R11 fields of 100 KB', block(100_000), 431],
    ['R11 101 fields', fields(101), 431],
    ['R11 10,000 fields', fields(10_000), 431],
    ['R11 a name of 100 KB', get(`${'x'.repeat(100_000)}: v`), 431],
    ['R11 a value of 100 KB', get(`x: ${'v'.repeat(100_000)}`), 431],
    ['R21 a cookie of 100 KB', get(`cookie: a=${'v'.repeat(100_000)}`), 431],
  ] as const)('%s', (_, input, status) => rig.refuses(input, status))

  test('R11 a target of 8 KiB', () =>
    rig.forwards(target(8192), `GET /${'a'.repeat(8191)} HTTP/1.1\nhost: a\n`))

  test('R11 fields of 16 KiB', async () => {
    const input = block(16_384)
    expect(input.indexOf('\r\n') + 2 + 16_384).toBe(input.length)
    await rig.forwards(input, `${input.replaceAll('\r\n', '\n').slice(0, -1)}`)
  })

  test('R11 100 fields', () => {
    const input = fields(100)
    return rig.forwards(input, input.replaceAll('\r\n', '\n').slice(0, -1))
  })

  test('R21 1,000 overlapping ranges pass', () => {
    const range = `range: bytes=${Array.from({ length: 1000 }, () => '0-').join(',')}`
    return rig.forwards(get(range), `GET / HTTP/1.1\nhost: a\n${range}\n`)
  })

  test('R21 a body that unpacks to much more passes as it is', () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000)).toString('latin1')
    const lines = [
      'POST / HTTP/1.1',
      'host: a',
      'content-encoding: gzip',
      `content-length: ${bomb.length}`,
    ]
    return rig.forwards(head(...lines) + bomb, [...lines, bomb].join('\n'))
  })
})
