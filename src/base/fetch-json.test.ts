import type dns from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { selfSigned } from '../../test/harness/certificate.ts'
import { isForbiddenAddress } from '../model/address.ts'
import { fetchJson } from './fetch-json.ts'

const isForbidden = isForbiddenAddress

const hosts: string[] = []
const answer = (request: http.IncomingMessage, response: http.ServerResponse): void => {
  hosts.push(`${request.headers.host} ${request.headers.authorization ?? ''}`)
  response.writeHead(200, { 'cache-control': 'public, max-age=120' })
  response.end('{"keys":[]}')
}
const plain = http.createServer(answer)
const secure = https.createServer(selfSigned('localhost', '127.0.0.1'), answer)
let port = 0
let securePort = 0

beforeAll(async () => {
  for (const server of [plain, secure])
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  port = (plain.address() as AddressInfo).port
  securePort = (secure.address() as AddressInfo).port
})
afterAll(() => {
  plain.close()
  secure.close()
})

const outcome = (url: string, allowLoopback: boolean, lookup?: typeof dns.lookup) =>
  fetchJson(new URL(url), {
    allowLoopback,
    isForbidden,
    ...(lookup !== undefined && { lookup }),
  }).then(
    () => 'fetched',
    (error: Error) => error.message,
  )

/** A name server that says something else each time, and what it was asked. */
function answering(...answers: readonly (readonly string[])[]) {
  const names: string[] = []
  const lookup = ((name: string, _: object, callback: (...args: unknown[]) => void) => {
    const addresses = answers[Math.min(names.length, answers.length - 1)] ?? []
    names.push(name)
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }) as typeof dns.lookup
  return { lookup, names, asked: () => names.length }
}

