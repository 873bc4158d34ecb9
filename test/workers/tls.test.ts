import type { ConnectionOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, newAuthority } from '../tls/authorities.ts'
import {
  bundle,
  type Connected,
  connect,
  route,
  secret,
  startGateway,
  type TlsGateway,
  yamlOf,
} from '../tls/gateway.ts'

const open = 'api.shop.example'
const strict = 'strict.shop.example'

let authority: Authority
let partners: Authority
let gateway: TlsGateway

interface Runtimes {
  readonly workers: readonly { readonly answer: { readonly connections: number } }[]
}

interface Status {
  readonly digest: string
  readonly applied: boolean
}

const documents = async (name: string) => [
  secret('shop', await authority.issue({ commonName: name, dnsNames: [open, strict] })),
  bundle('partners', partners.cert),
  route(open, { tls: { secretRef: { name: 'shop' } } }),
  route(strict, {
    tls: {
      secretRef: { name: 'shop' },
      clientCertificate: { mode: 'Require', caRefs: [{ name: 'partners' }] },
    },
  }),
]

beforeAll(async () => {
  authority = await newAuthority('ours')
  partners = await newAuthority('partners')
  gateway = await startGateway(await documents('first'), {}, { flags: ['--workers', '2'] })
}, 60_000)

afterAll(() => gateway?.close())

/** Clients of which each worker has some. */
async function onBoth(host: string, options: ConnectionOptions = {}): Promise<Connected[]> {
  const clients: Connected[] = []
  for (;;) {
    const more = Array.from({ length: 16 }, () => connect(gateway.port, host, options))
    clients.push(...(await Promise.all(more)))
    const { text } = await gateway.program.ask('/debug/runtime')
    const { workers } = JSON.parse(text) as Runtimes
    if (workers.length === 2 && workers.every(({ answer }) => answer.connections > 2))
      return clients
  }
}

async function answersOf(clients: readonly Connected[], host: string): Promise<Set<string>> {
  const answers = await Promise.all(clients.map((client) => client.ask(host)))
  for (const client of clients) client.close()
  return new Set(answers)
}

const nameOf = ({ socket }: Connected): string => String(socket.getPeerCertificate().subject.CN)

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('two workers with %s', (version) => {
  const only = { minVersion: version, maxVersion: version } as const

  async function sessionOf(host: string): Promise<Buffer> {
    const client = await connect(gateway.port, host, only)
    const session = new Promise<Buffer>((resolve) => client.socket.once('session', resolve))
    await client.ask(host)
    const found = version === 'TLSv1.2' ? client.socket.getSession()! : await session
    client.close()
    return found
  }

  test('both serve', async () => {
    expect(await answersOf(await onBoth(open, only), open)).toEqual(new Set([`200 ${open}`]))
  })

  test('T5 a session is resumed by the worker that made it; the other makes a new one, and no handshake fails', async () => {
    const session = await sessionOf(open)
    const seen = new Set<boolean>()
    while (seen.size < 2) {
      const clients = await onBoth(open, { ...only, session })
      for (const { socket } of clients) seen.add(socket.isSessionReused())
      expect(await answersOf(clients, open)).toEqual(new Set([`200 ${open}`]))
    }
  })

  test('a host that wants a client certificate gets one at both, or answers 400', async () => {
    const own = await partners.client()
    const good = await onBoth(strict, { ...only, ...own })
    expect(await answersOf(good, strict)).toEqual(new Set([`200 ${strict}`]))
    const none = await onBoth(strict, { ...only, session: await sessionOf(open) })
    expect(none.filter(({ socket }) => socket.isSessionReused())).toEqual([])
    expect(await answersOf(none, strict)).toEqual(new Set(['400 client_certificate_required']))
    expect(await answersOf(await onBoth(open, only), strict)).toEqual(new Set(['421 misdirected']))
  })
})

test('T6 a Secret that is rotated is shown by both once it is applied, and no handshake fails meanwhile', async () => {
  for (const name of ['second', 'third', 'fourth']) {
    const kept = await onBoth(open)
    const before = await gateway.program.until<Status>('/debug/status', () => true)
    gateway.program.write('all.yaml', yamlOf(await documents(name)))
    let isApplied = false
    const load = (async () => {
      while (!isApplied) {
        const clients = await Promise.all(
          Array.from({ length: 4 }, () => connect(gateway.port, open)),
        )
        expect(await answersOf(clients, open)).toEqual(new Set([`200 ${open}`]))
      }
    })()
    await gateway.program.until<Status>(
      '/debug/status',
      ({ applied, digest }) => applied && digest !== before.digest,
    )
    isApplied = true
    await load
    const fresh = await onBoth(open)
    expect(new Set(fresh.map(nameOf))).toEqual(new Set([name]))
    expect(await answersOf([...kept, ...fresh], open)).toEqual(new Set([`200 ${open}`]))
  }
})
