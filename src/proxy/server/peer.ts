import type { Socket } from 'node:net'
import type { Peer } from '../http1/message.ts'

export const peerOf = (socket: Socket, scheme: 'http' | 'https'): Peer => ({
  address: canonicalAddress(socket.remoteAddress ?? ''),
  port: socket.remotePort ?? 0,
  localPort: socket.localPort ?? 0,
  scheme,
})

/** IPv4 clients of a dual-stack listener keep their IPv4 form. */
const canonicalAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
