import type net from 'node:net'
import type tls from 'node:tls'
import { type Wheel, WheelTimer } from '../../base/wheel.ts'
import type { TlsPolicy } from '../../model/tls-policy.ts'
import type { PeerTls } from '../http1/message.ts'
import { lingerMs } from './client-connection.ts'
import { HelloReader } from './client-hello.ts'
import { comesFrom, originOf, peerOf } from './peer.ts'
import { certificateOf } from './peer-certificate.ts'
import { readProxyHeader } from './proxy-header.ts'
import { TlsServers } from './tls-servers.ts'

/** Bounded: the label of `fairlead_tls_handshakes_total`. */
export type HandshakeResult =
  | 'ok'
  | 'plaintext'
  | 'proxy_header'
  | 'malformed'
  | 'server_name'
  | 'no_certificate'
  | 'unusable'
  | 'timeout'
  | 'failed'
  | 'closed'

export interface TlsGateOptions {
  readonly wheel: Wheel
  readonly protocols: readonly string[]
  /** How long a handshake may take, from the accept. */
  readonly handshakeMs: () => number
  /** @returns undefined where there is no certificate to show */
  readonly policyFor: (serverName: string) => TlsPolicy | undefined
  readonly done: (result: HandshakeResult) => void
  /** A certificate or key that OpenSSL does not take. */
  readonly unusable: (hostname: string, error: unknown) => void
}

/** Who has the connection. */
export interface GateOwner {
  /** Asked once, with the address of the client. False: it is one too many, and was closed. */
  readonly admits: (address: string) => boolean
  /** The connection of a client that was admitted is gone. */
  readonly released: (address: string) => void
  /** The handshake is done. @param protocol the one that both sides know */
  readonly opened: (socket: tls.TLSSocket, protocol: string, tls: PeerTls) => void
}

/**
 * The way in for connections with TLS. The ClientHello is read off the raw socket and chooses a virtual host; the socket, with all that
 * was read put back, is then given to that host's own TLS server.
 */
export class TlsGate {
  readonly #options: TlsGateOptions
  readonly #servers: TlsServers
  /** Handshakes under way, by the two ends of the connection: that is what the finished socket is known by. */
  readonly #pending = new Map<string, Handshake>()

