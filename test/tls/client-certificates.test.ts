import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import type { ConnectionOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pair } from '../../src/controller/publish/authority.ts'
import { newAuthority } from './authorities.ts'
import { bundle, connect, route, secret, startGateway, type TlsGateway } from './gateway.ts'

/** A host that requires a client certificate serves nobody without one, whatever way a connection came to be. */
const strict = 'strict.shop.example'
/** Of the same certificate and authorities. */
const twin = 'twin.shop.example'
const asks = 'asks.shop.example'
const open = 'open.shop.example'

let gateway: TlsGateway
let good: Pair
let stranger: Pair

beforeAll(async () => {
  const authority = await newAuthority('ours')
  const partners = await newAuthority('partners')
  good = await partners.client()
  stranger = await authority.client()
  const wants = (mode: string) => ({
    clientCertificate: { mode, caRefs: [{ name: 'partners' }] },
  })
  const shown = (rest: object = {}) => ({ tls: { secretRef: { name: 'shop' }, ...rest } })
  gateway = await startGateway([
    secret('shop', await authority.server('*.shop.example')),
    bundle('partners', partners.cert),
    route(strict, shown(wants('Require'))),
    route(twin, shown(wants('Require'))),
    route(asks, shown(wants('Optional'))),
    route(open, shown()),
  ])
  for (const [name, text] of Object.entries({ 'c.crt': good.cert, 'c.key': good.key }))
    writeFileSync(at(name), `${text}\n`)
})

afterAll(() => gateway.close())

const at = (name: string): string => `${gateway.program.folder}/${name}`

/** One connection, by the one protocol or the other. */
interface Client {
  ask(host: string): Promise<string>
  readonly isReused: boolean
  /** As the handshake, or what followed it, left it. */
  session(): Buffer | undefined
  close(): void
}

type Open = (servername: string, options: ConnectionOptions) => Promise<Client>

const overHttp1: Open = async (servername, options) => {
  let ticket: Buffer | undefined
  const { socket, ask, close } = await connect(gateway.port, servername, options)
  socket.on('session', (session: Buffer) => (ticket = session))
  const isReused = socket.isSessionReused()
  return { ask, isReused, session: () => ticket ?? socket.getSession(), close }
}

const overHttp2: Open = async (servername, options) => {
  let ticket: Buffer | undefined
  const { socket } = await connect(gateway.port, servername, { ...options, ALPNProtocols: ['h2'] })
  socket.on('session', (session: Buffer) => (ticket = session))
  expect(socket.alpnProtocol).toBe('h2')
  const session = http2.connect(`https://${servername}`, { createConnection: () => socket })
  const ask = async (host: string) => {
    const stream = session.request({ ':path': '/', ':authority': host })
    const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    let body = ''
    for await (const part of stream.setEncoding('utf8')) body += part as string
    const said = body.startsWith('{') ? (JSON.parse(body) as { code: string }).code : body
    return `${head[':status']} ${said}`
  }
  const isReused = socket.isSessionReused()
  const close = () => session.destroy()
  return { ask, isReused, session: () => ticket ?? socket.getSession(), close }
}

