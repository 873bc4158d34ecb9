import { newSpanId } from '../runtime/request-id.ts'
import type { Exchange, Policy } from './exchange.ts'

/** Never for a backend to see, whoever sent them: they make it take one request for another (U8). */
const dropped = ['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-url', 'x-rewrite-url', 'x-original-uri']
/** Believed only from trusted peers, and made anew for all others (U5). */
const overwritten = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix', 'forwarded', 'x-real-ip', 'x-forwarded', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip']
const removed = new Set([...dropped, ...overwritten, 'x-request-id', 'traceparent', 'x-amzn-trace-id', 'x-request-deadline-ms'])

/** Tells the backend who called and under which ids (data-plane.md, Headers and whom to believe). */
export const forwardingHeaders = (): Policy => policy

const policy: Policy = {
  request: (exchange, next) => {
    if (exchange.clientTrusted) appendAll(exchange)
    else overwriteAll(exchange)
    next(exchange)
  },
}

function overwriteAll(exchange: Exchange): void {
  const { headers, request, client, scheme } = exchange
  const sampled = removeAll(exchange)
  addIds(exchange, sampled)
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
  addIds(exchange, removeAll(exchange))
  const element = `for=${quoted(address)};host="${request.head.host}";proto=${request.peer.scheme}`
  headers.add('x-forwarded-for', chain === '' ? address : `${chain}, ${address}`)
  headers.add('x-forwarded-proto', scheme)
  headers.add('x-forwarded-host', host)
  headers.add('x-forwarded-port', port)
  headers.add('x-real-ip', client)
  headers.add('forwarded', forwarded === '' ? element : `${forwarded}, ${element}`)
  if (prefix !== undefined) headers.add('x-forwarded-prefix', prefix)
}

/** One pass over the list. Answers the sampled flag of a trace that came along. */
function removeAll(exchange: Exchange): string {
  const { names, values } = exchange.headers
  let kept = 0
  let flags = '00'
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    if (removed.has(name)) {
      if (name === 'traceparent' && exchange.clientTrusted) flags = (values[i] as string).slice(53, 55)
      continue
    }
    names[kept] = name
    values[kept++] = values[i] as string
  }
  names.length = kept
  values.length = kept
  return flags
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
