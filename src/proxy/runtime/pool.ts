import net from 'node:net'
import tls from 'node:tls'
import type { Wheel } from '../../base/wheel.ts'
import { isForbiddenAddress } from '../../model/address.ts'
import type { FailureCode } from '../../model/failure.ts'
import { UpstreamConnection, type UpstreamHome } from './upstream-connection.ts'
import { type LiveTls, tlsOptions } from './upstream-tls.ts'

/** Where the connections of one pool go. */
export interface PoolTarget {
  readonly address: string
  readonly port: number
  readonly tls?: LiveTls | undefined
}

export interface PoolOptions {
  readonly wheel: Wheel
  readonly maxConnections: number
  readonly maxPending: number
  readonly idleMs: number
  readonly allowLoopback: boolean
  readonly onUnsolicited: () => void
}

/** Who waits for a connection. Exactly one of the two is called, once, unless `Pool.forget` came first. */
export interface PoolWaiter {
  assigned(connection: UpstreamConnection): void
  refused(code: FailureCode): void
}

/** One read of a backend at most. */
const shared = Buffer.allocUnsafeSlow(32 * 1024)

/** Keep-alive connections to one endpoint, last used first. Bounded; beyond the bound requests wait, then are refused. */
export class Pool implements UpstreamHome {
  readonly wheel: Wheel
  idleMs: number
  readonly target: PoolTarget
  /** Of the last handshake, so that the next one is short. */
  session: Buffer | undefined
  #options: PoolOptions
  readonly #idle: UpstreamConnection[] = []
  readonly #all = new Set<UpstreamConnection>()
  readonly #waiters: PoolWaiter[] = []
  #closed = false

  constructor(target: PoolTarget, options: PoolOptions) {
    this.target = target
    this.#options = options
    this.wheel = options.wheel
    this.idleMs = options.idleMs
  }

  get connections(): number {
    return this.#all.size
  }

  get idle(): number {
    return this.#idle.length
  }

  get pending(): number {
    return this.#waiters.length
  }

  /** A connection now, `undefined` when the caller has to `wait`. */
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

  /** A new connection, whatever is idle: for the one retry after a stale connection. */
  open(): UpstreamConnection {
    const connection = connect(this.target, this, this.#options.allowLoopback)
    this.#all.add(connection)
    return connection
  }

  wait(waiter: PoolWaiter): void {
    if (this.#closed || this.#waiters.length >= this.#options.maxPending)
      return waiter.refused('overloaded')
    this.#waiters.push(waiter)
  }

  forget(waiter: PoolWaiter): void {
    const at = this.#waiters.indexOf(waiter)
    if (at >= 0) this.#waiters.splice(at, 1)
  }

  released(connection: UpstreamConnection): void {
    if (this.#closed) return connection.abort()
    const waiter = this.#waiters.shift()
    if (waiter === undefined) this.#idle.push(connection)
    else waiter.assigned(connection)
  }

  dropped(connection: UpstreamConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    const waiter = this.#all.size < this.#options.maxConnections ? this.#waiters.shift() : undefined
    waiter?.assigned(this.open())
  }

  unsolicited(): void {
    this.#options.onUnsolicited()
  }

  /** Closes what is idle: under memory pressure, or when the endpoint was ejected. */
  shed(): void {
    for (const connection of this.#idle.splice(0)) connection.abort()
  }

  /** No new connections; those in use end with their exchange. */
  close(): void {
    this.#closed = true
    this.shed()
    for (const waiter of this.#waiters.splice(0)) waiter.refused('connect_failed')
  }
}

function connect(target: PoolTarget, home: Pool, allowLoopback: boolean): UpstreamConnection {
  // Checked when resolved and again here (C6): nothing reaches a socket unchecked.
  if (isForbiddenAddress(target.address, allowLoopback)) return refuse(home, 'address_refused')
  if (target.tls === undefined) return open(target, home, (to) => net.connect(to))
  if (target.tls.context === undefined) return refuse(home, 'other')
  const options = { ...tlsOptions(target.tls), ALPNProtocols: ['http/1.1'] }
  return open(target, home, (to) => {
    const socket = tls.connect({ ...to, ...options, session: home.session })
    return socket.on('session', (session) => (home.session = session))
  })
}

function open(
  { address, port, tls }: PoolTarget,
  home: UpstreamHome,
  dial: (to: net.NetConnectOpts) => net.Socket,
): UpstreamConnection {
  let connection: UpstreamConnection
  const callback = (bytes: number, buffer: Uint8Array): boolean =>
    connection.read(buffer as Buffer, bytes)
  const to = {
    host: address,
    port,
    noDelay: true,
    allowHalfOpen: true,
    highWaterMark: 1,
    onread: { buffer: shared, callback },
  }
  connection = new UpstreamConnection(dial(to as net.NetConnectOpts), home, tls !== undefined)
  return connection
}

/** A connection that fails like any other, so that nobody has a second way of failing to think of. */
function refuse(home: UpstreamHome, code: string): UpstreamConnection {
  const socket = new net.Socket()
  const error = Object.assign(new Error('refused before it was made'), { code })
  process.nextTick(() => socket.destroy(error))
  return new UpstreamConnection(socket, home, false)
}
