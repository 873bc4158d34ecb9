import net from 'node:net'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Wheel } from '../../base/wheel.ts'
import { type CidrSet, parseCidrs } from '../../model/address.ts'
import type { Clocks, Limits, Settings } from '../../model/settings.ts'
import type { Handle, ParseFault, Peer, PeerTls } from '../http1/message.ts'
import { type Accept, byEvents, chooseAccept, type SocketOwner } from './accept.ts'
import type { Admission } from './admission.ts'
import type { ClientConnection, Protocol } from './client-connection.ts'
import { Connection, type ConnectionHost } from './connection.ts'
import { Http2Connection } from './http2-connection.ts'
import { comesFrom, peerOf } from './peer.ts'
import { PriorKnowledge } from './prior-knowledge.ts'
import { ProxyGate } from './proxy-gate.ts'
import { spread } from './spread.ts'
import { TlsGate, type TlsGateOptions } from './tls-gate.ts'

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly clock: Clock
  readonly wheel: Wheel
  readonly dice: Dice
  readonly handle: Handle
  readonly clocks: Clocks
  readonly limits: Limits
  /** Shared by all listeners. */
  readonly admission: Admission
  /** The way in for TLS; absent: a plain listener. */
  readonly tls?: ListenerTls
  readonly observer: ListenerObserver
  /** A message that never became a request was answered with a refusal. */
  readonly refused?: (refused: { readonly fault: ParseFault; readonly peer: Peer }) => void
}

export type ListenerTls = Omit<TlsGateOptions, 'wheel' | 'handshakeMs' | 'protocols'>

/** What happens at the listener, for metrics. */
export interface ListenerObserver {
  /** A request or a connection that was turned away; `reason` is bounded. */
  rejected(fault: ParseFault): void
  expired(clock: 'writeStall' | 'halfCloseGrace'): void
}

/** Shares of a drain's time: when tunnels begin to be closed, and how long that may take; what is left is for their goodbyes. */
const untilStopped = 0.75
const stopping = 0.2

const speakers = { 'http/1.1': Connection, h2: Http2Connection } as const satisfies Record<
  Protocol,
  unknown
>

/** What is offered in a handshake, best first. */
const offered: readonly Protocol[] = ['h2', 'http/1.1']

/** New keys for session tickets so often: what was recorded before cannot be read with keys that are found later. */
const ticketKeysMs = 4 * 3_600_000

/** One address and port, plain or with TLS, and its connections. */
export class Listener implements ConnectionHost {
  readonly clock: Clock
  readonly wheel: Wheel
  readonly handle: Handle
  clocks: Clocks
  limits: Limits
  draining = false
  readonly #options: ListenerOptions
  readonly #connections = new Set<ClientConnection>()
  readonly #gate: TlsGate | undefined
  #rotation: Timer | undefined
  /** Connections that are opened from now on may speak HTTP/2 by prior knowledge. */
  #h2c = false
  /** Peers whose connections begin with a header of the PROXY protocol. */
  #proxies: CidrSet = parseCidrs([])
  #server: net.Server | undefined
  #emptied: (() => void) | undefined

  constructor(options: ListenerOptions) {
    this.#options = options
    this.clock = options.clock
    this.wheel = options.wheel
    this.handle = options.handle
    this.clocks = options.clocks
    this.limits = options.limits
    this.#gate =
      options.tls &&
      new TlsGate({
        ...options.tls,
        wheel: options.wheel,
        handshakeMs: () => this.clocks.headMs,
        protocols: offered,
      })
  }

  get connections(): number {
    return this.#connections.size
  }

  /** How many connections of each protocol have a request, none, or had their last one. */
  get states(): Readonly<Record<string, Readonly<Record<ClientConnection['state'], number>>>> {
    const none = { active: 0, idle: 0, closing: 0 }
    const counts = { 'http/1.1': { ...none }, h2: { ...none }, websocket: { ...none } }
    for (const { protocol, state } of this.#connections) counts[protocol][state]++
    return counts
  }

  /** Opens the port; resolves with the port in use, rejects with Node's error (`EADDRINUSE`). */
  async listen(): Promise<number> {
    const accept = await chooseAccept()
    const server = net.createServer(
      // Half a handshake leads nowhere: a socket may be half-open only from its end on.
      { allowHalfOpen: this.#gate === undefined, pauseOnConnect: true, noDelay: true },
      (socket) => this.#accept(accept, socket),
    )
    this.#server = server
    this.#rotateTickets()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: this.#options.host, port: this.#options.port, backlog: 4096 }, resolve)
    })
    // EMFILE and its like, where libuv tells: as a rule it accepts and closes by itself, so that no client waits (D7).
    server.on('error', () => this.rejected({ code: 'overloaded', reason: 'accept_failed' }))
    return (server.address() as net.AddressInfo).port
  }

  /** Settings that changed: connections see them from their next request on. */
  configure({ clocks, listeners }: Settings, limits: Limits): void {
    this.clocks = clocks
    this.limits = limits
    this.#h2c = listeners?.http?.h2c ?? false
    const own = this.#gate === undefined ? listeners?.http : listeners?.https
    this.#proxies = parseCidrs(own?.proxyProtocolFrom ?? [])
  }

