import { WheelTimer } from '../../base/wheel.ts'
import type { Failure, FailureDetail } from '../../model/failure.ts'
import { canonicalPath } from '../../model/path.ts'
import type { HostEntry, Rule } from '../../model/snapshot.ts'
import { HeaderList } from '../http1/header-list.ts'
import type { Handle, Reply, ReplyWatcher, Request } from '../http1/message.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { sendHead } from './answer.ts'
import { callEnd } from './call-end.ts'
import type { Attempt, AuthorizationOutcome, Exchange, ReplyEdit } from './exchange.ts'
import { fail } from './fail.ts'
import { type GrpcCall, grpcCall } from './grpc.ts'
import { answerHealth, healthPath } from './host-health.ts'
import { identify } from './identify.ts'
import { PipelineTable } from './pipeline-table.ts'
import { isAdmitted } from './transport.ts'
import { isWebSocketWish } from './web-socket.ts'

/** What is told when an exchange is over: metrics and the access log. */
export type Observe = (exchange: Exchange, complete: boolean, seconds: number) => void

/** One exchange. It is its own timer, so that the request clock costs no object. */
class LiveExchange extends WheelTimer implements Exchange, ReplyWatcher {
  readonly request: Request
  readonly reply: Reply
  readonly runtime: Runtime
  readonly headers: HeaderList
  readonly grpc: GrpcCall | undefined
  path: string
  query: string
  authority: string
  id = ''
  clientRequestId = ''
  traceId = ''
  client = ''
  clientTrusted = false
  scheme: 'http' | 'https'
  rule: Rule | undefined = undefined
  entry: HostEntry | undefined = undefined
  allow: readonly string[] | undefined = undefined
  authorization: AuthorizationOutcome | undefined = undefined
  issuedPin = ''
  attempts: Attempt[] | undefined = undefined
  failure: Failure | undefined = undefined
  failureDetail: FailureDetail | undefined = undefined
  status = 0
  firstByteMs = 0
  onDone: (() => void)[] | undefined = undefined
  webSocketKey = ''
  running: { cancel(): void } | undefined = undefined
  replyEdits: readonly ReplyEdit[] = noEdits
  #expired: ((exchange: Exchange, limitMs: number) => void) | undefined = undefined
  #limitMs = 0
  readonly #flight: Flight
  #inFlight = true

  constructor(request: Request, reply: Reply, runtime: Runtime, flight: Flight) {
    super()
    this.request = request
    this.reply = reply
    this.runtime = runtime
    this.headers = request.head.headers
    this.grpc = grpcCall(request)
    this.path = request.head.rawPath
    this.query = request.head.query
    this.authority = request.head.host
    this.scheme = request.peer.scheme
    this.#flight = flight
    flight.count++
    reply.watcher = this
  }

  startClock(limitMs: number, expired: (exchange: Exchange, limitMs: number) => void): void {
    this.#expired = expired
    this.#limitMs = limitMs
    this.runtime.wheel.arm(this, limitMs, this.request.startedMs)
  }

  becomeTunnel(): void {
    this.disarm()
    this.#leave()
  }

  #leave(): void {
    if (!this.#inFlight) return
    this.#inFlight = false
    this.#flight.count--
  }

  override expire(): void {
    this.#expired?.(this, this.#limitMs)
  }

  drained(): void {
    this.failureDetail ??= drained
    this.running?.cancel()
  }

  finished(complete: boolean): void {
    this.disarm()
    this.running?.cancel()
    const waiting = this.onDone
    if (waiting !== undefined) for (let i = 0; i < waiting.length; i++) waiting[i]?.()
    this.#leave()
    this.#flight.done(this, complete)
  }
}

/** The requests whose answer is not over. */
interface Flight {
  count: number
  readonly done: (exchange: LiveExchange, complete: boolean) => void
}

export interface Entry {
  readonly handle: Handle
  /** Requests whose answer is not over. */
  readonly inFlight: number
}

const noEdits: readonly ReplyEdit[] = []

/** The way into the pipelines: every request of every listener. */
export function createEntry(runtime: Runtime, observe: Observe | undefined): Entry {
  const pipelines = new PipelineTable(runtime)
  const done = (exchange: LiveExchange, complete: boolean) => {
    const { runtime, request, rule, status } = exchange
    const seconds = (runtime.clock.nowMs() - request.startedMs) / 1000
    runtime.metrics.request(rule, request.head.method, status, seconds)
    if (exchange.grpc !== undefined) runtime.metrics.call(rule, callEnd(exchange, complete))
    observe?.(exchange, complete, seconds)
  }
  const flight: Flight = { count: 0, done }
  const handle: Handle = (request, reply) => {
    const exchange = new LiveExchange(request, reply, runtime, flight)
    // However it is answered: what comes behind a handshake is no request (U3).
    if (isWebSocketWish(request.head.upgrade)) reply.closeAfter()
    try {
      identify(exchange)
      const overloaded = overload(flight.count, runtime)
      if (overloaded === undefined) return route(exchange, pipelines)
      runtime.metrics.rejected(overloaded)
      fail(exchange, 'overloaded', tryAgain)
    } catch (error) {
      runtime.log.error('a request failed inside the gateway', { requestId: exchange.id, error })
      fail(exchange, 'internal')
    }
  }
  return {
    handle,
    get inFlight() {
      return flight.count
    },
  }
}

const drained = { reason: 'drain' }

const tryAgain = { retryAfterSeconds: 1 }

/** Why no new work is taken; undefined when it is. */
function overload(inFlight: number, { limits, pressure }: Runtime): string | undefined {
  if (inFlight > limits.requestsInFlight) return 'requests_in_flight'
  return pressure === 'none' ? undefined : 'memory'
}

function route(exchange: LiveExchange, pipelines: PipelineTable): void {
  const { head } = exchange.request
  if (head.rawPath === '*') return answerAsterisk(exchange)
  const canonical = canonicalPath(head.rawPath)
  if (canonical === undefined) return fail(exchange, 'path_invalid')
  exchange.path = canonical.path
  if (!isAdmitted(exchange)) return
  if (canonical.path === healthPath && exchange.runtime.snapshot.settings.healthEndpoint) {
    return answerHealth(exchange)
  }
  const result = exchange.runtime.router.route(
    head.hostname,
    head.method,
    canonical.path,
    head.query,
    head.headers,
  )
  if (result.kind === 'none') {
    // P3: refused unless a rule keeps them.
    return canonical.encodedSlash
      ? fail(exchange, 'path_invalid')
      : fail(exchange, 'route_not_found')
  }
  if (result.kind === 'held') return fail(exchange, 'rule_invalid')
  if (result.kind === 'ambiguous') return fail(exchange, 'path_invalid')
  const { rule } = result.entry
  exchange.entry = result.entry
  exchange.rule = rule
  if (result.kind === 'method') exchange.allow = result.allow
  const pipeline = pipelines.of(rule)
  exchange.replyEdits = pipeline.replyEdits
  if (canonical.encodedSlash && rule.paths.encodedSlash === 'Reject')
    return fail(exchange, 'path_invalid')
  pipeline.run(exchange)
}

/** `OPTIONS *` asks about the gateway itself (RFC 9110 §9.3.7). */
function answerAsterisk(exchange: LiveExchange): void {
  sendHead(exchange, 204, new HeaderList(), -1)
  exchange.reply.end()
}
