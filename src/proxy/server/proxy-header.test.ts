import { describe, expect, test } from 'vitest'
import { readProxyHeader } from './proxy-header.ts'

const signature = '0d0a0d0a000d0a515549540a'
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const v2 = (rest: string): Buffer => hex(signature + rest)
const v1 = (line: string): Buffer => Buffer.from(`${line}\r\n`, 'latin1')
const six = '20010db8000000000000000000000001'

/** TLVs as haproxy writes them: a CRC-32C, and an unique id of 4 bytes. */
const tlvs = '03 0004 a1b2c3d4 05 0004 75696421'

describe('a header of the PROXY protocol', () => {
  test.each([
    [
      'TCP over IPv4',
      v1('PROXY TCP4 192.0.2.7 198.51.100.1 56324 443'),
      ['192.0.2.7', 56_324, 443],
    ],
    [
      'TCP over IPv6',
      v1('PROXY TCP6 2001:db8::1 2001:DB8::2 56324 443'),
      ['2001:db8::1', 56_324, 443],
    ],
    [
      'an IPv6 address in its long form',
      v1('PROXY TCP6 2001:0db8:0:0:0:0:0:1 ::1 1 2'),
      ['2001:db8::1', 1, 2],
    ],
    ['IPv4 mapped into IPv6', v1('PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2'), ['192.0.2.7', 1, 2]],
    [
      'the longest there is',
      v1(
        'PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535',
      ),
      ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 65_535, 65_535],
    ],
    ['who does not know', v1('PROXY UNKNOWN'), undefined],
    ['who does not know, and says more', v1('PROXY UNKNOWN ffff::1 2 3 anything'), undefined],
    [
      'version 2 over IPv4',
      v2('21 11 000c c0000207 c6336401 dc04 01bb'),
      ['192.0.2.7', 56_324, 443],
    ],
    ['version 2 over IPv6', v2(`21 21 0024 ${six} ${six} dc04 01bb`), ['2001:db8::1', 56_324, 443]],
    [
      'version 2 with IPv4 mapped into IPv6',
      v2(`21 21 0024 00000000000000000000ffffc0000207 ${six} dc04 01bb`),
      ['192.0.2.7', 56_324, 443],
    ],
    [
      'version 2 with TLVs',
      v2(`21 11 001a c0000207 c6336401 dc04 01bb ${tlvs}`),
      ['192.0.2.7', 56_324, 443],
    ],
    ['LOCAL', v2('20 00 0000'), undefined],
    ['LOCAL with what it need not say', v2('20 11 000c c0000207 c6336401 dc04 01bb'), undefined],
    ['LOCAL with what nobody knows', v2('20 ff 0003 010203'), undefined],
    ['version 2, of an unspecified family', v2('21 00 0003 010203'), undefined],
    ['version 2 over a UNIX socket', v2(`21 31 00d8 ${'2f'.repeat(216)}`), undefined],
    [
      'version 2 of 536 bytes',
      v2(`21 11 0208 c0000207 c6336401 dc04 01bb ${'00'.repeat(508)}`),
      ['192.0.2.7', 56_324, 443],
    ],
  ])('%s', (_, bytes, want) => {
    const [address, port, localPort] = want ?? []
    const origin = want === undefined ? undefined : { address, port, localPort }
    const read = { size: bytes.length, origin }
    expect(readProxyHeader(bytes)).toEqual(read)
    expect(readProxyHeader(Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1\r\n')]))).toEqual(read)
    for (let end = 0; end < bytes.length; end++)
      expect(readProxyHeader(bytes.subarray(0, end)), `${end} bytes`).toBe('more')
  })

  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['HTTP with a P', Buffer.from('PUT / HTTP/1.1\r\n\r\n')],
    ['TLS', hex('16030100')],
    ['an empty line', Buffer.from('\r\nGET')],
    ['lower case', v1('proxy TCP4 192.0.2.7 198.51.100.1 1 2')],
    ['another protocol', v1('PROXY UDP4 192.0.2.7 198.51.100.1 1 2')],
    ['no protocol', v1('PROXY ')],
    ['an UNKNOWNX', v1('PROXY UNKNOWNX')],
    ['IPv6 addresses as TCP4', v1('PROXY TCP4 ::1 ::2 1 2')],
    ['IPv4 addresses as TCP6', v1('PROXY TCP6 192.0.2.7 198.51.100.1 1 2')],
    ['a short address', v1('PROXY TCP4 192.0.2 198.51.100.1 1 2')],
    ['a decimal address', v1('PROXY TCP4 3221225991 198.51.100.1 1 2')],
    ['octal in an address', v1('PROXY TCP4 192.0.2.07 198.51.100.1 1 2')],
    ['an address with a zone', v1('PROXY TCP6 fe80::1%eth0 ::1 1 2')],
    ['an address of two families', v1('PROXY TCP6 ::192.0.2.7 ::1 1 2')],
    ['a port beyond 65535', v1('PROXY TCP4 192.0.2.7 198.51.100.1 65536 2')],
    ['a port with a zero before', v1('PROXY TCP4 192.0.2.7 198.51.100.1 01 2')],
    ['a sign before a port', v1('PROXY TCP4 192.0.2.7 198.51.100.1 +1 2')],
    ['a port missing', v1('PROXY TCP4 192.0.2.7 198.51.100.1 1')],
    ['two spaces', v1('PROXY TCP4  192.0.2.7 198.51.100.1 1 2')],
    ['a space behind', v1('PROXY TCP4 192.0.2.7 198.51.100.1 1 2 ')],
    ['something behind', v1('PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3')],
    ['a bare LF', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n')],
    ['a bare CR', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1 2\rX')],
    ['a NUL', v1('PROXY TCP4 192.0.2.7\0 198.51.100.1 1 2')],
    ['107 bytes without an end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(93)}`)],
    ['108 bytes', v1(`PROXY UNKNOWN ${'x'.repeat(92)}`)],
    ['version 1 in the clothes of 2', v2('11 11 000c c0000207 c6336401 dc04 01bb')],
    ['version 3', v2('31 11 000c c0000207 c6336401 dc04 01bb')],
    ['another command', v2('22 11 000c c0000207 c6336401 dc04 01bb')],
    ['datagrams', v2('21 12 000c c0000207 c6336401 dc04 01bb')],
    ['datagrams over IPv6', v2(`21 22 0024 ${six} ${six} dc04 01bb`)],
    ['another family', v2('21 41 000c c0000207 c6336401 dc04 01bb')],
    ['fewer bytes than its addresses', v2('21 11 000b c0000207 c6336401 dc04 01')],
    ['537 bytes', v2('21 11 0209')],
    ['64 KiB', v2('21 11 ffff')],
    ['LOCAL of 64 KiB', v2('20 00 ffff')],
    ['a broken signature', hex('0d0a0d0a000d0a515549540d')],
  ])('%s is none', (_, bytes) => {
    expect(readProxyHeader(bytes)).toBe('bad')
  })
})
