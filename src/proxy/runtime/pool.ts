import type { Wheel } from '../../base/wheel.ts'
import { dial, type PoolTarget } from './dial.ts'
import type { PoolWaiter, UpstreamPool } from './upstream.ts'
import { UpstreamConnection, type UpstreamHome } from './upstream-connection.ts'
import { Waiters } from './waiters.ts'

export interface PoolOptions {
  readonly wheel: Wheel
  readonly maxConnections: number
  readonly maxPending: number
  readonly idleMs: number
  readonly allowLoopback: boolean
  readonly onUnsolicited: () => void
}

/** Keep-alive connections to one endpoint, last used first. Bounded; beyond the bound requests wait, then are refused. */
export class Pool implements UpstreamPool, UpstreamHome {
  readonly wheel: Wheel
  idleMs: number
  readonly target: PoolTarget
  /** Of the last handshake, so that the next one is short. */
  session: Buffer | undefined
  readonly #options: PoolOptions
  readonly #idle: UpstreamConnection[] = []
  readonly #all = new Set<UpstreamConnection>()
  readonly #waiters: Waiters

  constructor(target: PoolTarget, options: PoolOptions) {
    this.target = target
    this.#options = options
    this.wheel = options.wheel
    this.idleMs = options.idleMs
    this.#waiters = new Waiters(options.maxPending)
  }

  get connections(): number {
    return this.#all.size
  }

  get idle(): number {
    return this.#idle.length
  }

  get pending(): number {
    return this.#waiters.count
  }

  take(): UpstreamConnection | undefined {
    for (
      let connection = this.#idle.pop();
      connection !== undefined;
      connection = this.#idle.pop()
    ) {
      if (connection.usable) return connection
    }
    return this.#all.size < this.#options.maxConnections ? this.open() : undefined
  }

  /** A new connection, whatever is idle. */
  open(): UpstreamConnection {
    let connection: UpstreamConnection
    const { allowLoopback } = this.#options
    const read = (buffer: Buffer, bytes: number): boolean => connection.read(buffer, bytes)
    const socket = dial(this.target, { allowLoopback, protocol: 'http/1.1', sessions: this, read })
    connection = new UpstreamConnection(socket, this, this.target.tls !== undefined)
    this.#all.add(connection)
    return connection
  }

  wait(waiter: PoolWaiter): void {
    this.#waiters.add(waiter)
  }

  forget(waiter: PoolWaiter): void {
    this.#waiters.forget(waiter)
  }

  released(connection: UpstreamConnection): void {
    if (this.#waiters.isClosed) return connection.abort()
    const waiter = this.#waiters.next()
    if (waiter === undefined) this.#idle.push(connection)
    else waiter.assigned(connection)
  }

  dropped(connection: UpstreamConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    const waiter = this.#all.size < this.#options.maxConnections ? this.#waiters.next() : undefined
    waiter?.assigned(this.open())
  }

  unsolicited(): void {
    this.#options.onUnsolicited()
  }

  shed(): void {
    for (const connection of this.#idle.splice(0)) connection.abort()
  }

  close(): void {
    this.#waiters.close()
    this.shed()
  }
}
