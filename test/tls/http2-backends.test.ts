import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Authority, newAuthority } from './authorities.ts'
import { bundle, get, route, secret, startGateway, type TlsGateway } from './gateway.ts'

/** HTTP/2 over TLS to backends: who they are, who we are, and that both speak it. */
const open: { close(): unknown }[] = []
let ours: Authority
let gateway: TlsGateway

const listening = async (server: tls.Server | http2.Http2SecureServer): Promise<number> => {
  server.on('tlsClientError', () => {}).on('sessionError', () => {})
  open.push(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()))
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  ours = await newAuthority('ours')
  const others = await newAuthority('others')
  const good = await ours.server('orders.internal')
  const asking = { requestCert: true, rejectUnauthorized: true, ca: ours.cert }
  const serving = (options: http2.SecureServerOptions) =>
    listening(
      http2.createSecureServer(options, (request, response) => {
        const { subject } = (request.socket as tls.TLSSocket).getPeerCertificate()
        const said = `${request.httpVersion} ${subject?.CN ?? 'nobody'}`
        response.writeHead(200, { 'content-length': said.length }).end(said)
      }),
    )
  const ports = {
    good: await serving(good),
    stranger: await serving(await others.server('orders.internal')),
    misnamed: await serving(await ours.server('users.internal')),
    asks: await serving({ ...good, ...asking }),
    shown: await serving({ ...good, ...asking }),
    // They speak TLS and nothing that was offered.
    mute: await listening(tls.createServer(good, (socket) => void socket.on('error', () => {}))),
    older: await listening(
      tls.createServer(
        { ...good, ALPNProtocols: ['http/1.1'] },
        (socket) => void socket.on('error', () => {}),
      ),
    ),
  }
  const spec = (name: string, port: number) => ({
    rules: [
      {
        name: 'all',
        authorize: { public: true },
        retry: { attempts: 0 },
        backends: [
          {
            name,
            url: `https://127.0.0.1:${port}`,
            protocol: 'HTTP2',
            tls: {
              serverName: 'orders.internal',
              caRef: { name: 'ours' },
              ...(name === 'shown' && { clientCertificateRef: { name: 'gateway' } }),
            },
          },
        ],
      },
    ],
    tls: { secretRef: { name: 'front' } },
  })
  gateway = await startGateway([
    bundle('ours', ours.cert),
    secret('front', await ours.server(...Object.keys(ports).map((name) => `${name}.example`))),
    secret('gateway', await ours.client({ commonName: 'gateway' })),
    ...Object.entries(ports).map(([name, port]) => {
      const { spec: usual, ...rest } = route(`${name}.example`)
      return { ...rest, spec: { ...usual, ...spec(name, port) } }
    }),
  ])
})

afterAll(async () => {
  await gateway.close()
  for (const each of open) each.close()
})

test.each([
  ['good', '200 2.0 nobody'],
  ['shown', '200 2.0 gateway'],
  ['stranger', '502 upstream_tls_failed'],
  ['misnamed', '502 upstream_tls_failed'],
  ['mute', '502 upstream_protocol_error'],
  ['older', '502 upstream_'],
])('a backend that is %s: %s', async (name, said) => {
  expect(await get(gateway.port, `${name}.example`)).toMatch(new RegExp(`^${said}`))
})

test('one that wants a certificate and gets none: 502', async () => {
  expect(await get(gateway.port, 'asks.example')).toMatch(/^502 upstream_/)
})
