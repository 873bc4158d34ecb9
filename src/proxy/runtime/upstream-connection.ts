import type { Socket } from 'node:net'
import { Deadline, type Wheel } from '../../base/wheel.ts'
import type { FailureCode } from '../../model/failure.ts'
import { answerBodyLimits, BodyDecoder } from '../http1/body-decoder.ts'
import type { Framing, ResponseHead } from '../http1/message.ts'
import { printChunkHead, printRequestHead } from '../http1/print-head.ts'
import { ResponseParser } from '../http1/response-parser.ts'
import { writePart } from '../http1/write-part.ts'
import {
  type ConnectFault,
  connectFaultOf,
  handshakeFaultOf,
  isHttp2,
  isOfTls,
} from './connect-fault.ts'
import {
  soonest,
  type UpstreamClock,
  type UpstreamClocks,
  type UpstreamExchange,
  type UpstreamOwner,
  type UpstreamRequest,
} from './upstream.ts'

/** What a pool wants to know of its connections. */
export interface UpstreamHome {
  readonly wheel: Wheel
  readonly idleMs: number
  /** The connection can take another request. */
  released(connection: UpstreamConnection): void
  /** The connection is of no further use. */
  dropped(connection: UpstreamConnection): void
  /** Bytes on an idle connection, or right behind an answer: an answer to nothing (D3). */
  unsolicited(): void
}

const mostInformational = 16
/** A backend that takes nothing more is not waited for longer. */
const lingerMs = 1000

/** One HTTP/1.1 connection to a backend: one request at a time. */
export class UpstreamConnection implements UpstreamExchange {
  readonly socket: Socket
  readonly #home: UpstreamHome
  readonly #parser = new ResponseParser()
  readonly #decoder = new BodyDecoder()
  readonly #deadline: Deadline
  readonly #secure: boolean
  served = 0
  connected = false
  /** HTTP/1.1 has no way to say so. */
  readonly untouched = false
  readonly refusable = false
  readonly unsent = false
  #owner: UpstreamOwner | undefined
  #clocks: UpstreamClocks = { connectMs: 0, backendRequestMs: 0, idleMs: 0 }
  #phase: 'idle' | 'head' | 'body' | 'tunnel' | 'closing' | 'dead' = 'idle'
  #method = ''
  #held = ''
  #framing: Framing = 'none'
  #requestDone = false
  #keepAlive = false
  #closeDelimited = false
  #informational = 0
  #startedMs = 0
  #paused = false
  #pending: Buffer | undefined

