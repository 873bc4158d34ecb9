import type { FailureCode, FailureDetail } from '../../model/failure.ts'
import type { HeaderList } from '../http1/header-list.ts'
import type { BodySink, ReplySource, ResponseHead } from '../http1/message.ts'
import type { ConnectFault } from '../runtime/connect-fault.ts'
import type { LiveEndpoint } from '../runtime/endpoint.ts'
import type { Picked } from '../runtime/selector.ts'
import type {
  PoolWaiter,
  UpstreamClock,
  UpstreamExchange,
  UpstreamOwner,
} from '../runtime/upstream.ts'
import { sendHead } from './answer.ts'
import { discardAnswer } from './discard.ts'
import type { Attempt, Exchange } from './exchange.ts'
import { fail } from './fail.ts'
import type { Lane } from './forward.ts'
import { isGrpcType, noStatus, printTimeout } from './grpc.ts'
import { Replay } from './replay.ts'
import { isIdempotent, isIdempotentMethod, isSafe, leftNothing, wantsRetry } from './retry.ts'
import { Tunnel } from './tunnel.ts'
import { early, isAccepted, noTunnel } from './web-socket.ts'

const noEndpoints: readonly LiveEndpoint[] = []

/** One exchange on its way through the backends: its attempts, one after the other, and the two streams between. */
export class Forwarding implements UpstreamOwner, BodySink, PoolWaiter, ReplySource {
  readonly #exchange: Exchange
  readonly #lane: Lane
  readonly #hasBody: boolean
  #picked: Picked | undefined
  #connection: UpstreamExchange | undefined
  #attempt: Attempt | undefined
  #attemptStartedMs = 0
  #tried: LiveEndpoint[] | undefined
  #tries = 0
  #replay: Replay | undefined
  #bodyTaken = false
  #bodyEnded = false
  #bodyPaused = false
  #staleTried = false
  #over = false
  #inBudget = true
  /** Region and outcome of the last attempt, once there is another one. */
  #failedIn: string | undefined
  #failedBy = ''
  /** The region that the next try is bound to: only its store knows the request's Idempotency-Key. */
  #within: string | undefined

  constructor(exchange: Exchange, lane: Lane) {
    this.#exchange = exchange
    this.#lane = lane
    this.#hasBody = exchange.request.body.framing !== 'none'
  }

