import type { FailureCode, FailureDetail } from '../../model/failure.ts'
import type { HeaderList } from '../http1/header-list.ts'
import type { ReplySource, ResponseHead } from '../http1/message.ts'
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
import type { Exchange } from './exchange.ts'
import { fail } from './fail.ts'
import type { Lane } from './forward.ts'
import { endOfCall, isGrpcType, printTimeout, saidEnd } from './grpc.ts'
import { LiveAttempt, outcomeLabel } from './live-attempt.ts'
import {
  isIdempotent,
  isIdempotentMethod,
  isSafe,
  leftNothing,
  retryAfterMs,
  wantsRetry,
} from './retry.ts'
import { Tunnel } from './tunnel.ts'
import { Upload } from './upload.ts'
import { early, isAccepted, noTunnel } from './web-socket.ts'

const noEndpoints: readonly LiveEndpoint[] = []

/** One exchange on its way through the backends: its attempts, one after the other, and the answer. */
export class Forwarding implements UpstreamOwner, PoolWaiter, ReplySource {
  readonly #exchange: Exchange
  readonly #lane: Lane
  /** Of requests with a body. */
  readonly #upload: Upload | undefined
  #picked: Picked | undefined
  #connection: UpstreamExchange | undefined
  #attempt: LiveAttempt | undefined
  #tried: LiveEndpoint[] | undefined
  #tries = 0
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
    const { head, body } = exchange.request
    if (body.framing !== 'none')
      this.#upload = new Upload(body, isIdempotent(head, lane.action.retry), this)
  }

  /** It asks for a WebSocket. */
  get #isHandshake(): boolean {
    return this.#exchange.webSocketKey !== ''
  }

  start(): void {
    this.#exchange.running = this
    this.#exchange.reply.source = this
    this.#lane.budget.began(this.#exchange.request.startedMs)
    this.#next()
  }

  #next(): void {
    const { selector } = this.#lane
    const hash = this.#lane.hashOf?.(this.#exchange)
    const picked = selector.pick(hash, this.#tried ?? noEndpoints, this.#within)
    if (picked === undefined)
      return this.#giveUp(selector.empty ? 'no_backend' : 'no_healthy_backend')
    if (this.#failedIn !== undefined && this.#failedIn !== picked.backend.region) {
      const reason = outcomeLabel(this.#failedBy)
      this.#lane.meters.failedOver(this.#failedIn, picked.backend.region, reason)
    }
    this.#picked = picked
    picked.endpoint.inFlight++
    this.#attempt = new LiveAttempt(this.#exchange, this.#lane, picked)
    this.#takeOf(picked)
  }

  #takeOf({ endpoint }: Picked): void {
    const connection = endpoint.pool.take()
    if (connection === undefined) endpoint.pool.wait(this)
    else this.assigned(connection)
  }

  /** The same attempt, on another connection. */
  #waitAgain(): void {
    this.#detach()
    if (this.#picked !== undefined) this.#takeOf(this.#picked)
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
    this.#upload?.sendTo(connection)
  }

  /** What is left of the whole exchange's time, so that a backend need not work for nobody. */
  #deadlineHeader(): void {
    const leftMs = this.#attempt?.leftOf(this.#lane.rule.timeouts.requestMs) ?? 0
    this.#exchange.headers.set('x-request-deadline-ms', String(Math.max(Math.round(leftMs), 1)))
  }

  /** Of gRPC only the client's own deadline: a stream may outlast the clock of a request. */
  #timeoutHeader(timeoutMs: number): void {
    if (timeoutMs === 0) return
    const leftMs = this.#attempt?.leftOf(timeoutMs) ?? 0
    this.#exchange.headers.set('grpc-timeout', printTimeout(leftMs))
  }

  refused(code: FailureCode): void {
    this.#release()
    this.#giveUp(code)
  }

  /** The client's body is broken, too large or too slow: nothing complete may reach the backend (F14). */
  abort(code: FailureCode, detail?: FailureDetail): void {
    if (this.#over) return
    this.#stop(code)
    fail(this.#exchange, code, detail)
  }

  writable(): void {
    this.#upload?.resume()
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
    this.#exchange.firstByteMs = this.#attempt?.end('101') ?? 0
    this.#attempt?.record(101, this.#exchange.firstByteMs, undefined)
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
    const firstByteMs = this.#attempt?.end(String(head.status)) ?? 0
    this.#attempt?.record(head.status, firstByteMs, undefined)
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
      // A stream of questions has its pauses: from here on `idle` counts both ways.
      this.#exchange.request.body.untimed?.()
      grpc.end = saidEnd(head.headers, 'head')
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
    reply.end(grpc === undefined ? trailers : endOfCall(grpc, trailers))
  }

  failed(
    code: FailureCode,
    clock: UpstreamClock | undefined,
    reason: ConnectFault | undefined,
  ): void {
    const attempt = this.#attempt
    if (this.#connection?.unsent === true) return this.#waitAgain()
    const firstByteMs = attempt?.end(code, reason) ?? 0
    const untouched = this.#connection?.untouched === true
    const stale = this.#isStale(code)
    this.#detach()
    if (this.#exchange.reply.started) return this.#cut(code, clock)
    if (stale) return this.#again()
    // A refusal is a full backend's, or a leaving one's, and no illness.
    if (!untouched) attempt?.record(0, firstByteMs, code, reason)
    const nothingLeft = untouched || leftNothing(code)
    const again =
      (untouched || wantsRetry(code, this.#lane.action.retry)) && this.#mayTryAgain(nothingLeft)
    // A trial that failed has found what was known: nothing is healthy.
    const isTrial = attempt?.isTrial === true
    // What no answer will tell is counted here.
    if (clock !== undefined && (again || isTrial)) this.#lane.runtime.metrics.timeout(clock)
    if (again) return this.#retry(0)
    if (isTrial) this.#giveUp('no_healthy_backend')
    else this.#giveUp(code, attempt?.expiry(clock))
  }

  /** The head was given: if it is out, the client must not take the rest for complete (D1). */
  #cut(code: FailureCode, clock: UpstreamClock | undefined): void {
    const attempt = this.#attempt
    attempt?.record(0, 0, code)
    this.#giveUp(code, attempt?.expiry(clock))
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
    const picked = this.#picked as Picked
    this.#staleTried = true
    this.#attempt = new LiveAttempt(this.#exchange, this.#lane, picked)
    this.assigned(picked.endpoint.pool.open())
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
    this.#attempt?.end(outcome)
    this.#finish()
    this.#detach()?.abort()
  }

  // Attempts:

  #isReplayable(): boolean {
    return this.#upload?.isWhole !== false
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
    this.#detach()
    this.#tries++
    const jitterMs = runtime.dice() * action.retry.backoffMs * 2 ** (this.#tries - 1)
    runtime.clock.after(Math.max(jitterMs, atLeastMs), () => {
      if (!this.#over) this.#next()
    })
  }

  /** What comes of the body waits for another connection. */
  #detach(): UpstreamExchange | undefined {
    const connection = this.#connection
    this.#connection = undefined
    this.#upload?.detach()
    return connection
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

  #giveUp(code: FailureCode, detail?: FailureDetail): void {
    this.#finish()
    fail(this.#exchange, code, detail)
  }
}

/** False for what only the gateway says of an answer (`debugHeadersFor`). */
const isTheirs = (name: string): boolean =>
  name.charCodeAt(0) !== 0x78 || !name.startsWith('x-fairlead-')
