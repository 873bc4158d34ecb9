import type { Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { Deadline, type Wheel } from '../../base/wheel.ts'
import type { FailureDetail } from '../../model/failure.ts'
import type { Clocks, Limits } from '../../model/settings.ts'
import type { Handle, ParseFault, Peer, PeerTls } from '../http1/message.ts'
import { RequestParser } from '../http1/request-parser.ts'
import { isWaiting } from './accept.ts'
import {
  type ClientConnection,
  headTimeout,
  lastCallMs,
  lingerBytes,
  lingerMs,
} from './client-connection.ts'
import { ClientReply } from './client-reply.ts'
import { ClientRequest } from './client-request.ts'
import { peerOf } from './peer.ts'
import { refusal } from './refusal.ts'

/** What a listener gives to its connections. `clocks` and `limits` change in place when the settings do. */
export interface ConnectionHost {
  readonly clock: Clock
  readonly wheel: Wheel
  readonly handle: Handle
  readonly draining: boolean
  clocks: Clocks
  limits: Limits
  /** A request that never became one: a bounded reason for the metric. */
  rejected(fault: ParseFault, peer: Peer): void
  /** A clock of the client's ran out, and there is no answer to say so. */
  expired(clock: 'writeStall' | 'halfCloseGrace'): void
  closed(connection: ClientConnection): void
}

/** While a request is in flight this much of what follows is kept, then reading pauses (F24). */
const pipelineBytes = 64 * 1024

/** One HTTP/1.x connection of a client: one request at a time, in order. */
export class Connection implements ClientConnection {
  protocol: 'http/1.1' | 'websocket' = 'http/1.1'
  readonly socket: Socket
  readonly host: ConnectionHost
  readonly peer: Peer
  readonly #parser: RequestParser
  readonly #deadline: Deadline
  #stall: Deadline | undefined
  /** Bytes that arrived and were not taken yet. A copy: the read buffer is shared. */
  #pending: Buffer | undefined
  #phase: 'head' | 'exchange' | 'tunnel' | 'linger' | 'closed' = 'head'
  #request: ClientRequest | undefined
  #reply: ClientReply | undefined
  #working = false
  #paused = false
  #halfClosed = false
  #discarded = 0
  /** No head was read yet: the clock of the first one runs from the accept. */
  #fresh = true
  /** Since when nothing is in flight. */
  #restSinceMs: number

  constructor(socket: Socket, host: ConnectionHost, tls?: PeerTls) {
    this.socket = socket
    this.host = host
    this.peer = peerOf(socket, tls)
    this.#parser = new RequestParser(host.limits, this.peer.scheme)
    this.#deadline = new Deadline(host.wheel, () => this.#expired())
    this.#restSinceMs = host.clock.nowMs()
    this.#deadline.set(this.#restSinceMs, host.clocks.headMs)
  }

  get idle(): boolean {
    return this.#phase === 'head' && this.#pending === undefined
  }

  /** Something has come that nobody has taken yet. */
  get hasPending(): boolean {
    return this.#pending !== undefined
  }

  get state(): 'active' | 'idle' | 'closing' {
    if (this.idle) return 'idle'
    return this.#phase === 'linger' || this.#phase === 'closed' ? 'closing' : 'active'
  }

  /**
   * The exchange in flight is the last. A connection that has long been idle closes now; one that was busy just now may
   * have its next request on the way, which is answered and is the last then.
   */
  drain(): void {
    if (this.#phase === 'tunnel') return
    if (!this.idle) return this.#reply?.closeAfter()
    const nowMs = this.host.clock.nowMs()
    const leftMs = this.#restSinceMs + lastCallMs - nowMs
    if (leftMs <= 0) this.#close()
    else this.#deadline.set(nowMs, leftMs)
  }

  /** Something else goes on with the socket. Only before the first byte was taken in. */
  leave(): void {
    this.#phase = 'closed'
    this.#deadline.close()
  }

  /** The drain is nearly over. */
  stop(): void {
    if (this.#phase === 'tunnel') this.#reply?.source?.stopped?.()
  }

  /** Closes if nothing is in flight. */
  shed(): void {
    if (this.idle) this.#close()
  }

  cut(): number {
    const lost = this.#reply
    lost?.watcher?.drained?.()
    if (lost === undefined) this.destroy()
    else this.reset()
    this.closed()
    return lost === undefined ? 0 : 1
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Cuts the connection so that nobody takes what was sent for complete: by RST, or under TLS without a close_notify. */
  reset(): void {
    if (this.peer.tls === undefined) this.socket.resetAndDestroy()
    else this.socket.destroy()
  }

  read(buffer: Buffer, end: number): boolean {
    if (this.#phase === 'linger') return this.#discard(end)
    if (this.#phase === 'tunnel') return this.#pass(buffer.subarray(0, end))
    let bytes = buffer
    let size = end
    if (this.#pending !== undefined) {
      bytes = Buffer.concat([this.#pending, buffer.subarray(0, end)])
      size = bytes.length
      this.#pending = undefined
    }
    this.#work(bytes, 0, size)
    return !this.#paused
  }

  /** No parser looks at what comes from now on, and no clock of HTTP runs. */
  becomeTunnel(request: ClientRequest): void {
    request.becomeTunnel(this.#halfClosed)
    this.#halfClosed = false
    this.#phase = 'tunnel'
    this.protocol = 'websocket'
    this.#deadline.clear()
  }

  #pass(bytes: Buffer): boolean {
    if (this.#request?.receive(bytes) === false) this.#paused = true
    return !this.#paused
  }

  /** Takes in as much as can be taken now; the rest is kept. */
  #work(bytes: Buffer, from: number, end: number): void {
    this.#working = true
    let at = from
    while (at < end && this.#phase !== 'linger' && this.#phase !== 'closed') {
      const taken =
        this.#phase === 'head' ? this.#takeHead(bytes, at, end) : this.#takeBody(bytes, at, end)
      if (taken < 0) break
      at = taken
    }
    this.#working = false
    if (at < end && (this.#phase === 'head' || this.#phase === 'exchange'))
      this.#keep(bytes, at, end)
  }

  /** Answers the new position, or -1 when more is needed or the connection is over. */
  #takeHead(bytes: Buffer, at: number, end: number): number {
    const parser = this.#parser
    parser.limits = this.host.limits
    const consumed = parser.parse(bytes, at, end)
    if (consumed > 0) return this.#begin(bytes, at + consumed, end)
    if (consumed < 0) this.refuse(parser.fault)
    else if (this.#pending === undefined) this.#headBegan()
    return -1
  }

  /** The head clock runs from a head's first byte, or the accept, and is not moved by the bytes after it (R15). */
  #headClockRuns = false
  #headBegan(): void {
    if (this.#headClockRuns) return
    this.#headClockRuns = true
    if (!this.#fresh) this.#deadline.set(this.host.clock.nowMs(), this.host.clocks.headMs)
  }

  #begin(bytes: Buffer, at: number, end: number): number {
    const now = this.host.clock.nowMs()
    this.#deadline.clear()
    this.#headClockRuns = false
    this.#fresh = false
    this.#phase = 'exchange'
    const request = new ClientRequest(this, this.#parser.head, now, bytes, at, end)
    const reply = new ClientReply(this, request)
    this.#request = request
    this.#reply = reply
    this.host.handle(request, reply)
    const next = request.releaseWindow()
    if (this.#request === request && !(request.complete && !this.#halfClosed)) this.#exchangeClock()
    return next
  }

  #takeBody(bytes: Buffer, at: number, end: number): number {
    const request = this.#request
    if (request === undefined || request.complete || !request.taken) return -1
    const next = request.take(bytes, at, end)
    this.#exchangeClock()
    return next
  }

  /** A half-closed client has its grace; else the client has a clock only while its body is waited for. */
  #exchangeClock(): void {
    const { clock, clocks } = this.host
    if (this.#halfClosed) this.#deadline.set(clock.nowMs(), clocks.halfCloseGraceMs)
    else if (this.#request?.awaited === true) this.#deadline.set(clock.nowMs(), clocks.bodyIdleMs)
    else this.#deadline.clear()
  }

  #keep(bytes: Buffer, at: number, end: number): void {
    this.#pending = Buffer.from(bytes.subarray(at, end))
    if (this.#phase === 'exchange' && end - at >= pipelineBytes) this.#pause()
  }

  #pause(): void {
    this.#paused = true
  }

  /** The taker of the body asked for a pause. */
  pauseBody(): void {
    this.#paused = true
  }

  /** Reading goes on, with what was kept first. */
  resumeBody(): void {
    if (this.#working) {
      this.#paused = false
      return
    }
    this.#goOn()
  }

  #goOn(): void {
    const pending = this.#pending
    this.#pending = undefined
    this.#paused = false
    if (pending !== undefined) this.#work(pending, 0, pending.length)
    if (this.#halfClosed) return this.#lastWord()
    if (this.#phase === 'exchange') this.#exchangeClock()
    if (!this.#paused) this.socket.resume()
  }

  /** The client sends nothing more, and all that it sent was looked at: what is not complete never will be (F14). */
  #lastWord(): void {
    if (this.#phase === 'head') this.#close()
    else if (this.#phase === 'exchange' && this.#pending === undefined) {
      if (this.#request?.complete === false) this.socket.destroy()
    }
  }

  /** The answer has left; what comes next depends on what the request left behind. */
  finished(reply: ClientReply): void {
    const request = this.#request
    if (this.#reply !== reply || request === undefined) return
    this.#request = undefined
    this.#reply = undefined
    if (this.#phase === 'closed') return
    if (!request.complete || reply.closing) return this.#close()
    this.#phase = 'head'
    this.#restSinceMs = this.host.clock.nowMs()
    this.#deadline.set(this.#restSinceMs, this.host.clocks.connectionIdleMs)
    if (this.#working) return
    if (this.#pending !== undefined || this.#paused || this.#halfClosed) this.#goOn()
  }

  /** A message that cannot be understood: the plain minimum, and nothing that follows is read (X-answers). */
  refuse(fault: ParseFault, detail?: FailureDetail): void {
    this.host.rejected(fault, this.peer)
    this.socket.write(refusal(fault.code, detail), 'latin1')
    this.#close()
  }

  /** Shuts down writing and reads a little longer, so that the last answer arrives. */
  #close(): void {
    if (this.#phase === 'linger' || this.#phase === 'closed') return
    this.#phase = 'linger'
    this.#pending = undefined
    this.#paused = false
    this.socket.end()
    this.socket.resume()
    this.#deadline.set(this.host.clock.nowMs(), lingerMs)
  }

  #discard(bytes: number): boolean {
    this.#discarded += bytes
    if (this.#discarded > lingerBytes) this.socket.destroy()
    return true
  }

  /** Called by the reply after each write. False while bytes wait for the client. */
  written(): boolean {
    if (this.#halfClosed)
      this.#deadline.set(this.host.clock.nowMs(), this.host.clocks.halfCloseGraceMs)
    if (!isWaiting(this.socket)) return true
    this.#stall ??= new Deadline(this.host.wheel, () => this.#cut('writeStall'))
    this.#stall.set(this.host.clock.nowMs(), this.host.clocks.writeStallMs)
    return false
  }

  drained(): void {
    this.#stall?.clear()
    this.#reply?.drained()
  }

  /** A half-close: the exchange goes on while bytes move towards the client (R20). */
  ended(): void {
    if (this.#phase === 'tunnel') return this.#request?.endTunnel()
    this.#halfClosed = true
    if (this.#phase === 'linger') return void this.socket.destroy()
    if (this.#phase === 'exchange') this.#exchangeClock()
    this.#lastWord()
  }

  closed(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#deadline.close()
    this.#stall?.close()
    this.#pending = undefined
    const reply = this.#reply
    this.#request = undefined
    this.#reply = undefined
    reply?.lost()
    this.host.closed(this)
  }

  #cut(clock: 'writeStall' | 'halfCloseGrace'): void {
    this.host.expired(clock)
    this.socket.destroy()
  }

  #expired(): void {
    if (this.#phase === 'linger') return void this.socket.destroy()
    if (this.#halfClosed) return this.#cut('halfCloseGrace')
    if (this.#phase === 'exchange') return this.#request?.timedOut(this.host)
    if (this.#headClockRuns)
      return this.refuse(headTimeout, { clock: 'head', limitMs: this.host.clocks.headMs })
    this.#close()
  }
}
