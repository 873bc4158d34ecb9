import v8 from 'node:v8'
import { preface } from '../../src/proxy/http2/frame.ts'
import type { RawClient } from '../harness/client.ts'
import { turns } from '../harness/deliver.ts'
import { type SettingsGateway, summary } from './gateway.ts'

/** What a setting is good for: a gateway does one thing under the defaults and another when the setting is edited. */
export interface Effect {
  /** `limits.target`. */
  readonly field: string
  readonly value: unknown
  /** Settings that are in force before and after. */
  readonly beside?: Readonly<Record<string, unknown>>
  readonly probe: (gateway: SettingsGateway) => Promise<unknown>
  readonly before: unknown
  readonly after: unknown
}

const head = (target: string, ...fields: readonly string[]): string =>
  [`GET ${target} HTTP/1.1`, 'host: api.example', ...fields, '', ''].join('\r\n')

const post = (body: string): string =>
  `POST / HTTP/1.1\r\nhost: api.example\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${body}`

async function sent(gateway: SettingsGateway, text: string): Promise<string> {
  return summary(await gateway.connect().send(text).untilOver())
}

/** A connection that has been answered once and is kept. */
async function kept(gateway: SettingsGateway): Promise<RawClient> {
  const client = gateway.connect()
  await client.send(head('/')).until(/hello$/)
  client.text = ''
  return client
}

/** `open` or what is left of a connection after so much time. */
async function after(gateway: SettingsGateway, client: RawClient, ms: number): Promise<string> {
  await gateway.pass(ms)
  if (!client.over && !client.socket.readableEnded) return 'open'
  return summary(client.text)
}

/** Whether all of so many requests with good tokens are served that come at the same moment. */
async function servedAtOnce(gateway: SettingsGateway, requests: number): Promise<string> {
  const clients = Array.from({ length: requests }, () => gateway.connect())
  await Promise.all(clients.map((client) => client.connected()))
  await turns(requests + 2)
  clients.forEach((client, i) => {
    const authorization = `authorization: Bearer ${gateway.token(i)}`
    client.send(head('/closed', authorization, 'connection: close'))
  })
  const texts = await Promise.all(clients.map((client) => client.untilOver()))
  return texts.every((text) => summary(text) === '200 hello') ? 'all' : 'some'
}

/** Resolves when no byte moves any more between backend and client. */
async function stalled({ proxy, upstream, pass }: SettingsGateway): Promise<void> {
  const waits = () => upstream.connections.at(-1)?.socket.writableNeedDrain === true
  for (let still = 0; still < 20; ) {
    await pass(0)
    still = proxy.proxy.inFlight === 1 && waits() ? still + 1 : 0
  }
}

/** So many percent of the memory that the heap may have. */
const heap = (percent: number): number[] =>
  new Array(Math.ceil((v8.getHeapStatistics().heap_size_limit * percent) / 100 / 8)).fill(0.5)

const exposition = ({ proxy }: SettingsGateway): Promise<string> =>
  proxy.proxy.runtime.metrics.metrics.exposition()

const limits: readonly Effect[] = [
  {
    field: 'limits.target',
    value: 256,
    probe: (gateway) => gateway.ask(`/${'a'.repeat(300)}`),
    before: '200 hello',
    after: '414 uri_too_long',
  },
  {
    field: 'limits.headerBytes',
    value: '1Ki',
    probe: (gateway) => gateway.ask('/', `x-a: ${'a'.repeat(1024)}`),
    before: '200 hello',
    after: '431 headers_too_large',
  },
  {
    field: 'limits.headerCount',
    value: 3,
    probe: (gateway) => gateway.ask('/', 'x-a: 1', 'x-b: 1'),
    before: '200 hello',
    after: '431 headers_too_large',
  },
  {
    field: 'limits.chunkExtensions',
    value: 1,
    probe: (gateway) => sent(gateway, post('1;a=b\r\nx\r\n0\r\n\r\n')),
    before: '200 hello',
    after: '400 bad_request',
  },
  {
    field: 'limits.trailerBytes',
    value: 1,
    probe: (gateway) => sent(gateway, post('1\r\nx\r\n0\r\na: b\r\n\r\n')),
    before: '200 hello',
    after: '400 bad_request',
  },
  {
    field: 'limits.token',
    value: 256,
    probe: (gateway) => gateway.ask('/closed', `authorization: Bearer ${gateway.token(1, 300)}`),
    before: '200 hello',
    after: '401 token_malformed',
  },
  {
    field: 'limits.connections',
    value: 1,
    probe: async (gateway) => {
      await kept(gateway)
      return gateway.ask('/')
    },
    before: '200 hello',
    after: 'closed',
  },
  {
    field: 'limits.connectionsPerClient',
    value: 1,
    probe: async (gateway) => {
      await kept(gateway)
      return gateway.ask('/')
    },
    before: '200 hello',
    after: 'closed',
  },
  {
    field: 'limits.requestsInFlight',
    value: 1,
    probe: async (gateway) => {
      const held = await gateway.hold()
      const answer = await gateway.ask('/')
      await gateway.leave(held)
      return answer
    },
    before: '200 hello',
    after: '503 overloaded',
  },
  {
    field: 'limits.memoryPercent',
    value: 1,
    probe: async (gateway) => {
      const ballast = heap(2)
      await gateway.pass(250)
      const answer = await gateway.ask('/')
      return ballast.length > 0 && answer
    },
    before: '200 hello',
    after: '503 overloaded',
  },
  {
    field: 'limits.memoryShedPercent',
    value: 1,
    beside: { limits: { memoryPercent: 1 } },
    probe: async (gateway) => {
      const ballast = heap(2)
      const client = gateway.connect()
      await client.send(head('/')).until(/hello|overloaded/)
      client.text = ''
      return ballast.length > 0 && after(gateway, client, 250)
    },
    before: 'open',
    after: 'closed',
  },
  {
    field: 'limits.verifications',
    value: 1,
    probe: (gateway) => servedAtOnce(gateway, 16),
    before: 'all',
    after: 'some',
  },
  {
    field: 'limits.badSignaturesPerClient',
    value: 1,
    beside: { limits: { verifications: 16 } },
    probe: async (gateway) => {
      for (let i = 100; i < 103; i++) {
        const token = gateway.token(i).replace(/.{4}$/, 'AAAA')
        await gateway.ask('/closed', `authorization: Bearer ${token}`)
      }
      return servedAtOnce(gateway, 16)
    },
    before: 'all',
    after: 'some',
  },
]

