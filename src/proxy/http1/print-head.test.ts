import { describe, expect, test } from 'vitest'
import { HeaderList } from './header-list.ts'
import type { Framing } from './message.ts'
import { printChunkHead, printRequestHead, printResponseHead } from './print-head.ts'

const accept = (): HeaderList => {
  const list = new HeaderList()
  list.add('accept', '*/*')
  return list
}

const request = (framing: Framing, length: number): string =>
  printRequestHead('POST', '/a?b', 'a.example', accept(), framing, length)

describe('printRequestHead', () => {
  const head = 'POST /a?b HTTP/1.1\r\nhost: a.example\r\naccept: */*\r\n'

  test.each([
    ['a length', 'length', 5, 'content-length: 5\r\n'],
    ['chunks', 'chunked', -1, 'transfer-encoding: chunked\r\n'],
    ['nothing', 'none', -1, ''],
    ['a length of 0 that was said', 'none', 0, 'content-length: 0\r\n'],
  ] as const)('frames by %s, once', (_, framing, length, field) => {
    expect(request(framing, length)).toBe(`${head}${field}\r\n`)
  })

  test('an empty list is a head all the same', () => {
    const text = printRequestHead('GET', '/', 'a', new HeaderList(), 'none', -1)
    expect(text).toBe('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  })

  test.each(['\r', '\n', '\0', '\u010a', '\u0d0a'])('U10: %j is never printed', (evil) => {
    const none = new HeaderList()
    for (const [method, target, host] of [
      [`G${evil}ET`, '/', 'a'],
      ['GET', `/${evil}`, 'a'],
      ['GET', '/', `a${evil}`],
    ] as const)
      expect(() => printRequestHead(method, target, host, none, 'none', -1)).toThrow()
    none.add('x', evil)
    expect(() => printRequestHead('GET', '/', 'a', none, 'none', -1)).toThrow()
    expect(() => printResponseHead(200, none, 'none', -1, '')).toThrow()
  })

  test('a second word in the target would be a version, a space in the method a target', () => {
    expect(() => printRequestHead('GET', '/ HTTP/1.0', 'a', accept(), 'none', -1)).toThrow()
    expect(() => printRequestHead('GET /', '/', 'a', accept(), 'none', -1)).toThrow()
    expect(() => printRequestHead('GET', '', 'a', accept(), 'none', -1)).toThrow()
  })
})

describe('printResponseHead', () => {
  test.each([
    [200, 'length', 0, '', 'HTTP/1.1 200 OK\r\naccept: */*\r\ncontent-length: 0\r\n\r\n'],
    [204, 'none', -1, '', 'HTTP/1.1 204 No Content\r\naccept: */*\r\n\r\n'],
    [
      205,
      'length',
      0,
      '',
      'HTTP/1.1 205 Reset Content\r\naccept: */*\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      200,
      'chunked',
      -1,
      '',
      'HTTP/1.1 200 OK\r\naccept: */*\r\ntransfer-encoding: chunked\r\n\r\n',
    ],
    [299, 'none', -1, 'close', 'HTTP/1.1 299 \r\naccept: */*\r\nconnection: close\r\n\r\n'],
  ] as const)('%s %s %s %s', (status, framing, length, connection, want) => {
    expect(printResponseHead(status, accept(), framing, length, connection)).toBe(want)
  })
})

test('printChunkHead: lower-case hex', () => {
  expect([0, 10, 255, 65_536].map(printChunkHead)).toEqual([
    '0\r\n',
    'a\r\n',
    'ff\r\n',
    '10000\r\n',
  ])
})
