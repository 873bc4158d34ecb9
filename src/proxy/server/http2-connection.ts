import type { Socket } from 'node:net'
import type { Timer } from '../../base/clock.ts'
import { atTurnEnd } from '../../base/turn-end.ts'
import { Deadline } from '../../base/wheel.ts'
import { HeaderList } from '../http1/header-list.ts'
import type { ParseFault, Peer, PeerTls, RequestHead } from '../http1/message.ts'
import { preface } from '../http2/frame.ts'
import { ServerSession, type ServerSessionOwner } from '../http2/server-session.ts'
import type { Stream } from '../http2/stream.ts'
import { isWaiting } from './accept.ts'
import {
  type ClientConnection,
  headTimeout,
  lastCallMs,
  lingerBytes,
  lingerMs,
} from './client-connection.ts'
import type { ConnectionHost } from './connection.ts'
import { peerOf } from './peer.ts'
import { refusalFields } from './refusal.ts'
import { StreamReply } from './stream-reply.ts'
import { type StreamHome, StreamRequest } from './stream-request.ts'

/** Waits for the kernel; then nothing is read, so that nothing more has to be answered. */
const backlogBytes = 256 * 1024

/** One HTTP/2 connection of a client. Streams that wait for nothing but the client are its burden, not ours. */
export class Http2Connection implements ClientConnection, ServerSessionOwner, StreamHome {
  readonly protocol = 'h2'
  readonly socket: Socket
  readonly host: ConnectionHost
  readonly peer: Peer
  readonly session: ServerSession
  /** Of the head, of the rest between requests, of the lingering end, or of the grace of a client that has said FIN. */
  readonly #deadline: Deadline
  #stall: Deadline | undefined
  #lastCall: Timer | undefined
  #phase: 'open' | 'linger' | 'closed' = 'open'
  #prefaceAt = 0
  #inHead = true
  #paused = false
  #halfClosed = false
  #flushing = false
  #discarded = 0
  /** Since when no stream is open. */
  #restSinceMs: number
  readonly #flush = (): void => this.#sendAll()

  constructor(socket: Socket, host: ConnectionHost, tls?: PeerTls) {
    this.socket = socket
    this.host = host
    this.peer = peerOf(socket, tls)
    this.#restSinceMs = host.clock.nowMs()
    this.session = new ServerSession(this, host.limits, this.peer.scheme)
    this.#deadline = new Deadline(host.wheel, () => this.#expired())
    this.#deadline.set(this.#restSinceMs, host.clocks.headMs)
  }

  get idle(): boolean {
    return this.#phase === 'open' && this.session.streams === 0
  }

  get state(): 'active' | 'idle' | 'closing' {
    if (this.idle) return 'idle'
    return this.#phase === 'open' ? 'active' : 'closing'
  }

  nowMs(): number {
    return this.host.clock.nowMs()
  }

