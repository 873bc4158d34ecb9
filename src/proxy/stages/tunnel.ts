import type { FailureCode, FailureDetail } from '../../model/failure.ts'
import type { HeaderList } from '../http1/header-list.ts'
import type { BodySink, ReplySource } from '../http1/message.ts'
import type { UpstreamClock, UpstreamExchange, UpstreamOwner } from '../runtime/upstream.ts'
import { sendHead } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { fail } from './fail.ts'

/** Why a tunnel ended, for the access log. */
type Ending =
  | 'client_closed'
  | 'backend_closed'
  | 'client_gone'
  | 'idle'
  | 'max_lifetime'
  | 'token_expired'
  | 'drain'

/**
 * A WebSocket from its 101 on: bytes go both ways as they come, nobody looks at them (W1), and the end of one direction
 * is the end of that one only. It lives until both have ended, or one of its clocks or a drain ends it.
 */
export class Tunnel implements UpstreamOwner, BodySink, ReplySource {
  readonly #exchange: Exchange
  readonly #connection: UpstreamExchange
  readonly #over: () => void
  #backendEnded = false
  #isOver = false

  /** @param over called once, when the backend's connection is of no use any more */
  constructor(exchange: Exchange, connection: UpstreamExchange, over: () => void) {
    this.#exchange = exchange
    this.#connection = connection
    this.#over = over
  }

  /** Answers 101 and begins to carry. */
  open(headers: HeaderList): void {
    const exchange = this.#exchange
    exchange.running = this
    exchange.reply.source = this
    exchange.becomeTunnel()
    this.#startLifetime()
    headers.set('upgrade', 'websocket')
    sendHead(exchange, 101, headers, -1)
    exchange.reply.flush()
    exchange.request.body.pipe(this)
  }

  /** Those that came together do not go together: up to a tenth of the lifetime is left to chance. */
  #startLifetime(): void {
    const { rule, runtime, request, authorization } = this.#exchange
    if (rule?.upgrade === undefined) return
    const { maxLifetimeMs, expiresWithToken } = rule.upgrade
    const lifeMs = maxLifetimeMs * (1 - runtime.dice() / 10) || Number.POSITIVE_INFINITY
    const tokenMs = expiresWithToken
      ? (authorization?.expiresWallMs ?? 0) - runtime.clock.wallMs()
      : Number.POSITIVE_INFINITY
    const leftMs = Math.max(Math.min(lifeMs, tokenMs), 1)
    if (leftMs === Number.POSITIVE_INFINITY) return
    const ending = tokenMs < lifeMs ? 'token_expired' : 'max_lifetime'
    const clock = tokenMs < lifeMs ? 'token' : 'maxLifetime'
    const sinceMs = runtime.clock.nowMs() - request.startedMs
    this.#exchange.startClock(sinceMs + leftMs, () =>
      this.#expire(ending, clock, Math.round(leftMs)),
    )
  }

  // The client:

  data(chunk: Buffer): boolean {
    return this.#connection.write(chunk)
  }

  end(): void {
    this.#tell('client_closed')
    this.#connection.halfClose()
    if (this.#backendEnded) this.#exchange.reply.end()
  }

  /** Of requests with a body only. */
  abort(): void {}

  drained(): void {
    if (!this.#isOver) this.#connection.resume()
  }

  gone(): void {
    this.#tell('client_gone')
    if (!this.#isOver) this.#connection.breakOff()
    this.#finish()
  }

  // The backend:

  received(chunk: Buffer): boolean {
    return this.#exchange.reply.write(chunk)
  }

  writable(): void {
    if (!this.#isOver) this.#exchange.request.body.resume()
  }

  halfClosed(): void {
    this.#tell('backend_closed')
    this.#backendEnded = true
    this.#exchange.reply.end()
  }

  failed(code: FailureCode, clock: UpstreamClock | undefined): void {
    const limitMs = this.#exchange.rule?.timeouts.idleMs ?? 0
    if (clock === 'idle') return this.#expire('idle', clock, limitMs)
    // It has said all that it had to say.
    if (this.#backendEnded) return this.#close('backend_closed')
    this.#finish()
    fail(this.#exchange, code)
  }

  informed(): void {}
  switched(): undefined {}
  responded(): void {}
  paused(): void {}
  ended(): void {}

  // The gateway:

  stopped(): void {
    this.#close('drain')
  }

  /** The exchange is over. */
  cancel(): void {
    this.#finish()
  }

  #expire(ending: Ending, clock: string, limitMs: number): void {
    const { runtime, request } = this.#exchange
    const spentMs =
      clock === 'idle' ? limitMs : Math.round(runtime.clock.nowMs() - request.startedMs)
    runtime.metrics.timeout(clock)
    this.#close(ending, { clock, limitMs, spentMs })
  }

  /** FIN for both sides: what is inside could be cut in the middle of a frame, so that no frame of ours is put there. */
  #close(ending: Ending, expiry: FailureDetail = {}): void {
    const { reply } = this.#exchange
    this.#tell(ending, expiry)
    this.#finish()
    reply.closeAfter()
    reply.end()
  }

  /** The first reason is the one. */
  #tell(reason: Ending, expiry: FailureDetail = {}): void {
    this.#exchange.failureDetail ??= { reason, ...expiry }
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#connection.close()
    this.#over()
  }
}