describe.each([
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const)('%s', (_protocol, opened) => {
  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('by %s', (version) => {
    const only = { minVersion: version, maxVersion: version } as const
    const start = (host: string, options: ConnectionOptions = {}) =>
      opened(host, { ...only, ...options })

    async function answerOf(host: string, options: ConnectionOptions = {}): Promise<string> {
      const client = await start(host, options)
      const answer = await client.ask(host)
      client.close()
      return answer
    }

    async function sessionOf(host: string, options: ConnectionOptions = {}): Promise<Buffer> {
      const client = await start(host, options)
      expect(await client.ask(host)).toBe(`200 ${host}`)
      const session = client.session()
      client.close()
      expect(session).toBeDefined()
      return session!
    }

    test('a new connection: none is 400, another authority’s is 400, a good one is let in', async () => {
      expect(await answerOf(strict)).toBe('400 client_certificate_required')
      expect(await answerOf(strict, { ...stranger })).toBe('400 client_certificate_invalid')
      expect(await answerOf(strict, { ...good })).toBe(`200 ${strict}`)
    })

    test('a resumed one: no session gets in, neither its own, nor one of another host', async () => {
      const sessions = [
        await sessionOf(strict, { ...good }),
        await sessionOf(twin, { ...good }),
        await sessionOf(asks, { ...good }),
        await sessionOf(asks),
        await sessionOf(open, { ...good }),
      ]
      for (const session of sessions) {
        const client = await start(strict, { session })
        expect(client.isReused).toBe(false)
        expect(await client.ask(strict)).toBe('400 client_certificate_required')
        client.close()
      }
      // That sessions are resumed at all: else all of this says nothing.
      const resumed = await start(open, { session: await sessionOf(open) })
      expect(resumed.isReused).toBe(true)
      expect(await resumed.ask(strict)).toBe('421 misdirected')
      expect(await resumed.ask(open)).toBe(`200 ${open}`)
      resumed.close()
    })

    test('a connection that is kept and was made for another host: 421, or 400', async () => {
      for (const [host, options, answer] of [
        [open, {}, '421 misdirected'],
        [open, good, '421 misdirected'],
        [asks, {}, '400 client_certificate_required'],
        [twin, {}, '400 client_certificate_required'],
        [twin, stranger, '400 client_certificate_invalid'],
        [twin, good, `200 ${strict}`],
      ] as const) {
        const client = await start(host, { ...options })
        await client.ask(host)
        expect([host, await client.ask(strict)]).toEqual([host, answer])
        expect([host, await client.ask(strict)]).toEqual([host, answer])
        client.close()
      }
    })
  })
})

describe('clients that people use', () => {
  test.each(['-tls1_2', '-tls1_3'])(
    'openssl s_client %s, with sessions that it has kept',
    (version) => {
      const ask = (host: string, ...args: readonly string[]) =>
        spawnSync(
          'openssl',
          [
            ...['s_client', '-connect', `127.0.0.1:${gateway.port}`, '-servername', host, version],
            ...['-ign_eof', ...args],
          ],
          {
            input: `GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
            encoding: 'utf8',
            timeout: 20_000,
          },
        ).stdout
      const pair = ['-cert', at('c.crt'), '-key', at('c.key')]
      const kept = at(`session${version}`)
      expect(ask(open, ...pair, '-sess_out', kept)).toMatch(/ 200 /)
      expect(ask(open, '-sess_in', kept)).toMatch(/^Reused, /m)
      const other = ask(strict, '-sess_in', kept)
      expect(other).toMatch(/^New, /m)
      expect(other).toMatch(/client_certificate_required/)
      expect(ask(strict, ...pair)).toMatch(/ 200 /)
      expect(ask(strict)).toMatch(/client_certificate_required/)
      // What it may keep of a host that asks for certificates leads nowhere.
      const own = at(`own${version}`)
      expect(ask(strict, ...pair, '-sess_out', own)).toMatch(/ 200 /)
      const again = existsSync(own) ? ask(strict, '-sess_in', own) : ask(strict)
      expect(again).toMatch(/^New, /m)
      expect(again).toMatch(/client_certificate_required/)
    },
  )

  const nghttp = 'nghttp'
  const hasNghttp = spawnSync(nghttp, ['--version']).status === 0
  if (!hasNghttp) process.stderr.write('!! SKIPPED, no nghttp: client certificates over HTTP/2\n')
  test.skipIf(!hasNghttp)('nghttp, with a certificate and without', () => {
    const ask = (...args: readonly string[]) =>
      execFileSync(
        nghttp,
        [...args, '-n', '-v', '-H', `:authority: ${strict}`, `https://127.0.0.1:${gateway.port}/`],
        { encoding: 'utf8' },
      )
    expect(ask()).toMatch(/:status: 400/)
    expect(ask('--cert', at('c.crt'), '--key', at('c.key'))).toMatch(/:status: 200/)
  })
})