  constructor(socket: Socket, home: UpstreamHome, secure: boolean) {
    this.socket = socket
    this.#home = home
    this.#secure = secure
    this.#deadline = new Deadline(home.wheel, () => this.#expired())
    socket.on(secure ? 'secureConnect' : 'connect', () => this.#connect())
    socket.on('drain', () => this.#owner?.writable())
    socket.on('error', (error) => this.#broken(error))
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#lost(this.connected ? 'upstream_reset' : 'connect_failed'))
  }

  get usable(): boolean {
    return this.#phase === 'idle' && !this.socket.destroyed
  }

  get answered(): boolean {
    return this.#pending !== undefined || this.#informational > 0 || this.#phase === 'body'
  }

  begin(owner: UpstreamOwner, request: UpstreamRequest, clocks: UpstreamClocks): void {
    const { method, target, authority, headers, framing, length } = request
    // An announced length of 0 is told as well: some backends answer 411 to a POST without one.
    const told = length === 0 ? 'length' : framing
    const head = printRequestHead(method, target, authority, headers, told, length)
    this.#owner = owner
    this.#clocks = clocks
    this.#method = method
    this.#framing = framing
    this.#phase = 'head'
    this.#informational = 0
    this.#requestDone = framing === 'none'
    this.#startedMs = this.#home.wheel.nowMs()
    if (this.connected || clocks.connectMs === 0)
      this.#deadline.set(this.#startedMs, clocks.backendRequestMs)
    else this.#deadline.set(this.#startedMs, soonest(clocks.connectMs, clocks.backendRequestMs))
    if (this.#requestDone) this.socket.write(head, 'latin1')
    else this.#held = head
  }

  write(chunk: Buffer): boolean {
    if (this.#phase === 'dead' || this.#phase === 'idle') return true
    if (this.#phase === 'tunnel') this.#idleClock()
    const held = this.#held
    this.#held = ''
    if (this.#framing === 'chunked')
      return writePart(this.socket, held + printChunkHead(chunk.length), chunk, '\r\n')
    return writePart(this.socket, held, chunk, '')
  }

  flush(): void {
    if (this.#held === '') return
    this.socket.write(this.#held, 'latin1')
    this.#held = ''
  }

  end(): void {
    if (this.#requestDone || this.#phase === 'dead' || this.#phase === 'idle') return
    this.#requestDone = true
    if (this.#framing === 'chunked') this.#held += '0\r\n\r\n'
    this.flush()
  }

  halfClose(): void {
    if (this.#phase === 'tunnel') this.socket.end()
  }

  close(): void {
    this.#owner = undefined
    if (this.#phase !== 'tunnel' || this.socket.writableLength === 0) return this.#die()
    this.#phase = 'closing'
    this.#deadline.set(this.#home.wheel.nowMs(), lingerMs)
    this.socket.resume()
    this.socket.destroySoon()
  }

  /** By RST, or under TLS without a close_notify. */
  breakOff(): void {
    if (this.#phase === 'tunnel' && !this.#secure) this.socket.resetAndDestroy()
    this.abort()
  }

  spend(): void {
    this.#keepAlive = false
  }

  handOver(owner: UpstreamOwner): void {
    if (this.#owner !== undefined) this.#owner = owner
  }

  /** The connection is of no use to anyone else. */
  abort(): void {
    this.#owner = undefined
    this.#die()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#deadline.set(this.#home.wheel.nowMs(), this.#clocks.idleMs)
    const pending = this.#pending
    this.#pending = undefined
    if (pending !== undefined) this.#work(pending, pending.length)
    if (!this.#paused && this.#phase !== 'dead') this.socket.resume()
  }

  /** @returns false to pause the socket */
  read(buffer: Buffer, end: number): boolean {
    if (this.#phase === 'dead' || this.#phase === 'closing') return true
    if (this.#phase === 'idle') return this.#unsolicited()
    let bytes = buffer
    let size = end
    if (this.#pending !== undefined) {
      bytes = Buffer.concat([this.#pending, buffer.subarray(0, end)])
      size = bytes.length
      this.#pending = undefined
    }
    this.#work(bytes, size)
    return !this.#paused
  }

  #unsolicited(): boolean {
    this.#home.unsolicited()
    this.#die()
    return true
  }

  #work(bytes: Buffer, end: number): void {
    let at = 0
    while (at < end && this.#phase === 'head') {
      const consumed = this.#parser.parse(bytes, at, end, this.#method)
      if (consumed < 0) return this.#refuse(bytes, at, end)
      if (consumed === 0) return void (this.#pending = Buffer.from(bytes.subarray(at, end)))
      at += consumed
      if (!this.#head(at, end)) return
    }
    if (this.#phase === 'tunnel') return this.#pass(bytes, at, end)
    if (at < end && this.#phase === 'body') this.#body(bytes, at, end)
    if (this.#phase === 'body') this.#owner?.paused()
  }

  #refuse(bytes: Buffer, at: number, end: number): void {
    const reason = isHttp2(bytes, at, end) ? 'http2_spoken' : undefined
    this.#fail('upstream_protocol_error', undefined, reason)
  }

  /** False when the exchange is over. */
  #head(at: number, end: number): boolean {
    const { head } = this.#parser
    if (head.status < 200) return this.#inform(head)
    this.#keepAlive = head.keepAlive
    this.#closeDelimited = head.framing === 'close'
    this.#phase = 'body'
    this.#deadline.clear()
    this.#owner?.responded(head)
    if (this.#phase !== 'body') return false
    if (head.framing === 'none' || (head.framing === 'length' && head.contentLength === 0)) {
      this.#finish(at === end)
      return false
    }
    this.#decoder.reset(head.framing, head.contentLength, answerBodyLimits)
    if (at === end) this.#idleClock()
    return true
  }

  #inform(head: ResponseHead): boolean {
    if (head.status === 101) return this.#switch(head)
    if (++this.#informational > mostInformational) {
      this.#fail('upstream_protocol_error')
      return false
    }
    if (head.status !== 100) this.#owner?.informed(head)
    return true
  }

  /** U3: only what was asked for, and nothing that comes unasked (D2). */
  #switch(head: ResponseHead): boolean {
    const owner = this.#owner?.switched(head)
    if (owner === undefined) {
      this.#fail('upstream_protocol_error')
      return false
    }
    this.#owner = owner
    this.#phase = 'tunnel'
    this.#idleClock()
    return true
  }

  #pass(bytes: Buffer, at: number, end: number): void {
    if (at === end) return
    this.#idleClock()
    if (this.#owner?.received(bytes.subarray(at, end)) === false) this.#paused = true
  }

  #body(bytes: Buffer, at: number, end: number): void {
    const consumed = this.#decoder.decode(bytes, at, end, this.#deliver)
    if (this.#phase !== 'body') return
    if (consumed < 0) return this.#fail('upstream_protocol_error')
    if (this.#decoder.done) this.#finish(at + consumed === end)
    else if (!this.#paused) this.#idleClock()
  }

  readonly #deliver = (bytes: Buffer, start: number, end: number): void => {
    if (this.#owner?.received(bytes.subarray(start, end)) !== false) return
    this.#paused = true
    this.#deadline.clear()
  }

  #idleClock(): void {
    this.#deadline.set(this.#home.wheel.nowMs(), this.#clocks.idleMs)
  }

  /** @param exact nothing came after the answer */
  #finish(exact: boolean): void {
    const owner = this.#owner
    this.#owner = undefined
    this.served++
    const reusable =
      exact &&
      this.#keepAlive &&
      this.#requestDone &&
      !this.#closeDelimited &&
      !this.socket.destroyed
    if (!exact) this.#home.unsolicited()
    if (!reusable) this.#die()
    else this.#release()
    owner?.ended()
  }

  #release(): void {
    this.#phase = 'idle'
    if (this.#paused) {
      this.#paused = false
      this.socket.resume()
    }
    this.#deadline.set(
      this.#startedMs,
      this.#home.idleMs + (this.#home.wheel.nowMs() - this.#startedMs),
    )
    this.#home.released(this)
  }

  #connect(): void {
    this.connected = true
    if (this.#phase !== 'head' || this.#clocks.backendRequestMs === 0) return this.#deadline.clear()
    const now = this.#home.wheel.nowMs()
    this.#deadline.set(now, Math.max(this.#startedMs + this.#clocks.backendRequestMs - now, 1))
  }

  #expired(): void {
    if (this.#phase === 'idle' || this.#phase === 'closing') return this.#die()
    if (this.#phase === 'body' || this.#phase === 'tunnel')
      return this.#fail('upstream_timeout', 'idle')
    const spentMs = this.#home.wheel.nowMs() - this.#startedMs
    if (!this.connected && spentMs < (this.#clocks.backendRequestMs || Infinity))
      return this.#fail('connect_timeout', 'connect')
    this.#fail(this.connected ? 'upstream_timeout' : 'connect_timeout', 'backendRequest')
  }

  /** FIN: the end of an answer without a length, else a broken one. Without close_notify it may be an attacker's cut. */
  #ended(): void {
    if (this.#phase === 'tunnel') return this.#owner?.halfClosed()
    if (this.#phase === 'closing') return
    if (
      this.#phase === 'body' &&
      this.#closeDelimited &&
      !this.#secure &&
      this.#pending === undefined
    )
      return this.#finish(true)
    this.#lost('upstream_reset')
  }

  #broken(error: NodeJS.ErrnoException): void {
    if (this.connected) return this.#lost('upstream_reset', handshakeFaultOf(error))
    const tls = this.#secure && isOfTls(error)
    this.#lost(tls ? 'upstream_tls_failed' : 'connect_failed', connectFaultOf(error))
  }

  #lost(code: FailureCode, reason?: ConnectFault): void {
    if (this.#phase === 'dead') return
    const pending = this.#pending
    const isOther = pending !== undefined && isHttp2(pending, 0, pending.length)
    this.#fail(code, undefined, isOther ? 'http2_spoken' : reason)
  }

  #fail(code: FailureCode, clock?: UpstreamClock, reason?: ConnectFault): void {
    const owner = this.#owner
    this.#owner = undefined
    this.#die()
    owner?.failed(code, clock, reason)
  }

  #die(): void {
    if (this.#phase === 'dead') return
    this.#phase = 'dead'
    this.#held = ''
    this.#pending = undefined
    this.#deadline.close()
    this.socket.destroy()
    this.#home.dropped(this)
  }
}
