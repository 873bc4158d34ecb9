import { expect, test } from 'vitest'
import { exchangeOf, goesOn, peerOf } from '../../../test/harness/exchange.ts'
import { ruleOf } from '../../../test/harness/rules.ts'
import { sourceAddresses } from './source-addresses.ts'

const rule = (allow: readonly string[], deny: readonly string[]) =>
  ruleOf('r', { authorize: { kind: 'public', addresses: { allow, deny } } })

function isAdmitted(client: string, allow: readonly string[], deny: readonly string[]): boolean {
  const exchange = exchangeOf('GET /', { rule: rule(allow, deny), peer: peerOf(client) })
  const admitted = goesOn(sourceAddresses(rule(allow, deny)), exchange)
  if (!admitted) expect(exchange.failure?.code).toBe('address_denied')
  return admitted
}

test.each<readonly [string, string, readonly string[], readonly string[], boolean]>([
  ['an allowed address', '10.1.2.3', ['10.0.0.0/8'], [], true],
  ['another one', '192.0.2.1', ['10.0.0.0/8'], [], false],
  ['a denied address', '10.1.2.3', [], ['10.1.0.0/16'], false],
  ['without allow all others pass', '10.2.2.3', [], ['10.1.0.0/16'], true],
  ['deny comes before allow', '10.1.2.3', ['10.0.0.0/8'], ['10.1.0.0/16'], false],
  ['IPv6', '2001:db8::1', ['2001:db8::/32'], [], true],
  ['other spellings of IPv6', '2001:0DB8:0::1', [], ['2001:db8::1/128'], false],
  ['mapped IPv4 is IPv4', '::ffff:10.1.2.3', [], ['10.0.0.0/8'], false],
  ['an IPv4 range holds no IPv6', '::1', ['0.0.0.0/0'], [], false],
  ['an unknown address is not admitted', '', [], ['10.0.0.0/8'], false],
  ['what is no address is not allowed', 'unknown', ['0.0.0.0/0', '::/0'], [], false],
])('%s', (_, client, allow, deny, want) => expect(isAdmitted(client, allow, deny)).toBe(want))

test('the derived address counts, not the peer', () => {
  const exchange = exchangeOf('GET /', { peer: peerOf('10.0.0.1') })
  exchange.client = '203.0.113.9'
  expect(goesOn(sourceAddresses(rule(['10.0.0.0/8'], [])), exchange)).toBe(false)
})

test('a rule without conditions has no policy, one with a range that is none cannot be built', () => {
  expect(sourceAddresses(ruleOf('r'))).toBeUndefined()
  expect(() => sourceAddresses(rule([], ['10.0.0.0/33']))).toThrow('no CIDR')
})
