import { expect, test } from 'vitest'
import { exchangeOf, fieldsOf } from '../../../test/harness/exchange.ts'
import type { Respond } from '../../model/snapshot.ts'
import { respond } from './respond.ts'

const teapot: Respond = {
  kind: 'respond',
  status: 418,
  body: 'kurz & rund: ü',
  contentType: 'text/plain',
  headers: [],
}

function answerTo(own: Partial<Respond>) {
  const exchange = exchangeOf('GET /')
  respond({ ...teapot, ...own })(exchange)
  return {
    ...exchange.reply,
    fields: fieldsOf(exchange.reply.headers).filter((field) => !field.startsWith('x-request-id')),
  }
}

test('status, type and body, in UTF-8', () => {
  expect(answerTo({})).toMatchObject({
    status: 418,
    body: 'kurz & rund: ü',
    length: 15,
    ended: true,
    fields: ['content-type: text/plain'],
  })
})

test('own headers, also several of one name', () => {
  const headers = [
    { name: 'x-tea', value: 'a' },
    { name: 'x-tea', value: 'b' },
  ]
  expect(answerTo({ headers }).fields).toEqual(['content-type: text/plain', 'x-tea: a', 'x-tea: b'])
})

test('a content type among the headers wins', () => {
  expect(answerTo({ headers: [{ name: 'content-type', value: 'text/html' }] }).fields).toEqual([
    'content-type: text/html',
  ])
})

test('no body, no type', () => {
  expect(answerTo({ body: '', status: 204 })).toMatchObject({ length: -1, fields: [] })
  expect(answerTo({ body: '', status: 200 })).toMatchObject({ length: 0, fields: [] })
})

test.each(['x: y\r\nz', '\u0d0a', '\u010a', 'a\u0000', ' a'])(
  'U10: the value %j is refused when the rule is built',
  (value) => {
    expect(() => respond({ ...teapot, headers: [{ name: 'x-a', value }] })).toThrow(
      'cannot be printed',
    )
  },
)

test.each(['content-length', 'transfer-encoding', 'connection', 'X-A', 'x a', ''])(
  'U10: so is the name %j',
  (name) => {
    expect(() => respond({ ...teapot, headers: [{ name, value: '1' }] })).toThrow(
      'cannot be printed',
    )
  },
)