const clocks: readonly Effect[] = [
  {
    field: 'clocks.head',
    value: '2s',
    probe: (gateway) => after(gateway, gateway.connect().send('GET / HT'), 2500),
    before: 'open',
    after: '408 request_timeout',
  },
  {
    field: 'clocks.bodyIdle',
    value: '2s',
    probe: (gateway) =>
      after(
        gateway,
        gateway
          .connect()
          .send('POST /hold HTTP/1.1\r\nhost: api.example\r\ncontent-length: 9\r\n\r\nx'),
        2500,
      ),
    before: 'open',
    after: '408 request_timeout',
  },
  {
    field: 'clocks.connectionIdle',
    value: '2s',
    probe: async (gateway) => after(gateway, await kept(gateway), 2500),
    before: 'open',
    after: 'closed',
  },
  {
    field: 'clocks.writeStall',
    value: '2s',
    probe: async (gateway) => {
      const client = gateway.connect()
      client.socket.pause()
      client.send(head('/endless'))
      await stalled(gateway)
      await gateway.pass(2500)
      const isCut = gateway.proxy.proxy.inFlight === 0
      await gateway.leave(client)
      return isCut ? 'cut' : 'waits'
    },
    before: 'waits',
    after: 'cut',
  },
  {
    field: 'clocks.halfCloseGrace',
    value: '20s',
    probe: async (gateway) => {
      const client = await gateway.hold()
      client.socket.end()
      await gateway.pass(0)
      await gateway.pass(2500)
      const isGone = gateway.proxy.proxy.inFlight === 0
      await gateway.pass(30_000)
      return isGone ? 'gone' : 'waits'
    },
    before: 'gone',
    after: 'waits',
  },
  {
    field: 'clocks.upstreamIdle',
    value: '60s',
    probe: async (gateway) => {
      await gateway.ask('/')
      const { socket } = gateway.upstream.connections.at(-1)!
      await gateway.pass(5000)
      return socket.destroyed || socket.readableEnded ? 'closed' : 'kept'
    },
    before: 'closed',
    after: 'kept',
  },
]

const logs: readonly Effect[] = [
  {
    field: 'accessLog.fields',
    value: { who: '$context.identity.sourceIp', 'a"b': 'url.path' },
    probe: async (gateway) => {
      await gateway.ask('/x')
      const { who, 'a"b': odd, rule } = gateway.logged()
      return { who, odd, rule }
    },
    before: { rule: 'open' },
    after: { who: '127.0.0.1', odd: '/x' },
  },
  {
    field: 'accessLog.query',
    value: true,
    probe: async (gateway) => {
      await gateway.ask('/x?a=1')
      return gateway.logged()['url.query']
    },
    before: undefined,
    after: 'a=1',
  },
  {
    field: 'accessLog.maxLine',
    value: '1Ki',
    probe: async (gateway) => {
      await gateway.ask('/x', `user-agent: ${'a'.repeat(2000)}`)
      return gateway.logged()['truncated']
    },
    before: undefined,
    after: true,
  },
]

