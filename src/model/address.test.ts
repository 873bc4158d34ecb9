import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalCidr, isAddress, isForbiddenAddress, parseCidrs } from './address.ts'

describe('isForbiddenAddress', () => {
  test.each([
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1']],
    [
      'loopback, mapped',
      ['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:127.0.0.1', '::FFFF:127.1.2.3'],
    ],
  ])('C6: %s, unless it is allowed', (_, all) => {
    for (const address of all) {
      expect(isForbiddenAddress(address, false), address).toBe(true)
      expect(isForbiddenAddress(address, true), address).toBe(false)
    }
  })

  test.each([
    ['unspecified', ['0.0.0.0', '::', '0:0:0:0:0:0:0:0', '::ffff:0.0.0.0', '0.1.2.3']],
    [
      'link-local',
      [
        '169.254.0.1',
        '169.254.169.254',
        'fe80::1',
        'febf::1',
        '::ffff:169.254.169.254',
        '::ffff:a9fe:a9fe',
      ],
    ],
    [
      'metadata services elsewhere',
      [
        '100.100.100.200',
        '192.0.0.192',
        '168.63.129.16',
        'fd00:ec2::254',
        'FD00:0EC2:0::0254',
        '::ffff:100.100.100.200',
      ],
    ],
    ['multicast and broadcast', ['224.0.0.1', '239.255.255.255', 'ff02::1', '255.255.255.255']],
    [
      'IPv4 in other clothes',
      [
        '64:ff9b::7f00:1',
        '64:ff9b::169.254.169.254',
        '2002:7f00:1::',
        '2002:a9fe:a9fe::1',
        '2001:0::1',
        '::ffff:0:127.0.0.1',
      ],
    ],
    ['reserved', ['240.0.0.1', '192.0.2.1', '2001:db8::1']],
    ['IPv4-compatible', ['::127.0.0.1', '::169.254.169.254', '::7f00:1', '::808:808']],
    [
      'local NAT64, and what nobody was given',
      ['64:ff9b:1::a9fe:a9fe', '100::1', '4000::1', 'fec0::1'],
    ],
  ])('C6, C7: %s, always', (_, all) => {
    for (const address of all) {
      expect(isForbiddenAddress(address, false), address).toBe(true)
      expect(isForbiddenAddress(address, true), address).toBe(true)
    }
  })

  test.each([
    ['decimal', ['2130706433', '2852039166']],
    ['octal', ['0177.0.0.1', '017700000001', '0251.0376.0251.0376']],
    ['hexadecimal', ['0x7f.0.0.1', '0x7f000001', '0xa9fea9fe', '127.0.0.0x1']],
    ['short', ['127.1', '127.0.1', '169.254.43518', '0', '127']],
    ['leading zeros', ['127.000.000.001', '010.0.0.1', '10.0.0.01']],
    ['IPv4-compatible with dots', ['::127.0.0.1', '::8.8.8.8', '::10.0.0.1']],
    ['zones', ['fe80::1%eth0', '::1%1', '10.0.0.1%lo']],
    ['ports, brackets, prefixes', ['127.0.0.1:80', '[::1]', '10.0.0.1/32', '::1/128']],
    ['spaces and line ends', [' 127.0.0.1', '127.0.0.1 ', '10.0.0.1\n', '10.0.0.1\0']],
    [
      'names',
      ['localhost', 'localhost.', 'metadata.google.internal', 'a.example', '127.0.0.1.nip.io'],
    ],
    ['nothing', ['', '.', ':', '::ffff:', ':::']],
    [
      'other digits',
      ['\u0661\u0662\u0667.0.0.1', '\uff11\uff12\uff17.0.0.1', '127\u30020\u30020\u30021'],
    ],
    ['too much', ['256.0.0.1', '1.2.3.4.5', '1:2:3:4:5:6:7:8:9', '12345::']],
  ])('C7: %s is no address, and refused', (_, all) => {
    for (const text of all) {
      expect(isAddress(text), text).toBe(false)
      expect(isForbiddenAddress(text, true), text).toBe(true)
    }
  })

  test.each([
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '8.8.8.8',
    'fd12::1',
    '2606:4700::1111',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
  ])('%s is where Pods and the world are', (address) =>
    expect(isForbiddenAddress(address, false)).toBe(false),
  )

  test('a mapped address is refused exactly when the address is that it maps', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const hex = address
          .split('.')
          .map((part) => Number(part).toString(16).padStart(2, '0'))
          .join('')
        const groups = `${hex.slice(0, 4)}:${hex.slice(4)}`
        for (const mapped of [`::ffff:${address}`, `::FFFF:${groups}`, `0:0:0:0:0:ffff:${groups}`])
          expect(isForbiddenAddress(mapped, false), mapped).toBe(isForbiddenAddress(address, false))
      }),
      { numRuns: 500 },
    )
  })
})

describe('canonicalCidr', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1/32'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['::ffff:10.0.0.1', '10.0.0.1/32'],
  ])('%s is %s', (text, want) => expect(canonicalCidr(text)).toBe(want))

  test.each([
    '',
    '10.0.0.1/',
    '10.0.0.1/33',
    '10.0.0.1/08',
    '10.0.0.1/-1',
    '10.0.0.1/8/8',
    '::/129',
    '10.1/8',
    '/8',
    'a/8',
    '10.0.0.0/8 ',
    '10.0.0.0/1e1',
  ])('%j is none', (text) => expect(canonicalCidr(text)).toBeUndefined())
})

describe('parseCidrs', () => {
  const set = parseCidrs(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', 'nonsense'])

  test.each([
    ['10.255.0.1', true],
    ['11.0.0.1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['::ffff:10.0.0.1', true],
    ['2001:db8:1::1', true],
    ['2001:db9::1', false],
    ['nonsense', false],
    ['', false],
    ['167772161', false],
  ])('%s: %s', (address, want) => {
    expect(set.contains(address)).toBe(want)
    expect(set.contains(address), 'asked again').toBe(want)
  })

  test('an empty set, or one of nonsense, holds nothing', () => {
    expect(parseCidrs([]).empty).toBe(true)
    expect(parseCidrs(['x']).contains('10.0.0.1')).toBe(false)
    expect(set.empty).toBe(false)
  })

  test('0.0.0.0/0 holds IPv4 alone', () => {
    const all = parseCidrs(['0.0.0.0/0'])
    expect([
      all.contains('8.8.8.8'),
      all.contains('::ffff:8.8.8.8'),
      all.contains('2606::1'),
    ]).toEqual([true, true, false])
  })

  test('more addresses than are remembered change nothing', () => {
    for (let i = 0; i < 3000; i++) {
      const address = `${i % 2 === 0 ? 10 : 11}.0.${i >> 8}.${i & 255}`
      expect(set.contains(address)).toBe(i % 2 === 0)
    }
  })
})
