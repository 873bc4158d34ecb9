import type { Socket } from 'node:net'
import { Deadline } from '../../base/wheel.ts'
import type { ParseFault } from '../http1/message.ts'
import type { SocketOwner } from './accept.ts'
import type { ClientConnection } from './client-connection.ts'
import type { ConnectionHost } from './connection.ts'
import { peerOf } from './peer.ts'
import { type Origin, readProxyHeader } from './proxy-header.ts'

const faults = {
  bad: { code: 'bad_request', reason: 'proxy_header' },
  late: { code: 'request_timeout', reason: 'proxy_header_timeout' },
} as const satisfies Record<string, ParseFault>

/**
 * A connection of a proxy that has to say first for whom it comes (PROXY protocol). Until it has, nothing else is looked
 * at; one that does not, or not in time, is closed without a word.
 */
export class ProxyGate implements ClientConnection {
  readonly protocol = 'http/1.1'
  readonly idle = true
  readonly state = 'idle'
  readonly #socket: Socket
  readonly #host: ConnectionHost
  readonly #open: (origin: Origin | undefined) => SocketOwner | undefined
  readonly #deadline: Deadline
  #owner: SocketOwner | undefined
  /** A header that is not whole yet. A copy: the read buffer is shared. */
  #begun: Buffer | undefined

  /** @param open called once, with what was said; undefined when the connection is not wanted */
  constructor(
    socket: Socket,
    host: ConnectionHost,
    open: (origin: Origin | undefined) => SocketOwner | undefined,
  ) {
    this.#socket = socket
    this.#host = host
    this.#open = open
    this.#deadline = new Deadline(host.wheel, () => this.#refuse(faults.late))
    this.#deadline.set(host.clock.nowMs(), host.clocks.headMs)
  }

  read(buffer: Buffer, end: number): boolean {
    return this.#owner === undefined ? this.#readHeader(buffer, end) : this.#owner.read(buffer, end)
  }

  #readHeader(buffer: Buffer, end: number): boolean {
    const came = buffer.subarray(0, end)
    const bytes = this.#begun === undefined ? came : Buffer.concat([this.#begun, came])
    const header = readProxyHeader(bytes)
    if (header === 'bad') this.#refuse(faults.bad)
    else if (header === 'more') this.#begun = Buffer.from(bytes)
    else {
      this.#begun = undefined
      this.#deadline.close()
      this.#owner = this.#open(header.origin)
      const rest = bytes.subarray(header.size)
      if (rest.length > 0) return this.#owner?.read(rest, rest.length) ?? true
    }
    return true
  }

  #refuse(fault: ParseFault): void {
    this.#deadline.close()
    this.#host.rejected(fault, peerOf(this.#socket))
    this.#socket.destroy()
  }

  /** Load balancers that only look whether somebody is there say nothing at all: that is no fault. */
  ended(): void {
    if (this.#owner !== undefined) this.#owner.ended()
    else if (this.#begun === undefined) this.#socket.destroy()
    else this.#refuse(faults.bad)
  }

  drained(): void {
    this.#owner?.drained()
  }

  closed(): void {
    this.#deadline.close()
    if (this.#owner === undefined) this.#host.closed(this)
    else this.#owner.closed()
  }

  /** What it has to say may be on its way. */
  drain(): void {}

  stop(): void {}

  shed(): void {
    this.#socket.destroy()
  }

  cut(): number {
    this.destroy()
    return 0
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
