import { expect, test } from 'vitest'
import { checkFault, checkMessage } from './grpc-health.ts'

const message = (...bytes: readonly number[]): Buffer =>
  Buffer.from([0, 0, 0, 0, bytes.length, ...bytes])

test('a question names its service, or the server as a whole', () => {
  expect(checkMessage('')).toEqual(message())
  expect(checkMessage('ab')).toEqual(message(0x0a, 2, 0x61, 0x62))
  const long = checkMessage('x'.repeat(200))
  expect(long.subarray(0, 8)).toEqual(Buffer.from([0, 0, 0, 0, 203, 0x0a, 0xc8, 0x01]))
  expect(long.length).toBe(208)
})

const answers: readonly (readonly [string, Buffer, string])[] = [
  ['SERVING', message(8, 1), ''],
  ['SERVING, said in more bytes than it needs', message(8, 0x81, 0), ''],
  ['NOT_SERVING', message(8, 2), 'not_serving'],
  ['SERVICE_UNKNOWN', message(8, 3), 'service_unknown'],
  ['UNKNOWN, which is not said', message(), 'unknown'],
  ['UNKNOWN, said', message(8, 0), 'unknown'],
  ['a status that there is not', message(8, 4), 'malformed'],
  ['the last of two', message(8, 1, 8, 2), 'not_serving'],
  [
    'fields that a later version may have',
    message(0x10, 5, 0x1a, 2, 8, 2, 0x25, 1, 2, 3, 4, 8, 1),
    '',
  ],
  ['a field of eight bytes', message(0x11, 1, 2, 3, 4, 5, 6, 7, 8, 8, 1), ''],
  ['a status that is text', message(0x0a, 1, 1), 'malformed'],
  ['a number that does not end', message(8, 0x81), 'malformed'],
  ['a number of eleven bytes', message(8, ...Array(11).fill(0x81), 1), 'malformed'],
  ['a text that is longer than all there is', message(8, 1, 0x12, 0x7f, 1), 'malformed'],
  ['a group', message(8, 1, 0x13), 'malformed'],
  ['field 0', message(0, 1), 'malformed'],
  ['nothing at all', Buffer.alloc(0), 'malformed'],
  ['a head alone that promises more', Buffer.from([0, 0, 0, 0, 2]), 'malformed'],
  ['a compressed message', Buffer.from([1, 0, 0, 0, 2, 8, 1]), 'malformed'],
  ['two messages', Buffer.concat([message(8, 1), message(8, 1)]), 'malformed'],
]

test.each(answers)('%s', (_, body, fault) => {
  expect(checkFault(body)).toBe(fault)
})
