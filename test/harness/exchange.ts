import { seededDice } from '../../src/base/dice.ts'
import type { Log } from '../../src/base/log.ts'
import { Metrics } from '../../src/base/metrics.ts'
import { Wheel } from '../../src/base/wheel.ts'
import { canonicalPath } from '../../src/model/path.ts'
import { defaultSettings, type Settings } from '../../src/model/settings.ts'
import type { HostEntry, Rule } from '../../src/model/snapshot.ts'
import type { HeaderList } from '../../src/proxy/http1/header-list.ts'
import type {
  BodySource,
  Peer,
  Reply,
  Request,
  RequestHead,
} from '../../src/proxy/http1/message.ts'
import { RequestParser } from '../../src/proxy/http1/request-parser.ts'
import { ProxyMetrics } from '../../src/proxy/runtime/proxy-metrics.ts'
import { Runtime } from '../../src/proxy/runtime/runtime.ts'
import type { Exchange, Policy } from '../../src/proxy/stages/exchange.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { matchOf, ruleOf } from './rules.ts'

/** A head as the parser reads it. Lines are given with `\n` and without Host, which is `api.shop.example`. */
export function headOf(lines: string): RequestHead {
  const [start, ...fields] = lines.split('\n')
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['host: api.shop.example']
  const text = `${[`${start} HTTP/1.1`, ...host, ...fields].join('\r\n')}\r\n\r\n`
  const parser = new RequestParser(defaultSettings.limits)
  const bytes = Buffer.from(text, 'latin1')
  const consumed = parser.parse(bytes, 0, bytes.length)
  if (consumed !== bytes.length) throw new Error(`refused: ${parser.fault.reason}`)
  return parser.head
}

/** What a client gets, written down. */
class FakeReply implements Reply {
  started = false
  over = false
  bodyBytes = 0
  status = 0
  headers: HeaderList | undefined
  length = -1
  body = ''
  ended = false
  aborted = false
  closing = false
  source: Reply['source']
  watcher: Reply['watcher']

  inform(): void {}

  head(status: number, headers: HeaderList, length: number): void {
    if (this.started) throw new Error('a second head')
    this.started = true
    this.status = status
    this.headers = headers
    this.length = length
  }

  write(chunk: Buffer): boolean {
    this.bodyBytes += chunk.length
    this.body += chunk.toString('utf8')
    return true
  }

  flush(): void {}

  /** What was given is with the client. */
  retract(): boolean {
    return false
  }

  end(): void {
    this.ended = true
    this.watcher?.finished(true)
  }

  abort(): void {
    this.aborted = true
    this.watcher?.finished(false)
  }

  closeAfter(): void {
    this.closing = true
  }
}

export const noBody: BodySource = {
  framing: 'none',
  length: -1,
  received: 0,
  awaited: false,
  pipe: (sink) => sink.end(),
  resume: () => {},
  limit: () => {},
}

export const peerOf = (address: string): Peer => ({
  address,
  port: 40_000,
  localPort: 8080,
  scheme: 'http',
})

const silent: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  isDebug: () => false,
}

/** A runtime with nothing to serve. */
export function runtimeOf(
  settings: Partial<Settings> = {},
  clock: FakeClock = fakeClock(),
): Runtime {
  const metrics = new ProxyMetrics(new Metrics())
  const options = { clock, dice: seededDice(1), wheel: new Wheel(clock), log: silent, metrics }
  return new Runtime(
    { ...options, region: '', allowLoopback: true },
    {
      format: 1,
      digest: '',
      settings: { ...defaultSettings, ...settings },
      hosts: [],
      clusters: [],
      authorizers: [],
      secrets: {},
    },
  )
}

export interface ExchangeOptions {
  readonly rule?: Rule
  readonly entry?: HostEntry
  readonly runtime?: Runtime
  readonly peer?: Peer
  readonly body?: BodySource
  readonly grpc?: Exchange['grpc']
}

export interface TestExchange extends Exchange {
  readonly reply: FakeReply
}

/** One exchange as the entry of the pipeline makes it, before any stage has seen it. */
export function exchangeOf(lines: string, options: ExchangeOptions = {}): TestExchange {
  const head = headOf(lines)
  const runtime = options.runtime ?? runtimeOf()
  const rule = options.rule ?? options.entry?.rule ?? ruleOf('rule')
  const peer = options.peer ?? peerOf('192.0.2.1')
  const body = options.body ?? noBody
  const request: Request = {
    head,
    peer,
    body,
    protocol: '1.1',
    startedMs: runtime.clock.nowMs(),
    followed: false,
  }
  return {
    request,
    reply: new FakeReply(),
    runtime,
    headers: head.headers,
    path: canonicalPath(head.rawPath)?.path ?? '',
    query: head.query,
    authority: head.host,
    id: '0198c0de-0000-7000-8000-000000000000',
    clientRequestId: '',
    traceId: '0123456789abcdef0123456789abcdef',
    client: peer.address,
    clientTrusted: false,
    scheme: peer.scheme,
    rule,
    entry: options.entry ?? { match: matchOf(), rule },
    allow: undefined,
    authorization: undefined,
    issuedPin: '',
    attempts: undefined,
    failure: undefined,
    failureDetail: undefined,
    status: 0,
    firstByteMs: 0,
    onDone: undefined,
    startClock(limitMs, expired) {
      runtime.wheel.after(limitMs, () => expired(this, limitMs))
    },
    webSocketKey: '',
    grpc: options.grpc,
    becomeTunnel() {},
    running: undefined,
    replyEdits: [],
  }
}

/** Runs the request part of a policy. @returns whether the exchange went on */
export function goesOn(policy: Policy | undefined, exchange: Exchange): boolean {
  let went = false
  if (policy?.request === undefined) return true
  policy.request(exchange, () => {
    went = true
  })
  return went
}

/** The fields of a list, `name: value` each. */
export const fieldsOf = (headers: HeaderList | undefined): string[] =>
  (headers?.print() ?? '').split('\r\n').filter((line) => line !== '')