const guardrails: readonly Effect[] = [
  {
    field: 'guardrails.maxRequest',
    value: '10s',
    probe: (gateway) => gateway.ask('/long'),
    before: '200 hello',
    after: '503 rule_invalid',
  },
  {
    field: 'guardrails.allowPublic',
    value: false,
    probe: (gateway) => gateway.ask('/'),
    before: '200 hello',
    after: '503 rule_invalid',
  },
  {
    field: 'guardrails.urlBackends',
    value: ['*.shop.example'],
    probe: (gateway) => gateway.ask('/'),
    before: '200 hello',
    after: '503 rule_invalid',
  },
  {
    field: 'guardrails.authorizers',
    value: ['platform/*'],
    probe: (gateway) => gateway.ask('/closed', `authorization: Bearer ${gateway.token(1)}`),
    before: '200 hello',
    after: '503 rule_invalid',
  },
]

const others: readonly Effect[] = [
  {
    field: 'trustedProxies',
    value: ['127.0.0.0/8'],
    probe: async (gateway) => {
      await gateway.ask('/', 'x-forwarded-for: 203.0.113.9')
      return gateway.logged()['client.address']
    },
    before: '127.0.0.1',
    after: '203.0.113.9',
  },
  {
    field: 'hostOwnership',
    value: 'Off',
    probe: (gateway) => gateway.ask('/other'),
    before: '200 hello',
    after: '200 other',
  },
  {
    field: 'metrics.perRoute',
    value: false,
    probe: async (gateway) => {
      await gateway.ask('/no-such-rule')
      const text = await exposition(gateway)
      return /^fairlead_requests_total\{route="",.* (\d+)$/m.exec(text)?.[1] ?? 'none'
    },
    before: 'none',
    after: '1',
  },
  {
    field: 'metrics.perRouteDurations',
    value: true,
    probe: async (gateway) => {
      await gateway.ask('/')
      return /^fairlead_request_duration_seconds_count\{.*route="shop\/api"/m.test(
        await exposition(gateway),
      )
    },
    before: false,
    after: true,
  },
  {
    field: 'drain.min',
    value: '5s',
    probe: async (gateway) => {
      const over = gateway.proxy.proxy.shutDown()
      await gateway.pass(0)
      const answer = await gateway.ask('/')
      await gateway.pass(5000)
      await over
      return answer
    },
    before: 'closed',
    after: '200 hello',
  },
  {
    field: 'drain.timeout',
    value: '5s',
    probe: async (gateway) => {
      const client = await gateway.hold()
      const over = gateway.proxy.proxy.shutDown()
      await gateway.pass(0)
      const was = await after(gateway, client, 5000)
      await gateway.leave(client)
      await over
      return was
    },
    before: 'open',
    after: 'closed',
  },
  {
    field: 'debugHeadersFor',
    value: ['127.0.0.1'],
    probe: async (gateway) => {
      const client = gateway.connect()
      const text = await client.send(head('/', 'connection: close')).untilOver()
      return /\r\nx-fairlead-route: (.*)\r\n/.exec(text)?.[1]
    },
    before: undefined,
    after: 'shop/api/open',
  },
  {
    field: 'listeners.http.h2c',
    value: true,
    probe: async (gateway) => {
      const client = gateway.connect().send(`${preface}\0\0\0\x04\0\0\0\0\0`)
      const text = await client.until(/^HTTP.*}$|^[^H]/s)
      return text.startsWith('HTTP') ? summary(text) : 'settings of HTTP/2'
    },
    before: '505 http_version_unsupported',
    after: 'settings of HTTP/2',
  },
  {
    field: 'listeners.http.proxyProtocolFrom',
    value: ['127.0.0.0/8'],
    probe: async (gateway) => {
      const header = 'PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n'
      return sent(gateway, header + head('/', 'connection: close'))
    },
    before: '400 bad_request',
    after: '200 hello',
  },
  {
    field: 'healthEndpoint',
    value: true,
    probe: (gateway) => gateway.ask('/.well-known/fairlead/health'),
    before: '200 hello',
    after: '200 ok',
  },
]

const shown = { namespace: 'other', name: 'wildcard' }
const showing = { listeners: { https: { defaultCertificate: shown } } }
const handshake = (gateway: SettingsGateway) => gateway.handshake()

const listeners: readonly Effect[] = [
  {
    field: 'listeners.https.minVersion',
    value: '1.3',
    beside: showing,
    probe: (gateway) => gateway.handshake('TLSv1.2'),
    before: 'TLSv1.2 b.example',
    after: 'refused',
  },
  {
    field: 'listeners.https.defaultCertificate.namespace',
    value: 'shop',
    beside: showing,
    probe: handshake,
    before: 'TLSv1.3 b.example',
    after: 'TLSv1.3 a.example',
  },
  {
    field: 'listeners.https.defaultCertificate.name',
    value: 'another',
    beside: showing,
    probe: handshake,
    before: 'TLSv1.3 b.example',
    after: 'TLSv1.3 c.example',
  },
  {
    field: 'listeners.https.proxyProtocolFrom',
    value: ['127.0.0.1'],
    beside: showing,
    probe: handshake,
    before: 'TLSv1.3 b.example',
    after: 'refused',
  },
]

export const effects: readonly Effect[] = [
  ...limits,
  ...clocks,
  ...logs,
  ...guardrails,
  ...listeners,
  ...others,
]
