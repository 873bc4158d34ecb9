import tls from 'node:tls'
import { createCompiler } from '../../src/controller/compile/compile.ts'
import { accessLine } from '../../src/proxy/stages/access-line.ts'
import { type Manifest, optionsOf, worldOf } from '../golden/case.ts'
import { selfSigned } from '../harness/certificate.ts'
import { RawClient } from '../harness/client.ts'
import { turns } from '../harness/deliver.ts'
import { type FakeClock, fakeClock } from '../harness/fake-clock.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { ok, type Seen, startUpstream, type Upstream } from '../harness/upstream.ts'
import { keyFor, type SigningKey, signatureOf } from '../tokens/keys.ts'

const issuer = 'https://login.example/'

/** One running gateway under settings that are edited while it runs, with a backend and time that stands still. */
export interface SettingsGateway {
  readonly clock: FakeClock
  readonly proxy: TestProxy
  readonly upstream: Upstream
  /** Takes over what a settings file would say. */
  set(document: unknown): void
  connect(): RawClient
  /** Status and body of one request on a connection of its own: `200 hello`; `closed` without an answer. */
  ask(target: string, ...fields: readonly string[]): Promise<string>
  /** A handshake: the oldest version that is offered is the newest. `TLSv1.3 a.example`, or `refused`. */
  handshake(version?: 'TLSv1.2' | 'TLSv1.3'): Promise<string>
  /** A good token; the number makes it another one, the length longer. */
  token(number: number, length?: number): string
  /** The last line of the access log. */
  logged(): Record<string, unknown>
  /** A request that the backend will not answer, in flight. */
  hold(): Promise<RawClient>
  /** The client of such a request goes away. */
  leave(client: RawClient): Promise<void>
  /** Lets time pass, and whoever wants to say something about it has said it. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

/** Answers `hello`, says `/hold…` nothing at all and `/endless…` without an end. */
function act(seen: Seen, part: string): void {
  if (!part.includes('\r\n\r\n') || part.includes(' /hold')) return
  if (!part.includes(' /endless')) return void seen.socket.write(ok())
  seen.socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n`)
  const pour = () => {
    while (!seen.socket.destroyed && seen.socket.write(Buffer.alloc(65_536)));
  }
  seen.socket.on('drain', pour)
  pour()
}

export async function startSettingsGateway(document: unknown = {}): Promise<SettingsGateway> {
  const clock = fakeClock()
  const key = keyFor('ES256', 'k')
  const upstream = await startUpstream(act)
  const proxy = await startProxy({ ports: [upstream.port], clock, https: true })
  const compile = createCompiler()
  const manifests = manifestsOf(upstream.port, key)
  const set = (settings: unknown) => {
    const all = [{ kind: 'CompileOptions', allowLoopback: true, settings }, ...manifests]
    proxy.proxy.apply(compile(worldOf(manifests), optionsOf(all)).snapshot)
  }
  set(document)
  const clients: RawClient[] = []
  const connect = () => {
    const client = new RawClient(proxy.port)
    clients.push(client)
    return client
  }
  const pass = async (ms: number) => {
    await turns(6)
    clock.advance(ms)
    await turns(6)
  }
  const { proxy: plane } = proxy
  return {
    clock,
    proxy,
    upstream,
    set,
    connect,
    async hold() {
      const client = connect().send('GET /hold HTTP/1.1\r\nhost: api.example\r\n\r\n')
      while (plane.inFlight === 0) await turns(1)
      return client
    },
    async leave(client) {
      client.socket.resetAndDestroy()
      while (plane.inFlight > 0) await turns(1)
    },
    pass,
    async ask(target, ...fields) {
      const client = connect()
      const lines = [`GET ${target} HTTP/1.1`, 'host: api.example', ...fields, 'connection: close']
      const text = await client.send(`${lines.join('\r\n')}\r\n\r\n`).untilOver()
      client.close()
      await turns(2)
      return summary(text)
    },
    handshake: (version = 'TLSv1.3') => handshakeWith(plane.httpsPort ?? 0, version),
    token: (number, length = 0) => tokenOf(key, clock, { n: number, pad: 'x'.repeat(length) }),
    logged() {
      const exchange = proxy.finished.at(-1)!
      const { accessLog } = exchange.runtime.snapshot.settings
      return JSON.parse(accessLine(exchange, true, 0, clock.wallMs(), accessLog))
    },
    close: async () => {
      for (const client of clients) client.close()
      await proxy.close()
      await upstream.close()
    },
  }
}

function handshakeWith(port: number, version: 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
  const versions = { minVersion: version, maxVersion: version }
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...versions })
  return new Promise((resolve) => {
    socket.on('error', () => resolve('refused'))
    socket.on('secureConnect', () => {
      resolve(`${socket.getProtocol()} ${socket.getPeerCertificate().subject.CN}`)
      socket.destroy()
    })
  })
}

/** `200 hello`, or what a client is told of a failure: `503 overloaded`. */
export function summary(text: string): string {
  if (text === '') return 'closed'
  const [, status = '', body = ''] = /^HTTP\/1\.1 (\d+).*?\r\n\r\n(.*)$/s.exec(text) ?? []
  const { code } = body.startsWith('{') ? (JSON.parse(body) as { code?: string }) : { code: body }
  return `${status} ${code}`.trim()
}

function tokenOf(key: SigningKey, clock: FakeClock, claims: object): string {
  const exp = Math.floor(clock.wallMs() / 1000) + 60
  const parts = [
    { alg: key.alg, kid: key.kid },
    { iss: issuer, aud: 'a', exp, ...claims },
  ]
  const text = parts
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${signatureOf(text, key.privateKey, key.alg).toString('base64url')}`
}

/** Two namespaces that claim one host, a rule of each kind that some guardrail is about. */
function manifestsOf(port: number, { jwk }: SigningKey): Manifest[] {
  const backends = [{ name: 'b', url: `http://127.0.0.1:${port}` }]
  const isPublic = { authorize: { public: true } }
  const by = (name: string) => ({ authorize: { anyOf: [{ authorizer: { name } }] } })
  const at = (prefix: string) => ({ name: prefix.slice(1), matches: [{ path: { prefix } }] })
  const jwks = { inline: JSON.stringify({ keys: [jwk] }) }
  return [
    object('ApiRoute', 'shop', 'api', {
      hostnames: ['api.example'],
      rules: [
        { ...isPublic, name: 'open', backends },
        { ...isPublic, ...at('/long'), backends, timeouts: { request: '20s' } },
        { ...by('tokens'), ...at('/closed'), backends },
      ],
    }),
    object('ApiRoute', 'other', 'api', {
      hostnames: ['api.example'],
      rules: [{ ...isPublic, ...at('/other'), respond: { status: 200, body: 'other' } }],
    }),
    certificate('shop', 'wildcard', 'a.example'),
    certificate('other', 'wildcard', 'b.example'),
    certificate('other', 'another', 'c.example'),
    object('ApiAuthorizer', 'shop', 'tokens', {
      jwt: { issuers: [{ issuer, audiences: ['a'], jwks }] },
    }),
  ]
}

function certificate(namespace: string, name: string, host: string): Manifest {
  const { cert, key } = selfSigned(host)
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { namespace, name },
    stringData: { 'tls.crt': cert, 'tls.key': key },
  }
}

const ages: Readonly<Record<string, string>> = {
  shop: '2026-01-01T00:00:00Z',
  other: '2026-02-01T00:00:00Z',
}

const object = (kind: string, namespace: string, name: string, spec: unknown): Manifest => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind,
  metadata: { namespace, name, creationTimestamp: ages[namespace] },
  spec,
})
