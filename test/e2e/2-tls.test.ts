import tls from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import { newAuthority } from '../tls/authorities.ts'
import { get } from '../tls/gateway.ts'
import { ask } from './ask.ts'
import { address, apply, kubectl, shop } from './cluster.ts'

const host = 'secure.shop.example'
const authority = await newAuthority('ours')
const partners = await newAuthority('partners')

let ip: string
beforeAll(async () => {
  ip = await address()
})

async function secret(commonName: string) {
  const { cert, key } = await authority.issue({ commonName, dnsNames: [host] })
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { namespace: shop, name: 'secure' },
    stringData: { 'tls.crt': cert, 'tls.key': key },
  }
}

const route = (clientCertificate: object = {}) => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ApiRoute',
  metadata: { namespace: shop, name: 'secure' },
  spec: {
    hostnames: [host],
    tls: { secretRef: { name: 'secure' }, ...clientCertificate },
    rules: [{ name: 'all', authorize: { public: true }, respond: { status: 200, body: host } }],
  },
})

const programmed = () =>
  kubectl('wait', '--for=condition=Programmed', 'apiroute/secure', '-n', shop, '--timeout=30s')

const secure = (options: tls.ConnectionOptions = {}) => get(443, host, { ...options, host: ip })

/** Who the certificate is of; the code of the failure when there is none. */
const shown = (): Promise<string> =>
  new Promise((resolve) => {
    const socket = tls.connect({ host: ip, port: 443, servername: host, rejectUnauthorized: false })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''))
    socket.on('secureConnect', () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
  })

describe('TLS', () => {
  test('without a certificate a handshake is refused by its alert', async () => {
    expect(await shown()).toBe('ERR_SSL_TLSV1_UNRECOGNIZED_NAME')
  })

  test('a Secret is shown, plaintext is sent to https, and a rotation takes over', async () => {
    await apply(await secret('first'), route())
    await programmed()
    expect(await secure()).toBe(`200 ${host}`)
    expect(await shown()).toBe('first')
    const { status, headers } = await ask(ip, { host })
    expect([status, headers['location']]).toEqual([308, `https://${host}/`])
    await apply(await secret('second'))
    while ((await shown()) !== 'second');
    expect(await secure()).toBe(`200 ${host}`)
  })

  test('certificates of clients are asked for as soon as the route wants them', async () => {
    await kubectl(
      ...['create', 'configmap', 'partners', '-n', shop, `--from-literal=ca.crt=${partners.cert}`],
    )
    const caRefs = [{ name: 'partners' }]
    await apply(route({ clientCertificate: { mode: 'Require', caRefs } }))
    await programmed()
    expect(await secure()).toBe('400 client_certificate_required')
    expect(await secure(await authority.client())).toBe('400 client_certificate_invalid')
    expect(await secure(await partners.client())).toBe(`200 ${host}`)
  })
})
