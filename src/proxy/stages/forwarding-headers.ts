import type { Rule } from '../../model/snapshot.ts'
import { flat } from '../http1/flat.ts'
import type { Peer } from '../http1/message.ts'
import { newSpanId } from '../runtime/request-id.ts'
import { isSampled } from '../runtime/trace-context.ts'
import type { Exchange, Policy } from './exchange.ts'
import { fail } from './fail.ts'
import { circle, isCircling, pseudonym } from './hops.ts'

/**
 * Never for a backend to see, whoever sent them: they make it take one request for another (U8), or, as HTTP_PROXY of
 * a CGI program, send its own requests through somebody else.
 */
const misleading = [
  'proxy',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-uri',
  'x-original-url',
  'x-rewrite-url',
]

/** What the gateway itself writes into every request. */
const written = [
  'forwarded',
  'traceparent',
  'x-amzn-trace-id',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
]

/** Other names for the client's address, which some backends believe. */
const addresses = ['true-client-ip', 'x-client-ip', 'x-cluster-client-ip']

const deadline = 'x-request-deadline-ms'

/** From a trusted peer the rest is kept, as that peer knows what it says. */
const replaced = new Set([...misleading, ...written, deadline])

/** Names with this first letter, besides all that begin with `x-forwarded`. */
const droppedX = new Set([...replaced, ...addresses].filter((name) => name.startsWith('x')))

/** What an untrusted client may not say, any `X-Forwarded-*` included (U5). Called for every field of every request. */
function isKept(name: string): boolean {
  switch (name.charCodeAt(0)) {
    case 0x78:
      return !droppedX.has(name) && !name.startsWith('x-forwarded')
    case 0x70:
      return name !== 'proxy'
    case 0x66:
      return name !== 'forwarded'
    case 0x74:
      return name !== 'traceparent' && name !== 'true-client-ip'
    default:
      return true
  }
}

/** Tells the backend who called and under which ids (data-plane.md, Headers and whom to believe). */
export function forwardingHeaders(rule: Rule): Policy {
  const mustBeFields = [...written, 'via'].some(isReadLater(rule))
  return {
    request: (exchange, next) => {
      const isRelayed = exchange.headers.has('via')
      if (isRelayed && isCircling(exchange.headers)) return fail(exchange, 'loop_detected', circle)
      if (exchange.clientTrusted) append(exchange)
      else if (mustBeFields || isRelayed) overwrite(exchange)
      else overwriteByTail(exchange)
      next(exchange)
    },
  }
}

/** Names that the rule's own edits or its balancing look at after this. */
function isReadLater({
  requestHeaders: { remove, set, add },
  action,
}: Rule): (name: string) => boolean {
  const names = new Set([...remove, ...[...set, ...add].map(({ name }) => name)])
  if (action.kind === 'forward' && action.balance.policy === 'Hash') {
    const { on } = action.balance
    if (on.kind === 'header') names.add(on.name)
  }
  return (name) => names.has(name)
}

/** The usual case: nobody will look at these fields again, so they are printed at once, most of them once a connection. */
function overwriteByTail(exchange: Exchange): void {
  const { headers, id, traceId } = exchange
  headers.filter(isKept)
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
    const host = flat(head.host)
    const lines =
      `x-forwarded-for: ${address}\r\nx-forwarded-proto: ${scheme}\r\nx-forwarded-host: ${host}\r\nx-forwarded-port: ${localPort}\r\n` +
      `x-real-ip: ${address}\r\nforwarded: ${element(address, host, scheme)}\r\nvia: ${pseudonym}\r\n`
    callers.set(peer, (caller = { host, lines: flat(lines) }))
  }
  return caller.lines
}

function overwrite(exchange: Exchange): void {
  const { headers, request, traceId } = exchange
  const { peer, head } = request
  headers.filter(isKept)
  addIds(exchange, false)
  headers.add('x-amzn-trace-id', amazonTraceId(traceId))
  headers.add('x-forwarded-for', peer.address)
  headers.add('x-forwarded-proto', peer.scheme)
  headers.add('x-forwarded-host', head.host)
  headers.add('x-forwarded-port', String(peer.localPort))
  headers.add('x-real-ip', peer.address)
  headers.add('forwarded', element(peer.address, head.host, peer.scheme))
}

/** A trusted proxy in front has said who the client is: the chain goes on. */
function append(exchange: Exchange): void {
  const { headers, request, client, scheme, traceId } = exchange
  const { peer, head } = request
  const list = (name: string) => headers.all(name).join(', ')
  const addressesBefore = list('x-forwarded-for')
  const elementsBefore = list('forwarded')
  const host = list('x-forwarded-host')
  const port = list('x-forwarded-port')
  const amazon = headers.get('x-amzn-trace-id')
  const sampled = isSampled(headers.get('traceparent'))
  headers.removeAny(replaced)
  addIds(exchange, sampled)
  headers.add('x-amzn-trace-id', amazon ?? amazonTraceId(traceId))
  headers.add('x-forwarded-for', follow(addressesBefore, peer.address))
  headers.add('x-forwarded-proto', scheme)
  headers.add('x-forwarded-host', host === '' ? head.host : host)
  headers.add('x-forwarded-port', port === '' ? String(peer.localPort) : port)
  headers.add('x-real-ip', client)
  headers.add('forwarded', follow(elementsBefore, element(peer.address, head.host, scheme)))
}

function addIds({ headers, traceId, id }: Exchange, sampled: boolean): void {
  headers.add('x-request-id', id)
  headers.add('traceparent', `00-${traceId}-${newSpanId()}-${sampled ? '01' : '00'}`)
  headers.set('via', follow(headers.all('via').join(', '), pseudonym))
}

const follow = (list: string, last: string): string => (list === '' ? last : `${list}, ${last}`)

const amazonTraceId = (traceId: string): string =>
  `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)}`

/**
 * One hop (RFC 7239 §4); IPv6 in brackets and quotes (§6), the host quoted for its colon. Its `proto` is what X-Forwarded-Proto says:
 * a backend that reads one of the two must not take for TLS what the other calls plaintext.
 */
function element(address: string, host: string, scheme: 'http' | 'https'): string {
  const by = address.includes(':') ? `"[${address}]"` : address
  return `for=${by};host="${host}";proto=${scheme}`
}
