import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { atTurnEnd } from '../../base/turn-end.ts'
import { Deadline, type Wheel } from '../../base/wheel.ts'
import type { FailureCode } from '../../model/failure.ts'
import { ClientSession, type ClientSessionOwner, type Loss } from '../http2/client-session.ts'
import { preface } from '../http2/frame.ts'
import { type ConnectFault, connectFaultOf, handshakeFaultOf, isOfTls } from './connect-fault.ts'
import { UpstreamStream } from './upstream-stream.ts'

/** What a pool wants to know of its sessions. */
export interface SessionHome {
  readonly wheel: Wheel
  readonly idleMs: number
  /** It may take another request, or none any more. */
  moved(session: UpstreamSession): void
  /** It is of no further use. */
  dropped(session: UpstreamSession): void
  unsolicited(): void
}

/** A last word that the backend does not take is not waited for longer. */
const lingerMs = 1000

/** One HTTP/2 connection to a backend: many requests at a time, each on a stream. */
export class UpstreamSession implements ClientSessionOwner {
  readonly session: ClientSession
  readonly secure: boolean
  /** Requests that were answered on it. */
  served = 0
  connected = false
  readonly #socket: Socket
  readonly #home: SessionHome
  readonly #deadline: Deadline
  /** Those that have begun and are not over. */
  readonly #streams = new Set<UpstreamStream>()
  /** Those of them that wait until the backend has said how many it takes. */
  readonly #held = new Set<UpstreamStream>()
  #phase: 'open' | 'closing' | 'dead' = 'open'
  #isFlushing = false
  /** Nothing leaves before it is known that the backend speaks HTTP/2. Bounded by the windows that all begin with. */
  readonly #early: Buffer[] = [Buffer.from(preface)]
  #fault: FailureCode = 'upstream_reset'
  #reason: ConnectFault | undefined
  readonly #flush = (): void => this.#sendAll()

  constructor(socket: Socket, home: SessionHome, secure: boolean) {
    this.#socket = socket
    this.#home = home
    this.secure = secure
    this.#deadline = new Deadline(home.wheel, () => this.#expired())
    this.session = new ClientSession(this)
    socket.on(secure ? 'secureConnect' : 'connect', () => this.#connect())
    socket.on('drain', () => this.#drained())
    socket.on('error', (error) => this.#broken(error))
    socket.on('end', () => this.#lost())
    socket.on('close', () => this.#lost())
  }

  /** Streams that it would still take. */
  get room(): number {
    return this.#phase === 'open' ? this.session.room - this.#held.size : 0
  }

  get idle(): boolean {
    return this.#streams.size === 0
  }

  get wheel(): Wheel {
    return this.#home.wheel
  }

  /** For a request that begins at once. */
  newStream(): UpstreamStream {
    return new UpstreamStream(this)
  }

  /** @returns false when it has to wait for `UpstreamStream.go` */
  began(stream: UpstreamStream): boolean {
    this.#streams.add(stream)
    this.#deadline.clear()
    if (this.session.takesNow && this.#held.size === 0) return true
    this.#held.add(stream)
    return false
  }

  gone(stream: UpstreamStream): void {
    this.#held.delete(stream)
    if (this.#streams.delete(stream) && this.#phase === 'open' && this.idle) this.#rest()
  }

  #rest(): void {
    if (!this.connected) return this.#die('connect_failed')
    if (this.session.isSpent) return this.session.end()
    this.#deadline.set(this.nowMs(), this.#home.idleMs)
  }

  /** Nothing more is asked on it. */
  end(): void {
    this.session.end()
  }

  read(buffer: Buffer, end: number): boolean {
    if (this.#phase === 'open' && this.connected) this.session.read(buffer, 0, end)
    return true
  }

  // Of the session:

  nowMs(): number {
    return this.#home.wheel.nowMs()
  }

  changed(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    atTurnEnd(this.#flush)
  }

  #sendAll(): void {
    this.#isFlushing = false
    if (this.#phase === 'open') this.session.flush()
  }

  send(bytes: Buffer): boolean {
    if (!this.connected) {
      this.#early.push(Buffer.from(bytes))
      this.session.isBlocked = true
      return true
    }
    // A socket with TLS keeps what it is given until the next turn: it gets a copy, and the caller its bytes back.
    this.#socket.write(this.secure ? Buffer.from(bytes) : bytes)
    const { writableLength, writableNeedDrain } = this.#socket
    this.session.isBlocked = writableLength > 0 && writableNeedDrain
    return this.secure || writableLength === 0
  }

  moved(): void {
    if (this.#phase !== 'open') return
    if (this.idle && this.session.isSpent) this.session.end()
    else this.#home.moved(this)
  }

  /** What it does not take goes elsewhere. */
  greeted(): void {
    for (const stream of this.#takeHeld()) {
      if (this.session.room > 0) stream.go()
      else stream.turnAway()
    }
    this.moved()
  }

  #takeHeld(): UpstreamStream[] {
    const held = [...this.#held]
    this.#held.clear()
    return held
  }

  unsolicited(): void {
    this.#home.unsolicited()
  }

  over(): void {
    if (this.#phase !== 'open') return
    this.session.flush()
    this.#phase = 'closing'
    this.#home.dropped(this)
    this.#deadline.set(this.nowMs(), lingerMs)
    this.#socket.destroySoon()
    for (const stream of this.#takeHeld()) stream.lose('malformed')
  }

  /** What the loss of a stream is to its request. */
  faultOf(how: Loss): { readonly code: FailureCode; readonly reason: ConnectFault | undefined } {
    if (how === 'malformed') return { code: 'upstream_protocol_error', reason: undefined }
    return how === 'lost'
      ? { code: this.#fault, reason: this.#reason }
      : { code: 'upstream_reset', reason: undefined }
  }

  // Of the socket:

  #connect(): void {
    this.connected = true
    // Bytes of another protocol would be taken for frames (RFC 9113 §3.2).
    if (this.secure && (this.#socket as TLSSocket).alpnProtocol !== 'h2')
      return this.#die('upstream_protocol_error')
    for (const part of this.#early.splice(0)) this.#socket.write(part)
    if (!this.#socket.writableNeedDrain) this.session.drained()
    for (const stream of this.#streams) stream.reconsider()
  }

  #drained(): void {
    this.session.drained()
  }

  #broken(error: NodeJS.ErrnoException): void {
    if (this.connected) return this.#die('upstream_reset', handshakeFaultOf(error))
    const isTls = this.secure && isOfTls(error)
    this.#die(isTls ? 'upstream_tls_failed' : 'connect_failed', connectFaultOf(error))
  }

  #lost(): void {
    this.#die(this.connected ? 'upstream_reset' : 'connect_failed')
  }

  #expired(): void {
    if (this.#phase === 'closing') this.#die('upstream_reset')
    else if (this.idle) this.end()
  }

  #die(code: FailureCode, reason?: ConnectFault): void {
    if (this.#phase === 'dead') return
    const wasOpen = this.#phase === 'open'
    this.#phase = 'dead'
    this.#fault = code
    this.#reason = reason
    this.#deadline.close()
    this.#socket.destroy()
    if (wasOpen) this.#home.dropped(this)
    this.session.lost()
    for (const stream of this.#takeHeld()) stream.lose('lost')
  }
}