describe('C7 what can be told of a URL', () => {
  test.each([
    ['http://login.shop.example/keys', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['data:application/json,{}', 'scheme'],
    ['unix:/var/run/docker.sock', 'scheme'],
    ['ftp://login.shop.example/keys', 'scheme'],
    ['https://user@login.shop.example/keys', 'user_in_url'],
    ['https://:password@login.shop.example/keys', 'user_in_url'],
    ['https://127.0.0.1/keys', 'forbidden_address'],
    ['https://2130706433/keys', 'forbidden_address'],
    ['https://0x7f.1/keys', 'forbidden_address'],
    ['https://0177.0.0.1/keys', 'forbidden_address'],
    ['https://127.1/keys', 'forbidden_address'],
    ['https://0.0.0.0/keys', 'forbidden_address'],
    ['https://0/keys', 'forbidden_address'],
    ['https://10.0.0.1/keys', 'forbidden_address'],
    ['https://93.184.216.34/keys', 'forbidden_address'],
    ['https://169.254.169.254/latest/meta-data', 'forbidden_address'],
    ['https://[::1]/keys', 'forbidden_address'],
    ['https://[::]/keys', 'forbidden_address'],
    ['https://[::ffff:127.0.0.1]/keys', 'forbidden_address'],
    ['https://[::ffff:7f00:1]/keys', 'forbidden_address'],
    ['https://[fd00:ec2::254]/keys', 'forbidden_address'],
    ['https://[2606:2800:220:1::1]/keys', 'forbidden_address'],
  ])('C7 %s: %s', async (url, reason) => {
    expect(await outcome(url, false)).toBe(reason)
  })

  test.each([
    ['http://10.0.0.1/keys', 'forbidden_address'],
    ['http://169.254.169.254/keys', 'forbidden_address'],
    ['https://10.0.0.1/keys', 'forbidden_address'],
    ['http://user@localhost/keys', 'user_in_url'],
    ['file:///etc/passwd', 'scheme'],
  ])('C7 %s in development: %s', async (url, reason) => {
    expect(await outcome(url, true)).toBe(reason)
  })
})

describe('C7 what a name resolves to', () => {
  test('C7 localhost, by the resolver of the system', async () => {
    expect(await outcome(`https://localhost:${securePort}/keys`, false)).toBe('forbidden_address')
    expect(await outcome(`http://localhost:${port}/keys`, true)).toBe('fetched')
  })

  test.each([
    ['127.0.0.1'],
    ['127.8.8.8'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['0.0.0.0'],
    ['169.254.169.254'],
    ['fe80::1'],
    ['fd00:ec2::254'],
    ['100.100.100.200'],
    ['168.63.129.16'],
    ['224.0.0.1'],
    ['255.255.255.255'],
    ['64:ff9b::7f00:1'],
    ['2002:7f00:1::'],
  ])('C7 a name that resolves to %s is not called', async (address) => {
    const { lookup } = answering([address])
    expect(await outcome('https://login.shop.example/keys', false, lookup)).toBe(
      'forbidden_address',
    )
  })

  test('C7 a name without an address', async () => {
    expect(await outcome('https://login.shop.example/keys', false, answering([]).lookup)).toBe(
      'forbidden_address',
    )
  })

  test('C7 plain http goes to loopback only, whatever the name says', async () => {
    const { lookup } = answering(['10.0.0.1'])
    expect(await outcome(`http://login.shop.example:${port}/keys`, true, lookup)).toBe(
      'forbidden_address',
    )
  })

  test('C7 the address that was checked is the one that is called: a second answer does not count', async () => {
    const before = hosts.length
    const names = answering(['127.0.0.1'], ['169.254.169.254'])
    expect(await outcome(`http://login.shop.example:${port}/keys`, true, names.lookup)).toBe(
      'fetched',
    )
    expect(names.asked()).toBe(1)
    const back = answering(['169.254.169.254'], ['127.0.0.1'])
    expect(await outcome(`http://login.shop.example:${port}/keys`, true, back.lookup)).toBe(
      'forbidden_address',
    )
    expect(back.asked()).toBe(1)
    expect(hosts.slice(before)).toEqual([`login.shop.example:${port} `])
  })

  test('C7 of several addresses only those that may be called are', async () => {
    const names = answering(['169.254.169.254', '127.0.0.1', '::'])
    expect(await outcome(`http://login.shop.example:${port}/keys`, true, names.lookup)).toBe(
      'fetched',
    )
  })

  test('C7 a certificate that nobody vouches for is not taken', async () => {
    expect(await outcome(`https://localhost:${securePort}/keys`, true)).toBe(
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    )
    expect(await outcome(`https://127.0.0.1:${securePort}/keys`, true)).toBe(
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    )
  })

  test('C7 environment variables for proxies are not followed', async () => {
    const before = process.env['HTTP_PROXY']
    process.env['HTTP_PROXY'] = 'http://127.0.0.1:9'
    try {
      expect(await outcome(`http://localhost:${port}/keys`, true)).toBe('fetched')
    } finally {
      if (before === undefined) delete process.env['HTTP_PROXY']
      else process.env['HTTP_PROXY'] = before
    }
  })
})

describe('C5 names of issuers in a cluster', () => {
  test.each([
    { absoluteNames: true, host: 'keys.other', asked: 'keys.other.' },
    { absoluteNames: true, host: 'keys.other.', asked: 'keys.other.' },
    { absoluteNames: false, host: 'keys.other', asked: 'keys.other' },
  ])(
    'C5 $host is asked for as $asked: a search domain leads to no Service of anybody',
    async ({ absoluteNames, host, asked }) => {
      const { lookup, names } = answering(['127.0.0.1'])
      const before = hosts.length
      await fetchJson(new URL(`http://${host}:${port}/keys`), {
        allowLoopback: true,
        isForbidden,
        absoluteNames,
        lookup,
      })
      expect(names).toEqual([asked])
      // The server is called what it was called in the URL.
      expect(hosts.slice(before)).toEqual([`${host}:${port} `])
    },
  )
})

describe('C7 an endpoint of a Service', () => {
  const at = (address: string, allowLoopback: boolean) =>
    fetchJson(new URL(`http://${address}:${port}/keys`), {
      allowLoopback,
      isForbidden,
      connectTo: { address, port },
    }).then(
      () => 'fetched',
      (error: Error) => error.message,
    )
  test.each([
    ['127.0.0.1', false, 'forbidden_address'],
    ['169.254.169.254', true, 'forbidden_address'],
    ['127.0.0.1', true, 'fetched'],
  ] as const)('C7 %s, loopback allowed %s: %s', async (address, allowLoopback, want) => {
    expect(await at(address, allowLoopback)).toBe(want)
  })
})

test('what the answer says of its age', async () => {
  const fetched = await fetchJson(new URL(`http://localhost:${port}/keys`), {
    allowLoopback: true,
    isForbidden,
  })
  expect(fetched).toEqual({ value: { keys: [] }, maxAgeMs: 120_000 })
})
