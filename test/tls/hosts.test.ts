import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import type tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pair } from '../../src/controller/publish/authority.ts'
import { samplesOf, valueIn } from '../harness/exposition.ts'
import { type Authority, days, newAuthority } from './authorities.ts'
import {
  bundle,
  connect,
  get,
  raw,
  route,
  secret,
  startGateway,
  type TlsGateway,
} from './gateway.ts'
import { helloOf, recordsOf, serverName } from './hello.ts'

let authority: Authority
let partners: Authority
let revoked: Pair
let gateway: TlsGateway

const defaults = {
  listeners: { https: { defaultCertificate: { namespace: 'default', name: 'any' } } },
}
const shown = (name: string, rest: object = {}) => ({ tls: { secretRef: { name }, ...rest } })
const wants = (mode: string, ...names: readonly string[]) => ({
  clientCertificate: { mode, caRefs: names.map((name) => ({ name })) },
})

beforeAll(async () => {
  authority = await newAuthority('ours')
  partners = await newAuthority('partners')
  revoked = await partners.client()
  const shop = await authority.server('*.shop.example')
  const documents = [
    secret('shop', shop),
    secret('any', await authority.server('default.example')),
    bundle('partners', partners.cert),
    bundle('ours', authority.cert),
    route('a.shop.example', shown('shop')),
    route('b.shop.example', shown('shop')),
    route('new.shop.example', shown('shop', { minVersion: '1.3' })),
    route('strict.shop.example', shown('shop', wants('Require', 'partners'))),
    route('stricter.shop.example', shown('shop', wants('Require', 'partners', 'ours'))),
    route('asks.shop.example', shown('shop', wants('Optional', 'partners'))),
    route('nobody.shop.example', shown('shop', wants('Require', 'gone'))),
    route('plain.example'),
    route('deny.shop.example', shown('shop', { plaintext: 'Deny' })),
    route('allow.shop.example', shown('shop', { plaintext: 'Allow' })),
    route('*.wild.example', { tls: { plaintext: 'Redirect' } }),
    route('127.0.0.1', shown('shop')),
    route('127.0.0.2', shown('shop', wants('Require', 'partners'))),
  ]
  gateway = await startGateway(documents, { ...defaults, clocks: { head: '1s' } })
})

afterAll(() => gateway.close())

const name = async (servername: string, options?: tls.ConnectionOptions) => {
  const { socket, close } = await connect(gateway.port, servername, options)
  const { subject } = socket.getPeerCertificate()
  close()
  return subject.CN
}

test.each([
  ['https://a.shop.example/x', '200'],
  ['https://a.shop.example:443/x', '200'],
  ['http://a.shop.example/x', '400'],
])('R4 over TLS %s in absolute form is %s', async (target, status) => {
  const { socket, close } = await connect(gateway.port, 'a.shop.example')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: a.shop.example\r\n\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  close()
  expect(answer.toString('latin1').slice(9, 12)).toBe(status)
})

describe('the certificate that is shown', () => {
  test.each([
    ['a.shop.example', '*.shop.example'],
    ['A.SHOP.example', '*.shop.example'],
    ['plain.example', 'default.example'],
    ['x.wild.example', 'default.example'],
    ['nobody-knows.example', 'default.example'],
    ['', 'default.example'],
  ])('for "%s" is of %s', async (host, want) => expect(await name(host)).toBe(want))

  test('for an address is the default one, and what its route asks of clients cannot be asked', async () => {
    const client = await connect(gateway.port, '', { ...(await partners.client()) })
    expect(client.socket.getPeerCertificate().subject.CN).toBe('default.example')
    expect(await client.ask('127.0.0.1')).toBe('200 127.0.0.1')
    expect(await client.ask('127.0.0.2')).toBe('421 misdirected')
    client.close()
  })

  test('curl, with its own checks, by TLS 1.2 and 1.3', async () => {
    const ca = `${gateway.program.folder}/ca.pem`
    gateway.program.write('../ca.pem', authority.cert)
    for (const version of ['1.2', '1.3']) {
      const args = ['-sS', '--cacert', ca, '--tlsv1.2', '--tls-max', version]
      const resolve = ['--resolve', `a.shop.example:${gateway.port}:127.0.0.1`]
      const url = `https://a.shop.example:${gateway.port}/`
      expect(execFileSync('curl', [...args, ...resolve, url], { encoding: 'utf8' })).toBe(
        'a.shop.example',
      )
    }
  })
})

