import { describe, expect, test } from 'vitest'
import { publicKeySet } from './jwks.ts'

const rsa = { kty: 'RSA', kid: 'a', alg: 'RS256', use: 'sig', n: 'AQAB', e: 'AQAB' }

test('the public members of each key travel, and nothing else', () => {
  const text = JSON.stringify({ keys: [{ ...rsa, x5c: ['…'], note: 'hello' }], version: 1 })
  expect(publicKeySet(text)).toEqual({
    jwks: JSON.stringify({
      keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid: 'a', n: 'AQAB', e: 'AQAB' }],
    }),
  })
})

describe('J18: refused key sets', () => {
  test.each([
    { name: 'no JSON', text: '<html>', want: 'not a JSON Web Key Set' },
    { name: 'a list', text: '[]', want: 'not a JSON Web Key Set' },
    { name: 'keys that are no objects', text: '{"keys":[1]}', want: 'not a JSON Web Key Set' },
    { name: 'no key', text: '{"keys":[]}', want: 'holds no key' },
    {
      name: 'a private key',
      text: JSON.stringify({ keys: [rsa, { ...rsa, d: 'AQAB' }] }),
      want: 'keys[1] is a private or symmetric key',
    },
    {
      name: 'a symmetric key',
      text: '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}',
      want: 'keys[0] is a private or symmetric key',
    },
    {
      name: 'too many keys',
      text: JSON.stringify({ keys: Array.from({ length: 101 }, () => rsa) }),
      want: 'at most 100',
    },
  ])('$name', ({ text, want }) => {
    expect(publicKeySet(text)).toEqual({ fault: expect.stringContaining(want) })
  })
})
