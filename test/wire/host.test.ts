import { afterAll, beforeAll, describe, test } from 'vitest'
import { hostOf, ruleOf } from '../harness/rules.ts'
import { head, type Rig, startRig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig({
    change: (snapshot, forward) => ({
      ...snapshot,
      hosts: [
        hostOf('admin.shop.example', [
          ['/', ruleOf('admin', { action: forward, authorize: { kind: 'deny' } })],
        ]),
        hostOf('*', [['/', ruleOf('all', { action: forward })]]),
      ],
    }),
  })
})
afterAll(() => rig.close())

const get = (...fields: readonly string[]): string => head('GET / HTTP/1.1', ...fields)

describe('a Host that is none', () => {
  test.each([
    ['R7 missing', get()],
    ['R7 missing beside other fields', get('accept: */*')],
    ['R7 missing in HTTP/1.0', head('GET / HTTP/1.0')],
    ['R7 missing for OPTIONS *', head('OPTIONS * HTTP/1.1')],
    ['R7 twice, different', get('host: a', 'host: b')],
    ['R7 twice, the same', get('host: a', 'host: a')],
    ['R7 twice, one empty', get('host: a', 'host:')],
    ['R7 twice, far apart', get('host: a', 'x: y', 'accept: */*', 'HOST: a')],
  ])('%s', (_, input) => rig.refuses(input, 400))

  test.each(
    [
      ...['', 'a, b', 'a,b', 'u@a', 'u:p@a', 'a/p', 'a/', 'a?x', 'a#x', 'a\\b', 'a:x', 'a:99999'],
      ...['a:65536', 'a:0', 'a:', ':80', 'a:80:80', 'a:-1', 'a:+80', 'a: 80', 'a:8 0', '[::1'],
      ...['::1', '[::1]x', '[::1]:x', '[]', '[g::1]', '[:::::]', '[1.2.3.4]', '[::1', ']', 'a b'],
      ...[
        'a\tb',
        'a\0',
        'a\0b',
        'a\x01',
        'a\x7f',
        'a\xe9',
        '\xa0a',
        'a\x85',
        '.',
        '..',
        '.a',
        'a..b',
      ],
      ...['a..', '-a', 'a-', '*', '*.a', 'a%2eb', '%61', 'http://a', 'a;b', '"a"', "a'", '<a>'],
      ...['a'.repeat(64), `${'a.'.repeat(127)}a`],
    ].map((value) => [`R7 ${JSON.stringify(value)}`, value]),
  )('%s', (_, value) => rig.refuses(get(`host: ${value}`), 400))
})

describe('one canonical host', () => {
  const spellings = [
    ['R8 upper case', 'ADMIN.Shop.EXAMPLE'],
    ['R8 a dot behind', 'admin.shop.example.'],
    ['R8 the default port', 'admin.shop.example:80'],
    ['R8 the default port with zeros', 'admin.shop.example:0080'],
    ['R8 all of it', 'aDmin.shop.exaMple.:80'],
    ['R8 another port', 'admin.shop.example:8443'],
  ] as const

  test.each(spellings)('%s: the authorizer of the host decides', async (_, spelling) => {
    await rig.answers(get(`host: ${spelling}`), 503)
    await rig.answers(head(`GET http://${spelling}/ HTTP/1.1`, `Host: ${spelling}`), 503)
  })

  test.each(spellings)('%s: what is forwarded is the canonical form', async (_, spelling) => {
    const host = spelling.replace(/^admin/i, 'Orders')
    const canonical = spelling.includes('8443') ? 'orders.shop.example:8443' : 'orders.shop.example'
    await rig.forwards(get(`host: ${host}`), `GET / HTTP/1.1\nhost: ${canonical}\n`)
  })

  test('R8 x-forwarded-host never routes', () =>
    rig.forwards(
      get('host: a', 'x-forwarded-host: admin.shop.example', 'x-host: admin.shop.example'),
      'GET / HTTP/1.1\nhost: a\nx-host: admin.shop.example\n',
    ))

  test.each([
    ['R8 an address', '127.0.0.1', '127.0.0.1'],
    ['R8 an IPv6 address', '[::1]:80', '[::1]'],
    ['R8 an IPv6 address in capitals', '[2001:DB8::A]:8443', '[2001:db8::a]:8443'],
    ['R8 an underscore, as internal names have', 'my_host', 'my_host'],
  ])('%s', (_, host, canonical) =>
    rig.forwards(get(`host: ${host}`), `GET / HTTP/1.1\nhost: ${canonical}\n`),
  )
})