describe('T1 names that are none', () => {
  const alert = (description: number) => Buffer.from([21, 3, 1, 0, 2, 2, description])

  test.each([
    { name: 'NUL', bytes: serverName('api\0.example'), want: alert(112) },
    { name: '255 bytes', bytes: serverName('a'.repeat(255)), want: alert(112) },
    { name: 'UTF-8', bytes: serverName(Buffer.from('bücher.example')), want: alert(112) },
    { name: 'an extension that is cut', bytes: Buffer.from([0, 0, 9, 9]), want: alert(50) },
  ])('$name gets an alert', async ({ bytes, want }) => {
    expect(await raw(gateway.port, recordsOf(helloOf(bytes)))).toEqual(want)
    expect(await get(gateway.port, 'a.shop.example')).toBe('200 a.shop.example')
  })

  test.each(['__proto__', 'constructor', '10.0.0.1'])('"%s" gets the default', async (host) => {
    const answer = await raw(gateway.port, recordsOf(helloOf(serverName(host))))
    // A ServerHello, and no alert before the clock of the handshake.
    expect(answer[0]).toBe(22)
  })
})

describe('T2 old versions and weak ciphers', () => {
  const refused = (options: tls.ConnectionOptions) => get(gateway.port, 'a.shop.example', options)

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (version) => {
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
    expect(await refused(old)).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/)
  })

  test.each(['AES128-SHA', 'AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-SHA', 'DES-CBC3-SHA'])(
    '%s is refused',
    async (ciphers) => {
      expect(await refused({ maxVersion: 'TLSv1.2', ciphers: `${ciphers}@SECLEVEL=0` })).toMatch(
        /HANDSHAKE_FAILURE|NO_CIPHER|EPROTO/,
      )
    },
  )

  test.each(['ffdhe2048', 'ffdhe8192', 'X448', 'P-521'])('group %s is refused', async (group) => {
    const options = { minVersion: 'TLSv1.3', ecdhCurve: group } as const
    expect(await refused(options)).toMatch(/HANDSHAKE_FAILURE|ILLEGAL_PARAMETER/)
  })

  test.each(['X25519', 'P-256', 'P-384'])('group %s is taken', async (group) => {
    expect(await refused({ minVersion: 'TLSv1.3', ecdhCurve: group })).toBe('200 a.shop.example')
  })

  test('renegotiation is refused', async () => {
    const { socket } = await connect(gateway.port, 'a.shop.example', { maxVersion: 'TLSv1.2' })
    const error = await new Promise((resolve) => {
      socket.on('error', resolve)
      socket.renegotiate({}, resolve)
    })
    expect(String(error)).toMatch(/renegotiation/i)
    socket.destroy()
  })

  test('1.2 is refused where a host wants 1.3', async () => {
    const at = (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
      get(gateway.port, 'new.shop.example', { maxVersion })
    expect(await at('TLSv1.2')).toMatch(/PROTOCOL_VERSION/)
    expect(await at('TLSv1.3')).toBe('200 new.shop.example')
  })
})

