import type { Wheel } from '../../base/wheel.ts'
import { dial, type PoolTarget } from './dial.ts'
import type { PoolOptions } from './pool.ts'
import type { PoolWaiter, UpstreamExchange, UpstreamPool } from './upstream.ts'
import { type SessionHome, UpstreamSession } from './upstream-session.ts'
import { Waiters } from './waiters.ts'

/**
 * HTTP/2 connections to one endpoint. A request takes a stream of the first connection that has room, so that the later
 * ones become idle and close; a new connection is made when none has.
 */
export class StreamPool implements UpstreamPool, SessionHome {
  readonly wheel: Wheel
  idleMs: number
  /** Of the last handshake of TLS, so that the next one is short. */
  session: Buffer | undefined
  readonly #target: PoolTarget
  readonly #options: PoolOptions
  readonly #sessions = new Set<UpstreamSession>()
  readonly #waiters: Waiters

  constructor(target: PoolTarget, options: PoolOptions) {
    this.#target = target
    this.#options = options
    this.wheel = options.wheel
    this.idleMs = options.idleMs
    this.#waiters = new Waiters(options.maxPending)
  }

  get connections(): number {
    return this.#sessions.size
  }

  get idle(): number {
    let idle = 0
    for (const session of this.#sessions) if (session.idle) idle++
    return idle
  }

  get pending(): number {
    return this.#waiters.count
  }

  take(): UpstreamExchange | undefined {
    const free = this.#free()
    if (free !== undefined) return free.newStream()
    return this.#sessions.size < this.#options.maxConnections
      ? this.#connect().newStream()
      : undefined
  }

  open(): UpstreamExchange {
    return (this.#free() ?? this.#connect()).newStream()
  }

  #free(): UpstreamSession | undefined {
    for (const session of this.#sessions) if (session.room > 0) return session
    return undefined
  }

  #connect(): UpstreamSession {
    let session: UpstreamSession
    const { allowLoopback } = this.#options
    const read = (buffer: Buffer, bytes: number): boolean => session.read(buffer, bytes)
    const socket = dial(this.#target, { allowLoopback, protocol: 'h2', sessions: this, read })
    session = new UpstreamSession(socket, this, this.#target.tls !== undefined)
    this.#sessions.add(session)
    return session
  }

  wait(waiter: PoolWaiter): void {
    this.#waiters.add(waiter)
  }

  forget(waiter: PoolWaiter): void {
    this.#waiters.forget(waiter)
  }

  moved(session: UpstreamSession): void {
    if (this.#waiters.isClosed && session.idle) return session.end()
    while (session.room > 0) {
      const waiter = this.#waiters.next()
      if (waiter === undefined) return
      waiter.assigned(session.newStream())
    }
  }

  dropped(session: UpstreamSession): void {
    this.#sessions.delete(session)
    while (this.#waiters.count > 0) {
      const stream = this.take()
      if (stream === undefined) return
      this.#waiters.next()?.assigned(stream)
    }
  }

  unsolicited(): void {
    this.#options.onUnsolicited()
  }

  shed(): void {
    for (const session of [...this.#sessions]) if (session.idle) session.end()
  }

  close(): void {
    this.#waiters.close()
    for (const session of [...this.#sessions]) session.end()
  }
}
