import type { Socket } from 'node:net'
import type { Peer, PeerTls } from '../http1/message.ts'
import type { Origin } from './proxy-header.ts'

/** Of connections that a proxy has opened and said for whom. */
const origins = new WeakMap<Socket, Origin>()

/** Whoever asks for the peer of this socket from now on gets what a trusted proxy has said. */
export const comesFrom = (socket: Socket, origin: Origin): void => void origins.set(socket, origin)

export const originOf = (socket: Socket): Origin | undefined => origins.get(socket)

/** @param tls what the handshake came to; absent on a plain listener */
export const peerOf = (socket: Socket, tls?: PeerTls): Peer => {
  const { address, port, localPort } = origins.get(socket) ?? {
    address: unmapped(socket.remoteAddress ?? ''),
    port: socket.remotePort ?? 0,
    localPort: socket.localPort ?? 0,
  }
  if (tls === undefined) return { address, port, localPort, scheme: 'http' }
  return { address, port, localPort, scheme: 'https', tls }
}

/** IPv4 clients of a dual-stack listener keep their IPv4 form. */
const unmapped = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
