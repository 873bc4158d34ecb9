import type { Socket } from 'node:net'
import type { Peer } from '../http1/message.ts'
import type { Origin } from './proxy-header.ts'

/** Of connections that a proxy has opened and said for whom. */
const origins = new WeakMap<Socket, Origin>()

/** Whoever asks for the peer of this socket from now on gets what a trusted proxy has said. */
export const comesFrom = (socket: Socket, origin: Origin): void => void origins.set(socket, origin)

export const peerOf = (socket: Socket, scheme: 'http' | 'https'): Peer => {
  const { address, port, localPort } = origins.get(socket) ?? {
    address: canonicalAddress(socket.remoteAddress ?? ''),
    port: socket.remotePort ?? 0,
    localPort: socket.localPort ?? 0,
  }
  return { address, port, localPort, scheme }
}

/** IPv4 clients of a dual-stack listener keep their IPv4 form. */
const canonicalAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