  constructor(options: TlsGateOptions) {
    this.#options = options
    this.#servers = new TlsServers({
      protocols: options.protocols,
      secured: (socket) => {
        const handshake = this.#pending.get(keyOf(socket))
        if (handshake === undefined) socket.destroy()
        else handshake.finish(socket)
      },
      failed: (_error, socket) => this.#pending.get(keyOf(socket))?.fail('failed'),
    })
  }

  /** Takes an accepted socket that is paused. @param isProxied a header of the PROXY protocol comes first */
  accept(socket: net.Socket, isProxied: boolean, owner: GateOwner): void {
    const key = keyOf(socket)
    const handshake = new Handshake(socket, this.#options, this.#servers, owner)
    this.#pending.set(key, handshake)
    handshake.over = () => {
      if (this.#pending.get(key) === handshake) this.#pending.delete(key)
    }
    handshake.begin(isProxied)
  }

  rotateTickets(): void {
    this.#servers.rotateTickets()
  }

  /** Ends the handshakes under way. */
  close(): void {
    for (const handshake of [...this.#pending.values()]) handshake.fail('closed')
  }
}

const keyOf = ({ remoteAddress, remotePort, localAddress, localPort }: net.Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`

/** One connection from its accept to the end of its handshake. It is its own timer. */
class Handshake extends WheelTimer {
  readonly #socket: net.Socket
  readonly #options: TlsGateOptions
  readonly #servers: TlsServers
  readonly #owner: GateOwner
  readonly #reader = new HelloReader()
  readonly #read: Buffer[] = []
  /** A header of the PROXY protocol has yet to come. */
  #isProxied = false
  /** Of the client, once it was admitted. */
  #address: string | undefined
  #serverName = ''
  #policy: TlsPolicy | undefined
  #isOver = false
  over: () => void = () => {}

  constructor(socket: net.Socket, options: TlsGateOptions, servers: TlsServers, owner: GateOwner) {
    super()
    this.#socket = socket
    this.#options = options
    this.#servers = servers
    this.#owner = owner
  }

  begin(isProxied: boolean): void {
    this.#isProxied = isProxied
    if (!isProxied && !this.#admit()) return this.over()
    this.#options.wheel.arm(this, this.#options.handshakeMs())
    this.#socket
      .on('error', ignore)
      .on('close', this.#closed)
      .on('data', this.#data)
      .on('end', this.#ended)
      .resume()
  }

  override expire(): void {
    this.fail('timeout')
  }

  #admit(): boolean {
    const { address } = peerOf(this.#socket)
    if (!this.#owner.admits(address)) return false
    this.#address = address
    return true
  }

  readonly #closed = (): void => {
    this.disarm()
    this.#end('closed')
    if (this.#address !== undefined) this.#owner.released(this.#address)
  }

  /** Half a handshake leads nowhere. */
  readonly #ended = (): void => void this.#socket.destroy()

  readonly #data = (chunk: Buffer): void => {
    if (this.#isProxied) return this.#readHeader(chunk)
    this.#read.push(chunk)
    const hello = this.#reader.read(chunk)
    if (hello.kind === 'fault') return this.#refuse(hello.reason)
    if (hello.kind === 'hello') this.#choose(hello.serverName)
  }

  /** Whose connection it is, and whether one too many, is known when the proxy has said so. */
  #readHeader(chunk: Buffer): void {
    const bytes = Buffer.concat([...this.#read.splice(0), chunk])
    const header = readProxyHeader(bytes)
    if (header === 'bad') return this.#refuse('proxy_header')
    if (header === 'more') return void this.#read.push(bytes)
    this.#isProxied = false
    if (header.origin !== undefined) comesFrom(this.#socket, header.origin)
    if (!this.#admit()) return this.#end('closed')
    if (header.size < bytes.length) this.#data(bytes.subarray(header.size))
  }

  #choose(serverName: string): void {
    const policy = this.#options.policyFor(serverName)
    if (policy === undefined) return this.#refuse('no_certificate')
    this.#serverName = serverName
    this.#policy = policy
    const server = this.#serverOf(policy)
    if (server === undefined) return this.#refuse('unusable')
    const socket = this.#socket
    socket.off('data', this.#data).off('end', this.#ended).pause()
    socket.unshift(Buffer.concat(this.#read))
    server.emit('connection', socket)
  }

  #serverOf(policy: TlsPolicy): tls.Server | undefined {
    try {
      return this.#servers.of(policy)
    } catch (error) {
      this.#options.unusable(policy.hostname, error)
      return undefined
    }
  }

  finish(socket: tls.TLSSocket): void {
    const policy = this.#policy
    if (policy === undefined || this.#isOver) return void socket.destroy()
    this.#end('ok')
    // From here on the socket is a part of this one, and as a rule says nothing of its end.
    this.#socket.off('close', this.#closed)
    socket.once('close', this.#closed)
    const origin = originOf(this.#socket)
    if (origin !== undefined) comesFrom(socket, origin)
    socket.allowHalfOpen = true
    const certificate = policy.clientKey === '' ? undefined : certificateOf(socket)
    this.#owner.opened(socket, socket.alpnProtocol || 'http/1.1', {
      version: socket.getProtocol() ?? '',
      serverName: this.#serverName,
      hostname: policy.hostname,
      clientKey: policy.clientKey,
      ...(certificate && { certificate }),
    })
  }

  /** An alert tells the client why (RFC 8446 §6); plain HTTP would not understand one. */
  #refuse(
    reason:
      | 'plaintext'
      | 'malformed'
      | 'server_name'
      | 'no_certificate'
      | 'unusable'
      | 'proxy_header',
  ): void {
    this.#end(reason)
    const alert = alerts[reason]
    if (alert === undefined) return void this.#socket.destroy()
    this.#socket.off('data', this.#data)
    this.#socket.end(alert)
    // Read on a little, or the kernel's RST eats the alert.
    this.#socket.resume()
    this.#options.wheel.arm(this, lingerMs)
  }

  fail(result: 'timeout' | 'failed' | 'closed'): void {
    this.#end(result)
    this.#socket.destroy()
  }

  #end(result: HandshakeResult): void {
    if (this.#isOver) return
    this.#isOver = true
    this.disarm()
    this.over()
    this.#options.done(result)
  }
}

const ignore = (): void => {}

const fatalAlert = (description: number) => Buffer.from([21, 3, 1, 0, 2, 2, description])
const alerts: Readonly<Record<string, Buffer>> = {
  malformed: fatalAlert(50),
  server_name: fatalAlert(112),
  no_certificate: fatalAlert(112),
  // Internal error: it is not the name.
  unusable: fatalAlert(80),
}