describe('T3 what is no handshake', () => {
  test('plain HTTP is closed at once, and nothing is answered', async () => {
    expect(await raw(gateway.port, Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'))).toEqual(
      Buffer.alloc(0),
    )
  })

  test('half a ClientHello, and none, are closed when the clock of the handshake runs out', async () => {
    const part = recordsOf(helloOf(serverName('a.shop.example'))).subarray(0, 20)
    const closed = [raw(gateway.port, part), raw(gateway.port)]
    expect(await Promise.all(closed)).toEqual([Buffer.alloc(0), Buffer.alloc(0)])
    const { text } = await gateway.program.ask('/metrics')
    const timeouts = valueIn(samplesOf(text), 'fairlead_tls_handshakes_total', {
      result: 'timeout',
    })
    expect(timeouts).toBeGreaterThanOrEqual(2)
  })

  test('a ClientHello in records of one byte is answered', async () => {
    const hello = recordsOf(helloOf(serverName('a.shop.example')), 1)
    expect((await raw(gateway.port, hello))[0]).toBe(22)
  })
})

test('clients that leave in the middle of a handshake, and right after it, do not count any more', async () => {
  const hello = recordsOf(helloOf(serverName('a.shop.example')))
  const leave = async (how: (socket: net.Socket) => void) => {
    const socket = net.connect({ port: gateway.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(hello)
    await once(socket, 'data')
    how(socket)
    await once(socket, 'close')
  }
  // More than one client address may have open (limits.connectionsPerClient).
  for (let round = 0; round < 12; round++) {
    await Promise.all([
      ...Array.from({ length: 40 }, () => leave((socket) => socket.end())),
      ...Array.from({ length: 40 }, () => leave((socket) => socket.resetAndDestroy())),
      ...Array.from({ length: 20 }, () => name('a.shop.example')),
    ])
  }
  expect(await get(gateway.port, 'a.shop.example')).toBe('200 a.shop.example')
})

test('T4 no early data is taken: openssl s_client is given tickets that allow none', () => {
  const where = ['-connect', `127.0.0.1:${gateway.port}`, '-servername', 'a.shop.example']
  // It reads on until the gateway, which waits for a request, closes.
  const { stdout } = spawnSync('openssl', ['s_client', ...where, '-tls1_3', '-ign_eof'], {
    input: '',
    encoding: 'utf8',
  })
  expect(stdout.match(/Max Early Data: \d+/g)).toEqual(['Max Early Data: 0', 'Max Early Data: 0'])
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('T5 sessions of %s', (version) => {
  const only = { minVersion: version, maxVersion: version } as const

  async function sessionOf(host: string, options: tls.ConnectionOptions = {}): Promise<Buffer> {
    const client = await connect(gateway.port, host, { ...only, ...options })
    const session = once(client.socket, 'session').then(([each]) => each as Buffer)
    expect(await client.ask(host)).toBe(`200 ${host}`)
    const found = await Promise.race([
      session,
      new Promise<Buffer>((resolve) => setTimeout(() => resolve(client.socket.getSession()!), 50)),
    ])
    client.close()
    return found
  }

  async function resumes(session: Buffer, host: string): Promise<boolean> {
    const client = await connect(gateway.port, host, { ...only, session })
    const reused = client.socket.isSessionReused()
    client.close()
    return reused
  }

  test('are resumed on their own host, and on no other', async () => {
    const session = await sessionOf('a.shop.example')
    expect(await resumes(session, 'a.shop.example')).toBe(true)
    for (const other of ['b.shop.example', 'strict.shop.example', 'plain.example', ''])
      expect(await resumes(session, other)).toBe(false)
  })

  test('are not resumed at all where a client shows its certificate', async () => {
    const session = await sessionOf('strict.shop.example', await partners.client())
    expect(await resumes(session, 'strict.shop.example')).toBe(false)
    expect(await resumes(session, 'a.shop.example')).toBe(false)
    const options = { ...only, session }
    expect(await get(gateway.port, 'strict.shop.example', options)).toBe(
      '400 client_certificate_required',
    )
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('T7 certificates of clients by %s', (version) => {
  const only = { minVersion: version, maxVersion: version } as const
  const ask = async (host: string, pair: object = {}) =>
    get(gateway.port, host, { ...only, ...pair })

  test('a good one is let in', async () => {
    expect(await ask('strict.shop.example', await partners.client())).toBe(
      '200 strict.shop.example',
    )
  })

  const bad = [
    { name: 'none', pair: async () => ({}), code: 'client_certificate_required' },
    { name: 'of another authority', pair: () => authority.client() },
    { name: 'expired', pair: () => partners.client({ validity: days(-9, -1) }) },
    { name: 'not valid yet', pair: () => partners.client({ validity: days(1, 9) }) },
    { name: 'of a server', pair: () => partners.client({ usage: 'server' }) },
  ]

  test.each(bad)('$name is refused before anything else', async ({ pair, code }) => {
    expect(await ask('strict.shop.example', await pair())).toBe(
      `400 ${code ?? 'client_certificate_invalid'}`,
    )
  })

  test('where one is asked for only, none is fine and a bad one is not', async () => {
    expect(await ask('asks.shop.example')).toBe('200 asks.shop.example')
    expect(await ask('asks.shop.example', await partners.client())).toBe('200 asks.shop.example')
    expect(await ask('asks.shop.example', await authority.client())).toBe(
      '400 client_certificate_invalid',
    )
  })

  test('authorities that cannot be found let nobody in', async () => {
    for (const pair of [{}, await partners.client(), await authority.client()])
      expect(await ask('nobody.shop.example', pair)).toMatch(/^400 client_certificate/)
  })

  test('a connection made for one host gets nothing of a host that wants more', async () => {
    const client = await connect(gateway.port, 'a.shop.example', only)
    expect(await client.ask('a.shop.example')).toBe('200 a.shop.example')
    expect(await client.ask('b.shop.example')).toBe('200 b.shop.example')
    for (const host of ['strict', 'stricter', 'asks', 'nobody'])
      expect(await client.ask(`${host}.shop.example`)).toBe('421 misdirected')
    expect(await client.ask('plain.example')).toBe('421 misdirected')
    client.close()
    const other = { ...only, ...(await partners.client()) }
    const partner = await connect(gateway.port, 'strict.shop.example', other)
    expect(await partner.ask('strict.shop.example')).toBe('200 strict.shop.example')
    expect(await partner.ask('stricter.shop.example')).toBe('421 misdirected')
    expect(await partner.ask('a.shop.example')).toBe('200 a.shop.example')
    partner.close()
  })
})

describe('without TLS', () => {
  const { port: plainPort } = { port: () => gateway.program.port }
  const plain = (host: string, ...fields: readonly string[]) => {
    const args = fields.flatMap((field) => ['-H', field])
    const resolve = ['--resolve', `${host}:${plainPort()}:127.0.0.1`]
    const format = '%{http_code} %{redirect_url} '
    const url = `http://${host}:${plainPort()}/x?y=1`
    return spawnSync('curl', ['-s', '-o', '-', '-w', format, ...resolve, ...args, url], {
      encoding: 'utf8',
    }).stdout
  }

  test('a host with TLS sends its clients there, path, query and port kept', () => {
    expect(plain('a.shop.example')).toBe(`308 https://a.shop.example:${gateway.port}/x?y=1 `)
    expect(plain('x.wild.example')).toBe(`308 https://x.wild.example:${gateway.port}/x?y=1 `)
  })

  test('Deny refuses, Allow serves, and so does a host without TLS', () => {
    expect(plain('deny.shop.example')).toMatch(/"code":"tls_required".*403/s)
    expect(plain('allow.shop.example')).toBe('allow.shop.example200  ')
    expect(plain('plain.example')).toBe('plain.example200  ')
  })

  test('what a client says of its protocol is not believed', () => {
    expect(plain('deny.shop.example', 'x-forwarded-proto: https')).toMatch(/tls_required/)
  })
})

describe('T7 a certificate that was revoked', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is refused by %s, another of the same authority is not',
    async (version) => {
      const only = { minVersion: version, maxVersion: version } as const
      const own = await startGateway([
        secret('shop', await authority.server('crl.shop.example')),
        bundle('partners', partners.cert, await partners.revocationList(revoked.cert)),
        route('crl.shop.example', shown('shop', wants('Require', 'partners'))),
      ])
      const at = (pair: object) => get(own.port, 'crl.shop.example', { ...only, ...pair })
      expect(await at(revoked)).toBe('400 client_certificate_invalid')
      expect(await at(await partners.client())).toBe('200 crl.shop.example')
      await own.close()
    },
  )

  test('a list that cannot be read lets nobody in, and the host is there all the same', async () => {
    const list = '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----'
    const own = await startGateway([
      secret('shop', await authority.server('crl.shop.example')),
      bundle('partners', partners.cert, list),
      route('crl.shop.example', shown('shop', wants('Require', 'partners'))),
    ])
    expect(await get(own.port, 'crl.shop.example', await partners.client())).toBe(
      '400 client_certificate_invalid',
    )
    const { text } = await own.program.ask('/debug/status')
    expect(text).toContain('CRL 1 of ca.crt cannot be read')
    await own.close()
  })
})
