import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalAuthority } from './host.ts'

describe('canonicalAuthority', () => {
  test.each([
    ['a.example', 'a.example', 'a.example'],
    ['A.Example', 'a.example', 'a.example'],
    ['a.example.', 'a.example', 'a.example'],
    ['a.example:80', 'a.example', 'a.example'],
    ['a.example.:080', 'a.example', 'a.example'],
    ['a.example:8443', 'a.example:8443', 'a.example'],
    ['a.example.:8443', 'a.example:8443', 'a.example'],
    ['localhost', 'localhost', 'localhost'],
    ['127.0.0.1:8080', '127.0.0.1:8080', '127.0.0.1'],
    ['[2001:DB8::1]', '[2001:db8::1]', '[2001:db8::1]'],
    ['[::1]:8080', '[::1]:8080', '[::1]'],
    ['a_b.example', 'a_b.example', 'a_b.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ])('R8: %s is %s', (text, host, hostname) => {
    expect(canonicalAuthority(text, 80)).toEqual({ host, hostname })
  })

  test('the default port is that of the listener', () => {
    expect(canonicalAuthority('a:443', 443)?.host).toBe('a')
    expect(canonicalAuthority('a:80', 443)?.host).toBe('a:80')
  })

  test.each([
    '',
    '.',
    'a..b',
    '.a',
    'a..',
    'a, b',
    'u@a',
    'a/p',
    'a?q',
    'a#f',
    'a:x',
    'a:',
    'a:0',
    'a:65536',
    'a:99999',
    'a:80:80',
    'a:+80',
    'a:8 0',
    '[::1',
    '::1',
    '[::1]x',
    '[::g]',
    '[1.2.3.4]',
    '[]',
    '[::1]:',
    '[fe80::1%25eth0]',
    'a b',
    ' a',
    'a\0',
    'a\\b',
    'caf\xe9',
    '-a',
    'a-',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}example`,
    'a'.repeat(300),
  ])('R7: %j is no host', (text) => expect(canonicalAuthority(text, 80)).toBeUndefined())

  test('what it makes is what it makes of that', () => {
    const label = fc.string({ unit: fc.constantFrom(...'aZ9-_'), minLength: 1, maxLength: 5 })
    const text = fc
      .tuple(
        fc.array(label, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('', '.', ':80', ':81', '.:8'),
      )
      .map(([labels, end]) => labels.join('.') + end)
    fc.assert(
      fc.property(text, (host) => {
        const once = canonicalAuthority(host, 80)
        if (once !== undefined) expect(canonicalAuthority(once.host, 80)).toEqual(once)
      }),
    )
  })
})
