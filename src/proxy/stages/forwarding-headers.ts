import type { Rule } from '../../model/snapshot.ts'
import { flat } from '../http1/flat.ts'
import type { Peer } from '../http1/message.ts'
import { newSpanId } from '../runtime/request-id.ts'
import type { Exchange, Policy } from './exchange.ts'

/** Never for a backend to see, whoever sent them: they make it take one request for another (U8). */
const dropped = ['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-url', 'x-rewrite-url', 'x-original-uri']
/** Believed only from trusted peers, and made anew for all others (U5). */
const overwritten = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix', 'forwarded', 'x-real-ip', 'x-forwarded', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip']
const removed = new Set([...dropped, ...overwritten, 'x-request-id', 'traceparent', 'x-amzn-trace-id', 'x-request-deadline-ms'])

/** What a route could name in its own edits; then they have to be fields like any other. */
const gatewayNames = new Set([...removed, 'via'])

/** Tells the backend who called and under which ids (data-plane.md, Headers and whom to believe). */
export function forwardingHeaders({ requestHeaders: { remove, set, add } }: Rule): Policy {
  const isEdited = [...remove, ...set.map(({ name }) => name), ...add.map(({ name }) => name)].some((name) => gatewayNames.has(name))
  return {
    request: (exchange, next) => {
      if (exchange.clientTrusted) appendAll(exchange)
      else if (isEdited || exchange.headers.has('via')) overwriteAll(exchange)
      else overwriteByTail(exchange)
      next(exchange)
    },
  }
}

/** The usual case: nobody will look at these fields again, so they are printed at once, and the same text serves a whole connection. */
function overwriteByTail(exchange: Exchange): void {
  const { headers, id, traceId } = exchange
  headers.removeAny(removed)
  headers.tail =
    `x-request-id: ${id}\r\ntraceparent: 00-${traceId}-${newSpanId()}-00\r\n` +
    `x-amzn-trace-id: Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)}\r\n${callerLines(exchange)}`
}

interface Caller {
  readonly host: string
  readonly lines: string
}

const callers = new WeakMap<Peer, Caller>()

function callerLines({ request: { peer, head } }: Exchange): string {
  let caller = callers.get(peer)
  if (caller === undefined || caller.host !== head.host) {
    const { address, scheme, localPort } = peer
    const { host } = head
    const lines =
      `x-forwarded-for: ${address}\r\nx-forwarded-proto: ${scheme}\r\nx-forwarded-host: ${host}\r\nx-forwarded-port: ${localPort}\r\n` +
      `x-real-ip: ${address}\r\nforwarded: for=${quoted(address)};host="${host}";proto=${scheme}\r\nvia: 1.1 fairlead\r\n`
    callers.set(peer, (caller = { host, lines: flat(lines) }))
  }
  return caller.lines
}

function overwriteAll(exchange: Exchange): void {
  const { headers, request, client, scheme } = exchange
  headers.removeAny(removed)
  addIds(exchange, '00')
  headers.add('x-forwarded-for', client)
  headers.add('x-forwarded-proto', scheme)
  headers.add('x-forwarded-host', request.head.host)
  headers.add('x-forwarded-port', String(request.peer.localPort))
  headers.add('x-real-ip', client)
  headers.add('forwarded', `for=${quoted(client)};host="${request.head.host}";proto=${scheme}`)
}

/** A trusted proxy in front has said who the client is: the chain goes on. */
function appendAll(exchange: Exchange): void {
  const { headers, request, client, scheme } = exchange
  const { address } = request.peer
  const chain = headers.all('x-forwarded-for').join(', ')
  const forwarded = headers.all('forwarded').join(', ')
  const host = headers.get('x-forwarded-host') ?? request.head.host
  const port = headers.get('x-forwarded-port') ?? String(request.peer.localPort)
  const prefix = headers.get('x-forwarded-prefix')
  const flags = headers.get('traceparent')?.slice(53, 55) ?? '00'
  headers.removeAny(removed)
  addIds(exchange, /^0[01]$/.test(flags) ? flags : '00')
  const element = `for=${quoted(address)};host="${request.head.host}";proto=${request.peer.scheme}`
  headers.add('x-forwarded-for', chain === '' ? address : `${chain}, ${address}`)
  headers.add('x-forwarded-proto', scheme)
  headers.add('x-forwarded-host', host)
  headers.add('x-forwarded-port', port)
  headers.add('x-real-ip', client)
  headers.add('forwarded', forwarded === '' ? element : `${forwarded}, ${element}`)
  if (prefix !== undefined) headers.add('x-forwarded-prefix', prefix)
}

function addIds(exchange: Exchange, flags: string): void {
  const { headers, traceId, id } = exchange
  headers.add('x-request-id', id)
  headers.add('traceparent', `00-${traceId}-${newSpanId()}-${flags}`)
  headers.add('x-amzn-trace-id', `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)}`)
  const via = headers.get('via')
  headers.set('via', via === undefined ? '1.1 fairlead' : `${via}, 1.1 fairlead`)
}

/** RFC 7239 §6: IPv6 in brackets and quotes. */
const quoted = (address: string): string => (address.includes(':') ? `"[${address}]"` : address)
