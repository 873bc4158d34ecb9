import { describe, expect, test } from 'vitest'
import { publicKeySet } from './jwks.ts'

/** 2,048 bits. */
const n = Buffer.alloc(256, 0xc5).toString('base64url')
const rsa = { kty: 'RSA', kid: 'a', alg: 'RS256', use: 'sig', n, e: 'AQAB' }
const ec = { kty: 'EC', kid: 'b', crv: 'P-256', x: 'AQ', y: 'AQ' }

test('the public members of each key travel, and nothing else', () => {
  const text = JSON.stringify({ keys: [{ ...rsa, x5c: ['…'], note: 'hello' }], version: 1 })
  expect(publicKeySet(text)).toEqual({
    jwks: JSON.stringify({
      keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid: 'a', n, e: 'AQAB' }],
    }),
  })
})

describe('J18 refused key sets', () => {
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
  ])('J18 $name', ({ text, want }) => {
    expect(publicKeySet(text)).toEqual({ fault: expect.stringContaining(want) })
  })
})

const zeros = Buffer.concat([Buffer.alloc(129), Buffer.alloc(128, 0xc5)]).toString('base64url')
/** Like the keys of CVE-2017-15361: a power of 65537 modulo the product of the primes up to 167. */
function factorable(): string {
  const isPrime = (n: bigint): boolean => {
    for (let d = 2n; d * d <= n; d++) if (n % d === 0n) return false
    return true
  }
  let product = 1n
  for (let n = 2n; n <= 167n; n++) if (isPrime(n)) product *= n
  let power = 1n
  for (let i = 0; i < 12_345; i++) power = (power * 65537n) % product
  const top = (0xc5n << 2040n) - ((0xc5n << 2040n) % product)
  const hex = (top + product + power).toString(16)
  return Buffer.from(hex, 'hex').toString('base64url')
}

const useless: Readonly<Record<string, object>> = {
  'RSA of 1,024 bits': { ...rsa, n: Buffer.alloc(128, 0xc5).toString('base64url') },
  'RSA of 1,024 bits behind zeros': { ...rsa, n: zeros },
  'RSA of 2,047 bits': { ...rsa, n: Buffer.alloc(256, 0x75).toString('base64url') },
  'RSA of 8,192 bits': { ...rsa, n: Buffer.alloc(1024, 0xc5).toString('base64url') },
  'RSA that can be factored (ROCA)': { ...rsa, n: factorable() },
  'RSA with e = 1': { ...rsa, e: 'AQ' },
  'RSA with e = 2': { ...rsa, e: 'Ag' },
  'RSA with an endless e': { ...rsa, e: n },
  'RSA without n': { ...rsa, n: undefined },
  'RSA for encryption': { ...rsa, use: 'enc' },
  'RSA that may only encrypt': { ...rsa, key_ops: ['encrypt'] },
  'RSA with key_ops that is no list': { ...rsa, key_ops: 'verify' },
  'RSA for RSA-OAEP': { ...rsa, alg: 'RSA-OAEP' },
  'RSA for HS256': { ...rsa, alg: 'HS256' },
  'RSA for ES256': { ...rsa, alg: 'ES256' },
  'EC on secp256k1': { ...ec, crv: 'secp256k1' },
  'EC on a curve that is no text': { ...ec, crv: ['P-256'] },
  'EC on __proto__': { ...ec, crv: '__proto__' },
  'EC without y': { ...ec, y: undefined },
  X25519: { kty: 'OKP', kid: 'c', crv: 'X25519', x: 'AQ' },
  Ed448: { kty: 'OKP', kid: 'c', crv: 'Ed448', x: 'AQ' },
  'a key of an unknown type': { kty: 'AKP', kid: 'c', pub: 'AQ' },
  'a key without a kid': { ...rsa, kid: undefined },
  'a key whose kid is a number': { ...rsa, kid: 1 },
  'a key whose kid is longer than 256': { ...rsa, kid: 'k'.repeat(257) },
}

describe('J18 keys that verify nothing', () => {
  test.each(Object.entries(useless))('J18 %s', (_, key) => {
    const set = (...keys: readonly object[]) => JSON.stringify({ keys })
    const fault = expect.stringContaining('none of its keys can verify')
    expect(publicKeySet(set(key))).toEqual({ fault })
    expect(publicKeySet(set(key, rsa))).toEqual({ jwks: expect.any(String) })
  })
})