  /**
   * A connection that has long been idle closes now; else requests may be on their way, which are still served: there are
   * two GOAWAYs (RFC 9113 §6.8).
   */
  drain(): void {
    if (this.#phase !== 'open') return
    const leftMs = this.idle ? this.#restSinceMs + lastCallMs - this.nowMs() : lastCallMs
    if (leftMs <= 0) return this.session.end()
    this.session.announceEnd()
    this.#lastCall ??= this.host.clock.after(leftMs, () => this.session.end())
  }

  stop(): void {
    this.session.stopTunnels()
  }

  shed(): void {
    if (this.idle) this.session.end()
  }

  /** Without a word of the streams: what ends with its connection, a client of gRPC may ask for again. */
  cut(): number {
    const lost = this.session.cut()
    this.destroy()
    this.closed()
    return lost
  }

  destroy(): void {
    this.socket.destroy()
  }

  read(buffer: Buffer, end: number): boolean {
    if (this.#phase === 'linger') return this.#discard(end)
    const start = this.#prefaceAt < preface.length ? this.#readPreface(buffer, end) : 0
    if (start < end) this.session.read(buffer, start, end)
    this.#watch()
    return !this.#paused
  }

  /** RFC 9113 §3.4. @returns where frames begin */
  #readPreface(buffer: Buffer, end: number): number {
    let at = 0
    while (at < end && this.#prefaceAt < preface.length) {
      if (buffer[at++] === preface.charCodeAt(this.#prefaceAt++)) continue
      this.session.fail('protocol_error')
      return end
    }
    return at
  }

  /** Which clock runs. The one of a head is not moved by the bytes after its first (R15). */
  #watch(): void {
    if (this.#phase !== 'open' || this.#halfClosed) return
    const { session } = this
    const inHead = !session.isGreeted || session.isInHead
    if (inHead && this.#inHead) return
    this.#inHead = inHead
    if (inHead) this.#deadline.set(this.nowMs(), this.host.clocks.headMs)
    else if (session.streams === 0)
      this.#deadline.set(this.#restSinceMs, this.host.clocks.connectionIdleMs)
    else this.#deadline.clear()
  }

  // Of the session:

  request(stream: Stream, head: RequestHead, fault: ParseFault | undefined): void {
    this.session.limits = this.host.limits
    if (fault !== undefined) return this.#refuse(stream, head, fault)
    if (this.host.draining) this.drain()
    const request = new StreamRequest(this, stream, head)
    const reply = new StreamReply(this, stream, request)
    stream.owner = reply
    this.host.handle(request, reply)
  }

  /** The plain minimum, as over HTTP/1.1; what else comes on the stream is not looked at. */
  #refuse(stream: Stream, { method }: RequestHead, fault: ParseFault): void {
    this.host.rejected(fault, this.peer)
    const { status, fields, body } = refusalFields(fault.code)
    const headers = new HeaderList()
    for (const [name, value] of fields) headers.add(name, value)
    this.session.sendHead(stream, status, headers, body.length)
    if (method !== 'HEAD') this.session.send(stream, body)
    this.session.finish(stream, undefined)
  }

  changed(): void {
    if (this.#flushing) return
    this.#flushing = true
    atTurnEnd(this.#flush)
  }

  #sendAll(): void {
    this.#flushing = false
    if (this.#phase === 'closed') return
    this.session.flush()
    this.#watchStall()
  }

  send(bytes: Buffer): boolean {
    // A socket with TLS keeps what it is given until the next turn: it gets a copy, and the caller its bytes back.
    const isKept = this.peer.tls !== undefined
    this.socket.write(isKept ? Buffer.from(bytes) : bytes)
    if (this.#halfClosed) this.#deadline.set(this.nowMs(), this.host.clocks.halfCloseGraceMs)
    const { writableLength } = this.socket
    this.session.isBlocked = isWaiting(this.socket)
    if (writableLength > backlogBytes) this.#paused = true
    return isKept || writableLength === 0
  }

  rested(): void {
    this.#restSinceMs = this.nowMs()
    if (this.#halfClosed) return this.session.end()
    this.#watch()
  }

  rejected(fault: ParseFault): void {
    this.host.rejected(fault, this.peer)
  }

  over(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'linger'
    this.#lastCall?.cancel()
    this.session.flush()
    this.socket.end()
    this.socket.resume()
    this.#deadline.set(this.nowMs(), lingerMs)
  }

  // Of the socket:

  #discard(bytes: number): boolean {
    this.#discarded += bytes
    if (this.#discarded > lingerBytes) this.socket.destroy()
    return true
  }

  drained(): void {
    this.session.drained()
    if (this.#paused) {
      this.#paused = false
      this.socket.resume()
    }
    this.#watchStall()
  }

  /** FIN: requests that are not complete never will be, and no window opens any more (R20). */
  ended(): void {
    this.#halfClosed = true
    if (this.#phase === 'linger') return void this.socket.destroy()
    this.session.remoteEnded()
    if (this.session.streams === 0) return this.session.end()
    this.#deadline.set(this.nowMs(), this.host.clocks.halfCloseGraceMs)
  }

  closed(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#deadline.close()
    this.#stall?.close()
    this.#lastCall?.cancel()
    this.session.lost()
    this.host.closed(this)
  }

  // Clocks:

  #watchStall(): void {
    const sinceMs = this.session.stalledSinceMs
    if (sinceMs === undefined || this.#phase !== 'open') return this.#stall?.clear()
    this.#stall ??= new Deadline(this.host.wheel, () => this.#stalled())
    this.#stall.set(sinceMs, this.host.clocks.writeStallMs)
  }

  /** A client takes nothing: of one stream, which ends then, or of anything. */
  #stalled(): void {
    this.host.expired('writeStall')
    if (this.session.isBlocked) return this.destroy()
    this.session.cutStalled(this.nowMs() - this.host.clocks.writeStallMs)
    this.#watchStall()
  }

  #expired(): void {
    if (this.#phase === 'linger') return this.destroy()
    if (this.#halfClosed) {
      this.host.expired('halfCloseGrace')
      return this.destroy()
    }
    if (this.#inHead) this.session.fail('enhance_your_calm', headTimeout)
    else this.session.end()
  }
}
