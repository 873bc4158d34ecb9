import net from 'node:net'
import tls from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { frame } from '../../src/model/frame.ts'
import { encodeProxyMessage, pushPath } from '../../src/model/push-message.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { startRelay } from './relay.ts'
import { authority, serverName, snapshotOf, startFeed, startServer, until } from './set-up.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const a = snapshotOf('a.example')
const patienceMs = 400

async function leading(own: Parameters<typeof startServer>[0] = {}) {
  const started = await startServer({ patienceMs, ...own })
  open.push(() => started.server.close())
  started.server.lead(1)
  started.server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
  return started
}

/** A connection over which anything may be said, and all that came back. */
class Peer {
  text = ''
  readonly socket: net.Socket
  readonly over: Promise<void>

  constructor(socket: net.Socket) {
    this.socket = socket
    open.push(() => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    this.over = new Promise((resolve) => socket.on('close', () => resolve()))
  }

  say(text: string | Buffer): this {
    this.socket.write(text)
    return this
  }

  get status(): string {
    return this.text.slice(9, 12)
  }
}

const overTls = (port: number): Peer =>
  new Peer(tls.connect({ port, host: '127.0.0.1', servername: serverName, ca: authority.cert }))
const overTcp = (port: number): Peer => new Peer(net.connect({ port, host: '127.0.0.1' }))

const head = (token: string, more = ''): string =>
  `POST ${pushPath} HTTP/1.1\r\nhost: ${serverName}\r\n${token === '' ? '' : `authorization: Bearer ${token}\r\n`}${more}\r\n`
const chunked = 'transfer-encoding: chunked\r\n'
const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
const helloOf = (name: string): Buffer =>
  chunk(
    frame(
      encodeProxyMessage({
        type: 'hello',
        protocol: 1,
        version: '1',
        name,
        namespace: 'shop',
        epoch: 0,
        sequence: 0,
        digest: '',
      }),
    ),
  )

/** A proxy that is served as if there was nobody else. */
async function canary(port: number, token = 'canary'): Promise<void> {
  const { intake, feed } = startFeed([port], { token })
  await until(() => intake.held?.snapshot.digest === a.digest)
  feed.close()
}

describe('K11: who shows nothing gets nothing', () => {
  test.each<[string, string, string]>([
    ['no token', head(''), '401'],
    ['a token that is none', head('bad'), '401'],
    [
      'a token with a line break in it',
      `${head('x').slice(0, -2)}authorization: Bearer y\r\n\r\n`,
      '401',
    ],
    ['a token of 17 KB', head('x'.repeat(17 * 1024)), '431'],
    ['another path', `POST /v2/configuration HTTP/1.1\r\nhost: x\r\n\r\n`, '404'],
    ['another method', `GET ${pushPath} HTTP/1.1\r\nhost: x\r\n\r\n`, '404'],
    [
      'an upgrade',
      `GET ${pushPath} HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n`,
      '404',
    ],
    ['a head of 1 MB', head('good', `x: ${'y'.repeat(1_000_000)}\r\n`), '431'],
    ['garbage', '\0\r\n\r\n', '400'],
  ])('K11: %s', async (_, text, status) => {
    const { server, port } = await leading({
      review: async (token) =>
        token === 'canary' ? { namespace: 'shop', name: token, goodForMs: 1e9 } : undefined,
    })
    const peer = overTls(port).say(text)
    await peer.over
    expect(peer.status).toBe(status)
    expect(peer.text).not.toContain('a.example')
    expect(server.proxies).toEqual([])
    await canary(port)
  })

  test('K11: a giant body is not read without credentials', async () => {
    const { port } = await leading()
    const size = 256 * 1024 * 1024
    const peer = overTls(port).say(head('bad', `content-length: ${size}\r\n`))
    let sent = 0
    const part = Buffer.alloc(1024 * 1024)
    const isOver = peer.over.then(() => 'over')
    while (sent < size) {
      sent += part.length
      if (!peer.socket.write(part)) {
        const drained = new Promise((resolve) => peer.socket.once('drain', () => resolve('on')))
        if ((await Promise.race([drained, isOver])) === 'over') break
      }
      if (peer.socket.destroyed) break
    }
    await peer.over
    expect(sent).toBeLessThan(64 * 1024 * 1024)
    await canary(port)
  })
})

describe('K11: who takes their time', () => {
  test('K11: hundreds that connect and say nothing, or no more than half a head, are sent away, and a proxy is served meanwhile', async () => {
    const { port } = await leading()
    const silent = Array.from({ length: 200 }, () => overTcp(port))
    const half = Array.from({ length: 50 }, () => overTls(port).say(head('a').slice(0, 40)))
    await canary(port)
    await Promise.all([...silent, ...half].map((peer) => peer.over))
    await canary(port)
  })

  test('K11: a head that comes byte by byte is not waited for', async () => {
    const { server, port } = await leading()
    const peer = overTls(port)
    const bytes = Buffer.from(head('slow', `x: ${'y'.repeat(10_000)}\r\n`))
    let at = 0
    const timer = setInterval(() => {
      if (!peer.socket.destroyed) peer.say(bytes.subarray(at, ++at))
    }, 20)
    open.push(() => clearInterval(timer))
    await peer.over
    expect(at).toBeLessThan(bytes.length)
    expect(server.proxies).toEqual([])
  })

  test('K11: credentials without a hello: ten seconds, and nothing of the configuration', async () => {
    const clock = fakeClock()
    const { server, port } = await leading({ clock })
    const peer = overTls(port).say(head('a', chunked))
    await until(() => peer.text.includes('"type":"hello"'))
    clock.advance(9_900)
    expect(peer.socket.destroyed).toBe(false)
    clock.advance(200)
    await peer.over
    expect(peer.text).not.toContain('a.example')
    expect(server.proxies).toEqual([])
  })
})

describe('K11: who was somebody once', () => {
  test('K11: what a proxy has said before, said again by somebody with another token, opens nothing', async () => {
    const { server, port } = await leading()
    const recorded = helloOf('a')
    const first = overTls(port).say(head('a', chunked)).say(recorded)
    await until(() => first.text.includes('a.example'))
    const replay = overTls(port).say(head('b', chunked)).say(recorded)
    await replay.over
    expect(replay.text).not.toContain('a.example')
    const withoutToken = overTls(port).say(head('', chunked)).say(recorded)
    await withoutToken.over
    expect(withoutToken.status).toBe('401')
    expect(server.proxies.map(({ name }) => name)).toEqual(['a'])
  })

  test('K11: a hello that is repeated within a session ends it', async () => {
    const { server, port } = await leading()
    const peer = overTls(port).say(head('a', chunked)).say(helloOf('a')).say(helloOf('a'))
    await peer.over
    expect(server.proxies).toEqual([])
  })

  test('K11: an expired token ends the session; what the proxy has stays, and a new token opens the next one', async () => {
    const clock = fakeClock()
    let isGood = true
    const { server, port } = await leading({
      clock,
      review: async (name) => (isGood ? { namespace: 'shop', name, goodForMs: 60_000 } : undefined),
    })
    const relay = await startRelay(port)
    open.push(() => relay.close())
    const { intake, problems, feed } = startFeed([relay.port])
    open.push(() => feed.close())
    const pongs = () => relay.up.filter((text) => text.includes('"pong"')).length
    await until(() => server.proxies[0]?.acknowledged !== undefined)
    isGood = false
    for (let answered = 1; answered <= 5; answered++) {
      clock.advance(10_000)
      await until(() => pongs() === answered)
    }
    expect(server.proxies).toHaveLength(1)
    clock.advance(10_000)
    await until(() => problems.some((problem) => problem?.includes('401') === true))
    expect(server.proxies).toEqual([])
    expect(intake.held?.snapshot.digest).toBe(a.digest)
    isGood = true
    await until(() => server.proxies[0]?.acknowledged !== undefined)
  })

  test('K11: a giant answer of a proxy ends its session', async () => {
    const { server, port } = await leading()
    const peer = overTls(port).say(head('a', chunked)).say(helloOf('a'))
    await until(() => server.proxies.length === 1)
    peer.say(chunk(Buffer.from([0x7f, 255, 255, 255])))
    await peer.over
    expect(server.proxies).toEqual([])
    await canary(port)
  })
})