  /** It asks for a WebSocket. */
  get #isHandshake(): boolean {
    return this.#exchange.webSocketKey !== ''
  }

  start(): void {
    this.#exchange.running = this
    this.#exchange.reply.source = this
    this.#lane.budget.began(this.#exchange.request.startedMs)
    if (this.#hasBody) this.#replay = new Replay()
    this.#next()
  }

  #next(): void {
    const { selector } = this.#lane
    const hash = this.#lane.hashOf?.(this.#exchange)
    const picked = selector.pick(hash, this.#tried ?? noEndpoints, this.#within)
    if (picked === undefined)
      return this.#giveUp(
        this.#lane.selector.empty ? 'no_backend' : 'no_healthy_backend',
        undefined,
      )
    if (this.#failedIn !== undefined && this.#failedIn !== picked.backend.region) {
      const reason = outcomeLabels[this.#failedBy] ?? this.#failedBy
      this.#lane.meters.failedOver(this.#failedIn, picked.backend.region, reason)
    }
    this.#picked = picked
    picked.endpoint.inFlight++
    this.#attemptStartedMs = this.#lane.runtime.clock.nowMs()
    const connection = picked.endpoint.pool.take()
    if (connection === undefined) picked.endpoint.pool.wait(this)
    else this.assigned(connection)
  }

  assigned(connection: UpstreamExchange): void {
    const { request, headers, query, path, authority, grpc } = this.#exchange
    const { framing, length } = request.body
    this.#connection = connection
    // A WebSocket has no end that a backend could know.
    if (grpc !== undefined) this.#timeoutHeader(grpc.timeoutMs)
    else if (this.#lane.rule.timeouts.requestMs > 0 && !this.#isHandshake) this.#deadlineHeader()
    const upstream = {
      method: request.head.method,
      target: (this.#picked?.backend.basePath ?? '') + path + query,
      authority,
      headers,
      framing,
      length,
      takesTrailers: request.head.takesTrailers,
    }
    connection.begin(this, upstream, this.#lane.rule.timeouts)
    if (this.#hasBody) this.#sendBody(connection)
  }

  /** What is left of the whole exchange's time, so that a backend need not work for nobody. */
  #deadlineHeader(): void {
    const { request, headers } = this.#exchange
    const leftMs = this.#lane.rule.timeouts.requestMs - (this.#attemptStartedMs - request.startedMs)
    headers.set('x-request-deadline-ms', String(Math.max(Math.round(leftMs), 1)))
  }

  /** Of gRPC only the client's own deadline: a stream may outlast the clock of a request. */
  #timeoutHeader(timeoutMs: number): void {
    const { request, headers } = this.#exchange
    if (timeoutMs === 0) return
    const leftMs = timeoutMs - (this.#attemptStartedMs - request.startedMs)
    headers.set('grpc-timeout', printTimeout(leftMs))
  }

  #sendBody(connection: UpstreamExchange): void {
    if (this.#bodyTaken) this.#sendAgain(connection)
    else {
      this.#bodyTaken = true
      this.#exchange.request.body.pipe(this)
    }
    connection.flush()
  }

  #sendAgain(connection: UpstreamExchange): void {
    for (const chunk of this.#replay?.chunks ?? []) connection.write(chunk)
    if (this.#bodyEnded) connection.end()
    else this.writable()
  }

  refused(code: FailureCode): void {
    this.#release()
    this.#giveUp(code, undefined)
  }

  // The request's body, from the client:

  data(chunk: Buffer): boolean {
    this.#keep(chunk)
    const connection = this.#connection
    if (connection === undefined || !connection.write(chunk)) this.#bodyPaused = true
    return !this.#bodyPaused
  }

  /** Kept only as long as it may be needed: once a request that is not idempotent has left, never. */
  #keep(chunk: Buffer): void {
    const replay = this.#replay
    if (replay === undefined || !replay.intact) return
    const mayLeave = this.#connection?.connected !== true
    if (mayLeave || isIdempotent(this.#exchange.request.head, this.#lane.action.retry))
      replay.keep(chunk)
    else replay.drop()
  }

  end(): void {
    this.#bodyEnded = true
    this.#connection?.end()
  }

  /** The client's body is broken, too large or too slow: nothing complete may reach the backend (F14). */
  abort(code: FailureCode, detail?: FailureDetail): void {
    if (this.#over) return
    this.#stop(code)
    fail(this.#exchange, code, detail)
  }

  writable(): void {
    if (!this.#bodyPaused) return
    this.#bodyPaused = false
    this.#exchange.request.body.resume()
  }

  // The answer, from the backend:

  informed(head: ResponseHead): void {
    head.headers.filter(isTheirs)
    this.#exchange.reply.inform(head.status, head.headers)
  }

  switched(head: ResponseHead): UpstreamOwner | undefined {
    const connection = this.#connection
    if (connection === undefined || !isAccepted(head, this.#exchange.webSocketKey)) return undefined
    if (this.#exchange.request.followed) return void this.abort('bad_request', early)
    this.#exchange.firstByteMs = this.#endAttempt('101')
    this.#record(101, this.#exchange.firstByteMs, undefined)
    this.#leaveBudget()
    head.headers.filter(isTheirs)
    const tunnel = new Tunnel(this.#exchange, connection, () => this.#finish())
    tunnel.open(head.headers)
    return tunnel
  }

  halfClosed(): void {}

  responded(head: ResponseHead): void {
    const exchange = this.#exchange
    if (this.#isHandshake) this.#connection?.spend()
    const { retry } = this.#lane.action
    const firstByteMs = this.#endAttempt(String(head.status))
    this.#record(head.status, firstByteMs, undefined)
    if (
      retry.statuses.length > 0 &&
      retry.statuses.includes(head.status) &&
      this.#mayTryAgain(undefined)
    ) {
      return this.#retryAfter(head)
    }
    exchange.firstByteMs = firstByteMs
    // Over HTTP/2 it would say that a tunnel is open (RFC 9110 §9.3.6).
    if (this.#isHandshake && exchange.request.protocol === '2' && head.status < 300)
      return this.abort('upstream_protocol_error', noTunnel)
    const { grpc } = exchange
    if (grpc !== undefined && isGrpcType(head.headers.get('content-type'))) {
      grpc.isAnswered = true
      grpc.hasStatus = head.headers.has('grpc-status')
    }
    head.headers.filter(isTheirs)
    sendHead(exchange, head.status, head.headers, head.contentLength)
  }

  #retryAfter(head: ResponseHead): void {
    const waitMs = retryAfterMs(head.headers.get('retry-after'))
    if (this.#connection !== undefined) discardAnswer(this.#connection)
    this.#retry(waitMs)
  }

  received(chunk: Buffer): boolean {
    return this.#exchange.reply.write(chunk)
  }

  paused(): void {
    this.#exchange.reply.flush()
  }

  ended(trailers?: HeaderList): void {
    trailers?.filter(isTheirs)
    this.#finish()
    const { grpc, reply } = this.#exchange
    const isOwed = grpc?.isAnswered === true && !grpc.hasStatus
    reply.end(isOwed && trailers?.has('grpc-status') !== true ? noStatus() : trailers)
  }

  failed(
    code: FailureCode,
    clock: UpstreamClock | undefined,
    reason: ConnectFault | undefined,
  ): void {
    const firstByteMs = this.#endAttempt(code, reason)
    const untouched = this.#connection?.untouched === true
    const stale = this.#isStale(code)
    this.#connection = undefined
    if (this.#exchange.reply.started) return this.#cut(code, clock)
    if (stale) return this.#again()
    this.#record(0, firstByteMs, code, reason)
    const nothingLeft = untouched || leftNothing(code)
    const again =
      (untouched || wantsRetry(code, this.#lane.action.retry)) && this.#mayTryAgain(nothingLeft)
    // A trial that failed has found what was known: nothing is healthy.
    const isTrial = this.#picked?.panic === true && this.#lane.action.failover.panic === 'Fail'
    // What no answer will tell is counted here.
    if (clock !== undefined && (again || isTrial)) this.#lane.runtime.metrics.timeout(clock)
    if (again) return this.#retry(0)
    this.#release()
    if (isTrial) this.#giveUp('no_healthy_backend', undefined)
    else this.#giveUp(code, clock)
  }

  /** The head was given: if it is out, the client must not take the rest for complete (D1). */
  #cut(code: FailureCode, clock: UpstreamClock | undefined): void {
    this.#record(0, 0, code)
    this.#finish()
    fail(this.#exchange, code, this.#expiry(clock))
  }

  /** A kept connection that the backend closed as we wrote, or a stream that it refused: one more try that costs nobody anything (D4). */
  #isStale(code: FailureCode): boolean {
    const connection = this.#connection
    if (this.#staleTried || connection === undefined || code !== 'upstream_reset') return false
    if (connection.untouched) return this.#isReplayable()
    return (
      connection.served > 0 &&
      !connection.answered &&
      isSafe(this.#exchange.request.head.method) &&
      this.#isReplayable()
    )
  }

  #again(): void {
    this.#staleTried = true
    this.#attempt = undefined
    this.#attemptStartedMs = this.#lane.runtime.clock.nowMs()
    const { pool } = (this.#picked as Picked).endpoint
    this.assigned(pool.open())
  }

  // The client:

  drained(): void {
    this.#connection?.resume()
  }

  gone(): void {
    this.#stop('client_gone')
  }

  /** The exchange ended some other way. */
  cancel(): void {
    this.#stop('cancelled')
  }

  #stop(outcome: string): void {
    if (this.#over) return
    this.#endAttempt(outcome)
    this.#finish()
    const connection = this.#connection
    this.#connection = undefined
    connection?.abort()
  }

  // Attempts:

  #isReplayable(): boolean {
    return !this.#hasBody || this.#replay?.intact === true
  }

  /** @param nothingLeft of an attempt that failed: the backend has not seen the request; undefined: it has answered */
  #mayTryAgain(nothingLeft: boolean | undefined): boolean {
    const { action, budget, runtime, rule } = this.#lane
    const { request } = this.#exchange
    if (
      this.#tries >= action.retry.attempts ||
      this.#picked?.panic === true ||
      !this.#isReplayable()
    )
      return false
    // A backend may have opened it: only what has never left, or was answered, is tried again.
    if (this.#isHandshake && nothingLeft === false) return false
    const free = nothingLeft === true || isIdempotentMethod(request.head.method)
    if (!free && !isIdempotent(request.head, action.retry)) return false
    const isBound = !free && action.retry.idempotencyKeys === 'SameRegion'
    this.#within = isBound ? this.#picked?.backend.region : undefined
    const nowMs = runtime.clock.nowMs()
    const { requestMs } = rule.timeouts
    return (requestMs === 0 || nowMs - request.startedMs < requestMs) && budget.takeRetry(nowMs)
  }

  #retry(atLeastMs: number): void {
    const { action, runtime } = this.#lane
    if (this.#picked !== undefined) {
      this.#tried ??= []
      this.#tried.push(this.#picked.endpoint)
      this.#failedIn = this.#picked.backend.region
      this.#failedBy = this.#attempt?.outcome ?? ''
    }
    this.#lane.meters.retried()
    this.#release()
    this.#connection = undefined
    this.#tries++
    const jitterMs = runtime.dice() * action.retry.backoffMs * 2 ** (this.#tries - 1)
    runtime.clock.after(Math.max(jitterMs, atLeastMs), () => {
      if (!this.#over) this.#next()
    })
  }

  #endAttempt(outcome: string, reason?: ConnectFault): number {
    if (this.#picked === undefined) return 0
    if (this.#attempt !== undefined) {
      if (outcome !== 'cancelled') this.#attempt.outcome = outcome
      return 0
    }
    const ms = this.#lane.runtime.clock.nowMs() - this.#attemptStartedMs
    const { backend, cluster } = this.#picked
    this.#attempt = { backend: backend.name, region: backend.region, outcome, reason, ms }
    const label = outcomeLabels[outcome] ?? outcome
    this.#lane.meters.attempt(backend, cluster.name, label, ms / 1000)
    this.#exchange.attempts ??= []
    this.#exchange.attempts.push(this.#attempt)
    return ms
  }

  #record(
    status: number,
    firstByteMs: number,
    failure: FailureCode | undefined,
    reason?: ConnectFault,
  ): void {
    const picked = this.#picked
    if (picked === undefined) return
    const ok = failure === undefined && !picked.cluster.countsAsFailure(status)
    picked.cluster.record(picked.endpoint, { ok, status, firstByteMs, failure, reason })
    if (ok && picked.panic && this.#lane.action.failover.panic === 'Fail')
      picked.cluster.trialSucceeded(picked.endpoint)
  }

  /** The endpoint of the attempt is not used by us any more. */
  #release(): void {
    const picked = this.#picked
    if (picked === undefined) return
    picked.endpoint.inFlight--
    picked.endpoint.pool.forget(this)
    this.#picked = undefined
    this.#attempt = undefined
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#release()
    this.#exchange.running = undefined
    this.#leaveBudget()
  }

  #leaveBudget(): void {
    if (!this.#inBudget) return
    this.#inBudget = false
    this.#lane.budget.ended()
    for (let i = 0; i < this.#tries; i++) this.#lane.budget.retryEnded()
  }

  #giveUp(code: FailureCode, clock: UpstreamClock | undefined): void {
    this.#finish()
    fail(this.#exchange, code, this.#expiry(clock))
  }

  /** A clock of the attempt that ran out, its limit and the time spent. */
  #expiry(clock: UpstreamClock | undefined): FailureDetail | undefined {
    if (clock === undefined) return undefined
    const { runtime, rule } = this.#lane
    const spentMs = Math.round(runtime.clock.nowMs() - this.#attemptStartedMs)
    return { clock, limitMs: rule.timeouts[`${clock}Ms`], spentMs }
  }
}

/** False for what only the gateway says of an answer (`debugHeadersFor`). */
const isTheirs = (name: string): boolean =>
  name.charCodeAt(0) !== 0x78 || !name.startsWith('x-fairlead-')

/** Status codes are one label a class (data-plane.md, Metrics); codes of failures are a closed list already. */
const outcomeLabels: Record<string, string> = {}
for (let status = 100; status < 600; status++)
  outcomeLabels[status] = `${Math.trunc(status / 100)}xx`

/** A backend's own wish for a pause, at most 1 s (RFC 9110 §10.2.3; a date is not waited for). */
function retryAfterMs(value: string | undefined): number {
  const seconds = value === undefined ? 0 : Number(value)
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, 1000) : 0
}
