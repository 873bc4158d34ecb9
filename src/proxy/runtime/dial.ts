import net from 'node:net'
import tls from 'node:tls'
import { isForbiddenAddress } from '../../model/address.ts'
import { type LiveTls, tlsOptions } from './upstream-tls.ts'

/** Where the connections of one pool go. */
export interface PoolTarget {
  readonly address: string
  readonly port: number
  readonly tls?: LiveTls | undefined
}

export interface DialOptions {
  readonly allowLoopback: boolean
  /** What is offered (ALPN). */
  readonly protocol: 'http/1.1' | 'h2'
  /** Of the last handshake, so that the next one is short. */
  readonly sessions: { session: Buffer | undefined }
  /** Gets borrowed bytes. False pauses the socket until `resume`. */
  readonly read: (buffer: Buffer, bytes: number) => boolean
}

/** One read of a backend at most. */
const shared = Buffer.allocUnsafeSlow(32 * 1024)

/** A socket on its way to a backend. It may fail like any other, so that nobody has a second way of failing to think of. */
export function dial(target: PoolTarget, options: DialOptions): net.Socket {
  const { allowLoopback, protocol, sessions, read } = options
  // Checked when resolved and again here (C6): nothing reaches a socket unchecked.
  if (isForbiddenAddress(target.address, allowLoopback)) return refused('address_refused')
  const callback = (bytes: number, buffer: Uint8Array): boolean => read(buffer as Buffer, bytes)
  const to = {
    host: target.address,
    port: target.port,
    noDelay: true,
    allowHalfOpen: true,
    highWaterMark: 1,
    onread: { buffer: shared, callback },
  }
  if (target.tls === undefined) return net.connect(to as net.NetConnectOpts)
  if (target.tls.context === undefined) return refused('other')
  const secure = { ...tlsOptions(target.tls), ALPNProtocols: [protocol] }
  const socket = tls.connect({
    ...to,
    ...secure,
    session: sessions.session,
  } as tls.ConnectionOptions)
  // tls.connect takes the option and forgets it: small frames would wait for the ACK of those before.
  socket.setNoDelay(true)
  return socket.on('session', (session) => (sessions.session = session))
}

function refused(code: string): net.Socket {
  const socket = new net.Socket()
  const error = Object.assign(new Error('refused before it was made'), { code })
  process.nextTick(() => socket.destroy(error))
  return socket
}
