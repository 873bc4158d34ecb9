import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createAuthority, issueCertificate } from '../../src/controller/publish/authority.ts'
import type { UpstreamTls } from '../../src/model/cluster.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { backendsPage } from '../../src/proxy/runtime/backends-page.ts'
import { RawClient } from '../harness/client.ts'
import { snapshotOf, startProxy } from '../harness/proxy.ts'
import { ok, startUpstream } from '../harness/upstream.ts'
import { startHttp2 } from '../http2-backend/backend.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

/** One request to a backend that is changed by `own`; what the client got, the log has, and the admin port shows. */
async function ask(
  own: (port: number) => object,
  close: boolean,
  secure?: { readonly tls: UpstreamTls; readonly secrets: Snapshot['secrets'] },
) {
  const upstream = await startUpstream(({ socket }) => socket.end(ok()))
  const proxy = await startProxy({ ports: [upstream.port] })
  open.push(proxy)
  const snapshot = snapshotOf({ ports: [upstream.port] })
  const clusters = snapshot.clusters.map((cluster) => ({
    ...cluster,
    id: 'other',
    ...(secure && { tls: secure.tls }),
    target: { ...cluster.target, ...own(upstream.port) } as typeof cluster.target,
  }))
  const hosts = JSON.parse(
    JSON.stringify(snapshot.hosts).replaceAll(`"c${upstream.port}"`, '"other"'),
  ) as typeof snapshot.hosts
  const renamed = hosts.map((host) => ({ ...host, digest: 'other' }))
  const secrets = secure?.secrets ?? snapshot.secrets
  proxy.proxy.apply({ ...snapshot, hosts: renamed, clusters, secrets, digest: 'other' })
  if (close) await upstream.close()
  else open.push(upstream)
  const client = new RawClient(proxy.port)
  open.push(client)
  const answer = await client
    .send('POST / HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    .untilOver()
  const [page] = backendsPage(proxy.proxy.runtime) as {
    readonly endpoints: readonly { readonly lastFailure: unknown }[]
  }[]
  const attempts = proxy.finished.at(-1)?.attempts?.map(({ outcome, reason }) => [outcome, reason])
  return { answer, attempts, lastFailure: page?.endpoints[0]?.lastFailure }
}

const at = expect.stringMatching(/^20/) as unknown

test('a refused connection says so to whoever runs the gateway, and not to the client', async () => {
  const { answer, attempts, lastFailure } = await ask(() => ({}), true)
  expect(attempts?.at(-1)).toEqual(['connect_failed', 'ECONNREFUSED'])
  expect(lastFailure).toEqual({ outcome: 'connect_failed', reason: 'ECONNREFUSED', at })
  expect(answer).toMatch(/^HTTP\/1.1 502 /)
  expect(answer).not.toContain('ECONNREFUSED')
})

test('TLS with a backend that speaks none names what the handshake met, from a closed list', async () => {
  const { answer, attempts, lastFailure } = await ask(() => ({ scheme: 'https' }), false)
  const [outcome, reason] = attempts?.at(-1) ?? []
  expect([outcome, reason]).toEqual(['upstream_tls_failed', 'no_tls_spoken'])
  expect(lastFailure).toEqual({ outcome, reason, at })
  expect(answer).not.toContain(reason)
})

test('C6: an address that no backend may have is refused by its own name', async () => {
  const { attempts } = await ask(
    (port) => ({
      kind: 'service',
      namespace: 'a',
      service: 'b',
      port: 80,
      endpoints: [{ address: '169.254.169.254', port, state: 'ready' }],
    }),
    false,
  )
  expect(attempts?.at(-1)).toEqual(['connect_failed', 'address_refused'])
})

test('a certificate of a CA that is not known is a failure of TLS, and named', async () => {
  const validity = { fromWallMs: Date.now() - 60_000, untilWallMs: Date.now() + 3_600_000 }
  const authority = await createAuthority('private', validity)
  const about = { commonName: 'orders', dnsNames: ['orders.example'], usage: 'server' as const }
  const server = https.createServer(await issueCertificate(authority, { ...about, validity }))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  open.push(server)
  const { port } = server.address() as AddressInfo
  const { answer, attempts } = await ask(() => ({ scheme: 'https', port }), false)
  expect(attempts?.at(-1)).toEqual(['upstream_tls_failed', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])
  expect(answer).toContain('upstream_tls_failed')
})

test.each([
  ['TLSv1.2', ['upstream_tls_failed', 'handshake_refused']],
  ['TLSv1.3', ['upstream_reset', 'client_certificate_wanted']],
] as const)('a backend that wants a client certificate, %s', async (version, told) => {
  const validity = { fromWallMs: Date.now() - 60_000, untilWallMs: Date.now() + 3_600_000 }
  const authority = await createAuthority('private', validity)
  const about = { commonName: 'orders', dnsNames: ['orders.example'], usage: 'server' as const }
  const pair = await issueCertificate(authority, { ...about, validity })
  const mutual = { requestCert: true, ca: authority.cert, minVersion: version, maxVersion: version }
  const server = https.createServer({ ...pair, ...mutual })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  open.push(server)
  const { port } = server.address() as AddressInfo
  const { attempts } = await ask(() => ({ scheme: 'https', port }), false, {
    tls: { serverName: 'orders.example', authorities: 'ca' },
    secrets: { ca: authority.cert },
  })
  expect(attempts?.at(-1)).toEqual(told)
})

test('a backend that speaks nothing but HTTP/2 is told from one that broke off', async () => {
  const { port, close } = await startHttp2((stream) => stream.respond({}, { endStream: true }))
  open.push({ close })
  const { answer, attempts } = await ask(() => ({ port }), false)
  expect(attempts?.at(-1)?.[1]).toBe('http2_spoken')
  expect(answer).toMatch(/^HTTP\/1.1 502 /)
  expect(answer).not.toContain('http2_spoken')
})
