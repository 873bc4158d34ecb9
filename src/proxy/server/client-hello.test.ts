import { describe, expect, test } from 'vitest'
import { extension, helloOf, recordsOf, serverName } from '../../../test/tls/hello.ts'
import { type Hello, HelloReader } from './client-hello.ts'

function readIn(parts: readonly Buffer[]): Hello {
  const reader = new HelloReader()
  let found: Hello = { kind: 'more' }
  for (const part of parts) {
    found = reader.read(part)
    if (found.kind !== 'more') return found
  }
  return found
}

/** Whole, split at every byte, and byte by byte: always the same. */
function read(bytes: Buffer): Hello {
  const whole = readIn([bytes])
  for (let at = 1; at < bytes.length; at++)
    expect(readIn([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole)
  expect(readIn([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole)
  return whole
}

const named = (name: string | Buffer, type?: number) => recordsOf(helloOf(serverName(name, type)))
const hello = (name: string) => ({ kind: 'hello', serverName: name })
const fault = (reason: string) => ({ kind: 'fault', reason })

describe('T1 the name in a ClientHello', () => {
  test.each([
    { name: 'a host', input: 'api.shop.example', want: hello('api.shop.example') },
    { name: 'in upper case', input: 'API.Shop.Example', want: hello('api.shop.example') },
    { name: 'with a dot at its end', input: 'api.example.', want: hello('api.example') },
    { name: 'with an underscore', input: 'my_api.example', want: hello('my_api.example') },
    { name: 'an address is none', input: '10.0.0.1', want: hello('') },
    { name: 'of the prototype', input: '__proto__', want: hello('__proto__') },
    { name: 'empty', input: '', want: fault('server_name') },
    { name: '255 bytes', input: 'a'.repeat(255), want: fault('server_name') },
    { name: 'with NUL', input: 'api\0.example', want: fault('server_name') },
    { name: 'with a slash', input: '../x', want: fault('server_name') },
    { name: 'a wildcard', input: '*.example', want: fault('server_name') },
    { name: 'UTF-8', input: Buffer.from('bücher.example'), want: fault('server_name') },
    { name: 'an IPv6 address', input: '::1', want: fault('server_name') },
  ])('$name', ({ input, want }) => expect(read(named(input))).toEqual(want))

  test('absent', () => expect(read(recordsOf(helloOf()))).toEqual(hello('')))

  test('of another type than a host name', () =>
    expect(read(named('api.example', 1))).toEqual(fault('server_name')))

  test('twice', () => {
    const twice = helloOf(serverName('a.example'), serverName('b.example'))
    expect(read(recordsOf(twice))).toEqual(fault('malformed'))
  })
})

describe('T3 what is no ClientHello', () => {
  test.each([1, 2, 5, 64])('a hello in records of %i bytes is one all the same', (size) =>
    expect(read(recordsOf(helloOf(serverName('api.example')), size))).toEqual(hello('api.example')),
  )

  test.each([
    { name: 'plain HTTP', bytes: Buffer.from('GET / HTTP/1.1\r\n'), reason: 'plaintext' },
    { name: 'the preface of HTTP/2', bytes: Buffer.from('PRI * HTTP/2.0'), reason: 'plaintext' },
    { name: 'SSLv2', bytes: Buffer.from([0x80, 0x2e, 1, 3, 1]), reason: 'plaintext' },
    { name: 'another version of records', bytes: Buffer.from([22, 9]), reason: 'malformed' },
    { name: 'an empty record', bytes: Buffer.from([22, 3, 1, 0, 0]), reason: 'malformed' },
    { name: 'another message', bytes: recordsOf(Buffer.from([2, 0, 0, 0])), reason: 'malformed' },
    {
      name: 'a message of 16 MiB',
      bytes: recordsOf(Buffer.from([1, 255, 255, 255])),
      reason: 'malformed',
    },
    {
      name: 'another record between',
      bytes: Buffer.concat([recordsOf(helloOf().subarray(0, 9)), Buffer.from([23, 3, 1, 0, 1, 0])]),
      reason: 'malformed',
    },
    {
      name: 'an extension that is longer than the rest',
      bytes: recordsOf(helloOf(Buffer.from([0, 0, 255, 255]))),
      reason: 'malformed',
    },
    {
      name: 'a list of names that is longer than its extension',
      bytes: recordsOf(helloOf(extension(0, Buffer.from([0, 9, 0, 0, 1, 97])))),
      reason: 'malformed',
    },
  ])('$name', ({ bytes, reason }) => expect(read(bytes)).toEqual(fault(reason)))

  test('more than 16 KiB', () => {
    const large = recordsOf(helloOf(extension(21, Buffer.alloc(17_000))))
    expect(readIn([large])).toEqual(fault('malformed'))
  })

  test('part of one wants more', () => {
    const bytes = named('api.example')
    for (let at = 0; at < bytes.length; at++)
      expect(readIn([bytes.subarray(0, at)])).toEqual({ kind: 'more' })
  })
})
