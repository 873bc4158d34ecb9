import { describe, expect, test } from 'vitest'
import { exchangeOf, fieldsOf, goesOn } from '../../../test/harness/exchange.ts'
import { ruleOf } from '../../../test/harness/rules.ts'
import type { HeaderEdits } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import { requestHeaders } from './request-headers.ts'
import { responseHeaders } from './response-headers.ts'

const none: HeaderEdits = { remove: [], set: [], add: [] }
const edits: HeaderEdits = {
  remove: ['x-old', 'x-gone'],
  set: [
    { name: 'x-a', value: 'set' },
    { name: 'x-new', value: 'set' },
  ],
  add: [
    { name: 'x-a', value: 'added' },
    { name: 'x-old', value: 'again' },
  ],
}

test('a request is edited in the order remove, set, add', () => {
  const exchange = exchangeOf('GET /\nX-Old: 1\nx-a: 1\naccept: */*\nx-a: 2\nx-old: 2')
  expect(goesOn(requestHeaders(ruleOf('r', { requestHeaders: edits })), exchange)).toBe(true)
  expect(fieldsOf(exchange.headers)).toEqual([
    'x-a: set',
    'accept: */*',
    'x-new: set',
    'x-a: added',
    'x-old: again',
  ])
})

test('an answer is edited alike', () => {
  const headers = new HeaderList()
  headers.add('x-gone', '1')
  headers.add('x-a', '1')
  responseHeaders(ruleOf('r', { responseHeaders: edits }))?.reply?.(
    exchangeOf('GET /'),
    200,
    headers,
  )
  expect(fieldsOf(headers)).toEqual(['x-a: set', 'x-new: set', 'x-a: added', 'x-old: again'])
})

test('a rule without edits has no policy', () => {
  expect(requestHeaders(ruleOf('r'))).toBeUndefined()
  expect(responseHeaders(ruleOf('r'))).toBeUndefined()
})

describe('U10: what cannot be printed is refused when the policy is built', () => {
  test.each(['a\r\nb: c', 'a\nb', '\u010d\u010a', '\u0d0a', 'a\u0000', '\u2028'])(
    'the value %j',
    (value) => {
      for (const own of [{ set: [{ name: 'x-a', value }] }, { add: [{ name: 'x-a', value }] }]) {
        expect(() => requestHeaders(ruleOf('r', { requestHeaders: { ...none, ...own } }))).toThrow(
          'cannot be printed',
        )
        expect(() =>
          responseHeaders(ruleOf('r', { responseHeaders: { ...none, ...own } })),
        ).toThrow('cannot be printed')
      }
    },
  )
  test.each([
    'host',
    'content-length',
    'transfer-encoding',
    'connection',
    'te',
    'upgrade',
    'x:',
    'x\r\ny',
    '',
  ])('the name %j', (name) => {
    expect(() =>
      requestHeaders(ruleOf('r', { requestHeaders: { ...none, set: [{ name, value: '1' }] } })),
    ).toThrow('cannot be printed')
  })
})
