import type { IncomingMessage } from 'node:http'

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && (/^(::ffff:)?127\./.test(address) || address === '::1')

/** `localhost`, `127.0.0.1`, `[::1]`, with any port. */
const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i

/** What proxies add: the caller behind one is not the peer. */
const traces = ['x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'forwarded', 'via']

/**
 * Whether a request comes from this machine and is meant for it. The peer is what counts, never what it says; a Host
 * that is no loopback name betrays a page in a browser whose name was made to point here (DNS rebinding), and a trace
 * of a proxy betrays somebody else's request.
 */
export const isLocalCaller = ({ socket, headers }: IncomingMessage): boolean =>
  isLoopback(socket.remoteAddress) &&
  isLoopback(socket.localAddress) &&
  loopbackHost.test(headers.host ?? '') &&
  traces.every((name) => headers[name] === undefined)
