import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import http2 from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pair } from '../../src/controller/publish/authority.ts'
import { RawClient } from '../harness/client.ts'
import { answering, ok, startUpstream, type Upstream } from '../harness/upstream.ts'
import { newAuthority } from './authorities.ts'
import { bundle, connect, route, secret, startGateway, type TlsGateway } from './gateway.ts'

/** Authorizers of the kind `mtls`, on hosts that want a client certificate and on those that may do without. */
let gateway: TlsGateway
let upstream: Upstream
let orders: Pair
let pinned: Pair
let other: Pair

const fingerprintOf = ({ cert }: Pair) => new X509Certificate(cert).fingerprint256

beforeAll(async () => {
  upstream = await startUpstream(answering(ok()))
  const authority = await newAuthority('ours')
  const partners = await newAuthority('partners')
  orders = await partners.client({ uris: ['spiffe://shop/orders'], dnsNames: ['orders.example'] })
  pinned = await partners.client({ uris: ['spiffe://shop/pinned'] })
  other = await partners.client({ uris: ['spiffe://shop/orders2'] })
  const authorizer = (name: string, mtls: object) => ({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiAuthorizer',
    metadata: { name },
    spec: { mtls },
  })
  const tls = (mode: string) => ({
    secretRef: { name: 'shop' },
    plaintext: 'Allow',
    clientCertificate: { mode, caRefs: [{ name: 'partners' }] },
  })
  const backends = [{ name: 'b', url: `http://127.0.0.1:${upstream.port}` }]
  const rules = [
    {
      name: 'open',
      matches: [{ path: { prefix: '/open' } }],
      authorize: { public: true },
      backends,
    },
    {
      name: 'all',
      authorize: { anyOf: [{ authorizer: { name: 'orders' } }] },
      backends,
    },
    {
      name: 'both',
      matches: [{ path: { prefix: '/both' } }],
      authorize: {
        allOf: [{ authorizer: { name: 'orders' } }, { authorizer: { name: 'pinned' } }],
      },
      backends,
    },
  ]
  const forward = {
    headers: [
      { header: 'x-client-name', from: 'subjectAltName' },
      { header: 'x-client-key', from: 'fingerprint' },
    ],
  }
  gateway = await startGateway([
    secret('shop', await authority.server('*.shop.example')),
    bundle('partners', partners.cert),
    authorizer('orders', {
      subjectAltNames: ['URI:spiffe://shop/orders'],
      fingerprints: [fingerprintOf(pinned)],
      forward,
    }),
    authorizer('pinned', { fingerprints: [fingerprintOf(pinned)] }),
    {
      ...route('asks.shop.example'),
      spec: { hostnames: ['asks.shop.example'], tls: tls('Optional'), rules },
    },
    // One route alone that asks for no certificate, and for an authorizer of certificates, is refused when it is written.
    {
      ...route('free.shop.example'),
      spec: { hostnames: ['free.shop.example'], rules },
    },
    {
      ...route('free.shop.example'),
      metadata: { name: 'free-tls', namespace: 'default' },
      spec: {
        hostnames: ['free.shop.example'],
        tls: { secretRef: { name: 'shop' } },
        rules: [
          {
            name: 'other',
            matches: [{ path: { exact: '/other' } }],
            authorize: { public: true },
            respond: { status: 204 },
          },
        ],
      },
    },
  ])
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function ask(pair: Pair | undefined, path = '/', host = 'asks.shop.example') {
  const client = await connect(gateway.port, host, { ...pair })
  const answer = await client.ask(host, path)
  client.close()
  return answer
}

describe('an authorizer of client certificates', () => {
  test('lets in who has one of its names, or one of its fingerprints', async () => {
    expect(await ask(orders)).toBe('200 hello')
    expect(await ask(pinned)).toBe('200 hello')
    expect(await ask(pinned, '/both')).toBe('200 hello')
  })

  test('403 for another of the same authority, also where a name is only longer', async () => {
    expect(await ask(other)).toBe('403 denied')
    expect(await ask(orders, '/both')).toBe('403 denied')
  })

  test('401 without one, over TLS, where none is asked for, and in plaintext', async () => {
    expect(await ask(undefined)).toBe('401 credentials_missing')
    expect(await ask(orders, '/', 'free.shop.example')).toBe('401 credentials_missing')
    const plain = new RawClient(gateway.program.port).send(
      'GET / HTTP/1.1\r\nhost: asks.shop.example\r\n\r\n',
    )
    const text = await plain.until(/\}$/)
    expect(text).toMatch(/^HTTP\/1\.1 401 /)
    expect(text).toContain('www-authenticate: ClientCertificate realm="default/orders"\r\n')
    plain.leave()
  })

  test('401 on a host that asks for none, whatever the connection was made for', async () => {
    const client = await connect(gateway.port, 'asks.shop.example', { ...orders })
    expect(await client.ask('asks.shop.example')).toBe('200 hello')
    // Somebody else's authorities have judged this certificate.
    expect(await client.ask('free.shop.example')).toBe('401 credentials_missing')
    client.close()
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'T5 R9 streams of one connection, by %s, get of each host what it gives',
    async (version) => {
      const of = (servername: string, pair?: Pair) => {
        const url = `https://127.0.0.1:${gateway.port}`
        const only = { minVersion: version, maxVersion: version, rejectUnauthorized: false }
        return http2.connect(url, { servername, ...only, ...pair })
      }
      const statusOf = async (session: http2.ClientHttp2Session, host: string) => {
        const stream = session.request({ ':path': '/', ':authority': host })
        const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
        stream.close()
        return head[':status']
      }
      const asks = 'asks.shop.example'
      const free = 'free.shop.example'
      const holder = of(asks, orders)
      expect(await Promise.all([asks, free, asks].map((host) => statusOf(holder, host)))).toEqual([
        200, 401, 200,
      ])
      const nobody = of(free, orders)
      expect(await Promise.all([free, asks].map((host) => statusOf(nobody, host)))).toEqual([
        401, 421,
      ])
      holder.destroy()
      nobody.destroy()
    },
  )

  test('tells the backend who it is, and nobody else can', async () => {
    await ask(orders)
    const head = upstream.connections.at(-1)?.text ?? ''
    expect(head.slice(head.lastIndexOf('GET /'))).toMatch(
      /\r\nx-client-name: URI:spiffe:\/\/shop\/orders\r\nx-client-key: [0-9a-f]{64}\r\n/,
    )
    const { socket, close } = await connect(gateway.port, 'asks.shop.example')
    socket.write(
      'GET /open/spoofed HTTP/1.1\r\nhost: asks.shop.example\r\nX-Client-Name: URI:spiffe://shop/orders\r\nx-client-key: 00\r\n\r\n',
    )
    await new Promise((resolve) => socket.once('data', resolve))
    close()
    const all = upstream.text()
    const spoofed = all.slice(all.indexOf('GET /open/spoofed'))
    expect(spoofed).toMatch(/^GET \/open\/spoofed HTTP\/1\.1\r\n/)
    expect(spoofed.slice(0, spoofed.indexOf('\r\n\r\n'))).not.toMatch(/x-client/i)
  })
})
