import { atTurnEnd } from '../../base/turn-end.ts'
import { Deadline } from '../../base/wheel.ts'
import type { FailureCode } from '../../model/failure.ts'
import type { HeaderList } from '../http1/header-list.ts'
import type { ResponseHead } from '../http1/message.ts'
import type { Asker, Loss } from '../http2/client-session.ts'
import { encodeRequest } from '../http2/hpack-encoder.ts'
import type { Stream } from '../http2/stream.ts'
import type { ConnectFault } from './connect-fault.ts'
import {
  soonest,
  type UpstreamClock,
  type UpstreamClocks,
  type UpstreamExchange,
  type UpstreamOwner,
  type UpstreamRequest,
} from './upstream.ts'
import type { UpstreamSession } from './upstream-session.ts'

/** One exchange with a backend on a stream of HTTP/2. */
export class UpstreamStream implements UpstreamExchange, Asker {
  method = ''
  untouched = false
  unsent = false
  answered = false
  readonly served: number
  readonly #home: UpstreamSession
  readonly #deadline: Deadline
  #owner: UpstreamOwner | undefined
  #stream: Stream<Asker> | undefined
  /** What waits until it may leave: the head, parts of the body, and whether there are no more. */
  #block = ''
  #parts: Buffer[] = []
  #isAsked = false
  #clocks: UpstreamClocks = { connectMs: 0, backendRequestMs: 0, idleMs: 0 }
  #phase: 'new' | 'head' | 'body' | 'over' = 'new'
  #startedMs = 0
  #paused = false
  /** What came during a pause, never more than the window; and whether that was all. */
  #pending: Buffer[] = []
  #hasEnded = false
  #trailers: HeaderList | undefined
  /** Bytes that were delivered with a pause as the answer. */
  #owed = 0

  constructor(home: UpstreamSession) {
    this.#home = home
    this.served = home.served
    this.#deadline = new Deadline(home.wheel, () => this.#expired())
  }

  get connected(): boolean {
    return this.#home.connected
  }

  get refusable(): boolean {
    return !this.answered
  }

