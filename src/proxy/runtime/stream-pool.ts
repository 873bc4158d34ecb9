import type { Wheel } from '../../base/wheel.ts'
import { dial, type PoolTarget } from './dial.ts'
import type { PoolOptions } from './pool.ts'
import type { PoolWaiter, UpstreamExchange, UpstreamPool } from './upstream.ts'
import { type SessionHome, UpstreamSession } from './upstream-session.ts'

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
  readonly #waiters: PoolWaiter[] = []
  #isClosed = false

  constructor(target: PoolTarget, options: PoolOptions) {
    this.#target = target
    this.#options = options
    this.wheel = options.wheel
    this.idleMs = options.idleMs
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
    return this.#waiters.length
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
    if (this.#isClosed || this.#waiters.length >= this.#options.maxPending)
      return waiter.refused('overloaded')
    this.#waiters.push(waiter)
  }

  forget(waiter: PoolWaiter): void {
    const at = this.#waiters.indexOf(waiter)
    if (at >= 0) this.#waiters.splice(at, 1)
  }

  moved(session: UpstreamSession): void {
    if (this.#isClosed && session.idle) return session.end()
    while (session.room > 0) {
      const waiter = this.#waiters.shift()
      if (waiter === undefined) return
      waiter.assigned(session.newStream())
    }
  }

  dropped(session: UpstreamSession): void {
    this.#sessions.delete(session)
    while (this.#waiters.length > 0) {
      const stream = this.take()
      if (stream === undefined) return
      this.#waiters.shift()?.assigned(stream)
    }
  }

  unsolicited(): void {
    this.#options.onUnsolicited()
  }

  shed(): void {
    for (const session of [...this.#sessions]) if (session.idle) session.end()
  }

  close(): void {
    this.#isClosed = true
    for (const waiter of this.#waiters.splice(0)) waiter.refused('connect_failed')
    for (const session of [...this.#sessions]) session.end()
  }
}