  #rotateTickets(): void {
    if (this.#gate === undefined) return
    this.#rotation = this.clock.after(ticketKeysMs, () => {
      this.#gate?.rotateTickets()
      this.#rotateTickets()
    })
  }

  #accept(accept: Accept, socket: net.Socket): void {
    const address = socket.remoteAddress
    if (address === undefined) return void socket.destroy()
    const isProxied = this.#proxies.contains(address)
    if (this.#gate !== undefined) return this.#acceptSecure(this.#gate, socket, isProxied)
    if (isProxied) return this.#acceptProxied(accept, socket)
    if (this.#admits(socket, address)) accept(socket, (wrapped) => this.#begin(wrapped, address))
  }

  #acceptSecure(gate: TlsGate, socket: net.Socket, isProxied: boolean): void {
    gate.accept(socket, isProxied, {
      admits: (address) => this.#admits(socket, address),
      released: (address) => this.#options.admission.release(address),
      opened: (secured, protocol, tls) =>
        byEvents(secured, (wrapped) => this.#open(wrapped, protocol as Protocol, tls)),
    })
  }

  /** False for one too many, which is closed. */
  #admits(socket: net.Socket, address: string): boolean {
    const reason = this.#options.admission.admit(address, this.limits)
    if (reason === undefined) return true
    this.rejected({ code: 'overloaded', reason })
    socket.destroy()
    return false
  }

  #begin(socket: net.Socket, address: string): SocketOwner {
    socket.once('close', () => this.#options.admission.release(address))
    return this.#h2c ? this.#choose(socket) : this.#open(socket, 'http/1.1')
  }

  /** Whose connection it is, and whether one too many, is known when the proxy has said so. */
  #acceptProxied(accept: Accept, socket: net.Socket): void {
    if (this.#options.admission.open >= this.limits.connections) {
      this.rejected({ code: 'overloaded', reason: 'connections' })
      return void socket.destroy()
    }
    accept(socket, (wrapped) => {
      const gate = new ProxyGate(wrapped, this, (origin) => {
        this.#connections.delete(gate)
        if (origin !== undefined) comesFrom(wrapped, origin)
        const { address } = peerOf(wrapped)
        return this.#admits(wrapped, address) ? this.#begin(wrapped, address) : undefined
      })
      this.#connections.add(gate)
      return gate
    })
  }

  /** Gives a socket to what speaks the protocol on it. */
  #open(socket: net.Socket, protocol: Protocol, tls?: PeerTls): ClientConnection {
    const connection = new speakers[protocol](socket, this, tls)
    this.#connections.add(connection)
    return connection
  }

  /** The client may know beforehand that HTTP/2 is spoken here. */
  #choose(socket: net.Socket): SocketOwner {
    const first = new Connection(socket, this)
    this.#connections.add(first)
    const other = () => {
      if (first.state === 'closing') return first
      this.#connections.delete(first)
      first.leave()
      return this.#open(socket, 'h2')
    }
    return new PriorKnowledge({ first, other })
  }

  rejected(fault: ParseFault, peer?: Peer): void {
    this.#options.observer.rejected(fault)
    if (peer !== undefined) this.#options.refused?.({ fault, peer })
  }

  expired(clock: 'writeStall' | 'halfCloseGrace'): void {
    this.#options.observer.expired(clock)
  }

  closed(connection: ClientConnection): void {
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#emptied?.()
  }

  /**
   * Answers say `Connection: close` from now on, and new connections are still taken: clients go elsewhere by themselves, before
   * one is closed under a request that is on its way.
   */
  retire(): void {
    this.draining = true
  }

  /** New connections are refused from now on. */
  stopAccepting(): void {
    this.#rotation?.cancel()
    this.#server?.close()
  }

  /**
   * Lets each exchange in flight, and what clients have sent meanwhile, finish with `Connection: close`; closes idle
   * connections spread over the first half of the time, so that not all clients come back at one moment, and tunnels,
   * in any order, over its last part (W3); cuts what is left after `timeoutMs`.
   *
   * @returns how many requests were cut
   */
  async drain(timeoutMs: number): Promise<number> {
    this.draining = true
    this.stopAccepting()
    const connections = [...this.#connections]
    for (const connection of connections) if (!connection.idle) connection.drain()
    const idle = connections.filter((connection) => connection.idle)
    const act = (connection: ClientConnection) => connection.drain()
    const rest = spread(idle, { clock: this.clock, withinMs: timeoutMs / 2, act })
    const ends = this.clock.after(timeoutMs * untilStopped, () => {
      const act = (connection: ClientConnection) => connection.stop()
      const withinMs = timeoutMs * stopping
      spread(this.#shuffled(), { clock: this.clock, withinMs, evenly: true, act })
    })
    if (this.#connections.size > 0) await this.#empty(timeoutMs)
    rest.cancel()
    ends.cancel()
    let lost = 0
    for (const connection of [...this.#connections]) lost += connection.cut()
    this.destroy()
    return lost
  }

  #shuffled(): ClientConnection[] {
    const keyed = Array.from(this.#connections, (connection) => ({
      connection,
      key: this.#options.dice(),
    }))
    return keyed.sort((a, b) => a.key - b.key).map(({ connection }) => connection)
  }

  #empty(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.after(timeoutMs, resolve)
      this.#emptied = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /** Closes connections on which nothing happens. */
  shed(): void {
    for (const connection of this.#connections) connection.shed()
  }

  destroy(): void {
    this.stopAccepting()
    this.#gate?.close()
    for (const connection of this.#connections) connection.destroy()
  }
}