  begin(owner: UpstreamOwner, request: UpstreamRequest, clocks: UpstreamClocks): void {
    const { method, target, authority, headers, framing, length, takesTrailers } = request
    this.#owner = owner
    this.#clocks = clocks
    this.method = method
    this.#phase = 'head'
    this.#startedMs = this.#home.nowMs()
    if (takesTrailers) headers.set('te', 'trailers')
    const scheme = this.#home.secure ? 'https' : 'http'
    this.#block = encodeRequest({ method, scheme, target, authority }, headers, length)
    this.#isAsked = framing === 'none'
    if (this.#home.began(this)) this.#open()
    this.reconsider()
  }

  #open(): void {
    const { session } = this.#home
    const isAlone = this.#isAsked && this.#parts.length === 0
    const stream = session.open(this, this.#block, isAlone)
    this.#stream = stream
    for (const part of this.#parts.splice(0)) session.send(stream, part)
    if (this.#isAsked && !isAlone) session.finish(stream)
  }

  /** It has waited, and may leave now. */
  go(): void {
    if (this.#phase === 'over') return
    this.#open()
    this.#owner?.writable()
  }

  /** It has waited for nothing: another connection has to take it. */
  turnAway(): void {
    if (this.#phase === 'over') return
    this.unsent = true
    this.lose('untouched')
  }

  /** Which clock runs before there is an answer: it depends on whether there is a connection. */
  reconsider(): void {
    if (this.#phase !== 'head') return
    const { connectMs, backendRequestMs } = this.#clocks
    const limitMs = this.connected ? backendRequestMs : soonest(connectMs, backendRequestMs)
    if (limitMs === 0) return this.#deadline.clear()
    const nowMs = this.#home.nowMs()
    this.#deadline.set(nowMs, Math.max(this.#startedMs + limitMs - nowMs, 1))
  }

  write(chunk: Buffer): boolean {
    if (this.#phase === 'over') return true
    if (this.#stream === undefined) {
      this.#parts.push(Buffer.from(chunk))
      return false
    }
    this.#idleClock()
    return this.#home.session.send(this.#stream, chunk)
  }

  flush(): void {}

  end(): void {
    this.#isAsked = true
    if (this.#stream !== undefined && this.#phase !== 'over')
      this.#home.session.finish(this.#stream)
  }

  // There are no tunnels on streams:
  halfClose(): void {}
  close(): void {
    this.abort()
  }
  breakOff(): void {
    this.abort()
  }
  spend(): void {}

  handOver(owner: UpstreamOwner): void {
    if (this.#owner !== undefined) this.#owner = owner
  }

  abort(): void {
    this.#owner = undefined
    if (this.#stream !== undefined) this.#home.session.cancel(this.#stream)
    this.#over()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#consumed(this.#owed)
    this.#owed = 0
    this.#idleClock()
    while (this.#pending.length > 0 && !this.#paused) this.#deliver(this.#pending.shift() as Buffer)
    if (this.#hasEnded && this.#pending.length === 0 && !this.#paused) this.#finish()
    else if (!this.#paused) this.#owner?.paused()
  }

  // Of the session:

  informed(head: ResponseHead): void {
    this.answered = true
    this.#owner?.informed(head)
  }

  responded(head: ResponseHead): void {
    this.answered = true
    this.#phase = 'body'
    this.#idleClock()
    this.#owner?.responded(head)
    // Alone if it has to: who streams may have nothing more to say for long.
    if (this.#owner !== undefined) atTurnEnd(this.#flushHead)
  }

  readonly #flushHead = (): void => {
    if (!this.#paused) this.#owner?.paused()
  }

  data(bytes: Buffer, start: number, end: number): void {
    if (this.#paused) this.#pending.push(Buffer.from(bytes.subarray(start, end)))
    else {
      this.#deliver(bytes.subarray(start, end))
      if (!this.#paused) this.#owner?.paused()
    }
  }

  #deliver(chunk: Buffer): void {
    if (this.#owner?.received(chunk) === false) {
      this.#paused = true
      this.#owed += chunk.length
      return this.#deadline.clear()
    }
    this.#consumed(chunk.length)
    this.#idleClock()
  }

  #consumed(bytes: number): void {
    if (this.#stream !== undefined && bytes > 0) this.#home.session.consumed(this.#stream, bytes)
  }

  ended(trailers: HeaderList | undefined): void {
    this.#hasEnded = true
    this.#trailers = trailers
    if (!this.#paused) this.#finish()
  }

  #finish(): void {
    const owner = this.#owner
    this.#owner = undefined
    this.#home.served++
    this.#over()
    owner?.ended(this.#trailers)
  }

  lose(how: Loss): void {
    this.untouched = how === 'untouched'
    const { code, reason } = this.#home.faultOf(how)
    this.#fail(code, undefined, reason)
  }

  reset(): void {
    this.lose('lost')
  }

  writable(): void {
    this.#owner?.writable()
  }

  left(): void {}

  stopped(): void {}

  // Clocks:

  /** Bytes of either direction count: a stream may be one of questions for long. */
  #idleClock(): void {
    if (this.#phase === 'body' && !this.#paused)
      this.#deadline.set(this.#home.nowMs(), this.#clocks.idleMs)
  }

  #expired(): void {
    const clock = this.#expiredClock()
    const stream = this.#stream
    if (stream !== undefined) this.#home.session.cancel(stream)
    this.#fail(this.connected ? 'upstream_timeout' : 'connect_timeout', clock)
  }

  #expiredClock(): UpstreamClock {
    if (this.#phase === 'body') return 'idle'
    const spentMs = this.#home.nowMs() - this.#startedMs
    const isConnect = !this.connected && spentMs < (this.#clocks.backendRequestMs || Infinity)
    return isConnect ? 'connect' : 'backendRequest'
  }

  #fail(code: FailureCode, clock?: UpstreamClock, reason?: ConnectFault): void {
    const owner = this.#owner
    this.#owner = undefined
    this.#over()
    owner?.failed(code, clock, reason)
  }

  #over(): void {
    if (this.#phase === 'over') return
    this.#phase = 'over'
    this.#pending = []
    this.#deadline.close()
    this.#home.gone(this)
  }
}
