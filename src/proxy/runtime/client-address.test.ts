import { describe, expect, test } from 'vitest'
import { parseCidrs } from '../../model/address.ts'
import { clientAddress } from './client-address.ts'

const trusted = parseCidrs(['10.0.0.0/8', 'fd00::/8'])

describe('U5: the client is the rightmost address that is not trusted', () => {
  test.each<readonly [string, string, readonly string[], string]>([
    [
      'an untrusted peer is the client, whatever it says',
      '192.0.2.1',
      ['203.0.113.9'],
      '192.0.2.1',
    ],
    ['a trusted peer without the field is the client', '10.0.0.1', [], '10.0.0.1'],
    ['one hop', '10.0.0.1', ['203.0.113.9'], '203.0.113.9'],
    ['what stands left of it is invented', '10.0.0.1', ['6.6.6.6, 203.0.113.9'], '203.0.113.9'],
    ['trusted hops are passed over', '10.0.0.1', ['6.6.6.6, 203.0.113.9, 10.0.0.2'], '203.0.113.9'],
    [
      'several fields are one list',
      '10.0.0.1',
      ['6.6.6.6', '203.0.113.9', '10.0.0.2'],
      '203.0.113.9',
    ],
    ['all trusted: the leftmost', '10.0.0.1', ['10.0.0.3, 10.0.0.2'], '10.0.0.3'],
    [
      'what is no address ends the search',
      '10.0.0.1',
      ['203.0.113.9, unknown, 10.0.0.2'],
      '10.0.0.2',
    ],
    ['rubbish next to us leaves the peer', '10.0.0.1', ['203.0.113.9, _hidden'], '10.0.0.1'],
    ['decimal and octal are no addresses', '10.0.0.1', ['3232235777'], '10.0.0.1'],
    ['octal', '10.0.0.1', ['010.0.0.1'], '10.0.0.1'],
    ['short forms', '10.0.0.1', ['127.1'], '10.0.0.1'],
    ['empty members mean nothing (RFC 9110 5.6.1)', '10.0.0.1', ['203.0.113.9, ,'], '203.0.113.9'],
    ['a port is cut off', '10.0.0.1', ['203.0.113.9:1234'], '203.0.113.9'],
    ['IPv6', '10.0.0.1', ['2001:db8::1'], '2001:db8::1'],
    ['IPv6 in brackets with a port', '10.0.0.1', ['[2001:DB8::1]:443'], '2001:db8::1'],
    ['trusted IPv6 hops', 'fd00::1', ['203.0.113.9, fd00::2'], '203.0.113.9'],
    ['mapped IPv4 is IPv4', '10.0.0.1', ['203.0.113.9, ::FFFF:10.0.0.2'], '203.0.113.9'],
  ])('%s', (_, peer, forwarded, want) => {
    expect(clientAddress(peer, forwarded, trusted)).toBe(want)
  })

  test('nobody is trusted by default', () => {
    expect(clientAddress('10.0.0.1', ['203.0.113.9'], parseCidrs([]))).toBe('10.0.0.1')
  })
})
