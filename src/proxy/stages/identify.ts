import { type CidrSet, parseCidrs } from '../../model/address.ts'
import type { Settings } from '../../model/settings.ts'
import type { HeaderList } from '../http1/header-list.ts'
import { clientAddress } from '../runtime/client-address.ts'
import { newRequestId, newTraceId } from '../runtime/request-id.ts'
import { traceIdOf, traceIdOfAmazon } from '../runtime/trace-context.ts'
import type { Exchange } from './exchange.ts'

const trustedOf = new WeakMap<Settings, CidrSet>()

function trustedProxies(settings: Settings): CidrSet {
  let trusted = trustedOf.get(settings)
  if (trusted === undefined)
    trustedOf.set(settings, (trusted = parseCidrs(settings.trustedProxies)))
  return trusted
}

/**
 * Says who calls: ids, derived client address and scheme. The first step of every exchange, routed or not.
 * What a peer says is believed only from a trusted one; a trace is continued for everybody.
 */
export function identify(exchange: Exchange): void {
  const { headers, request, runtime } = exchange
  const { address } = request.peer
  const trusted = trustedProxies(runtime.snapshot.settings)
  const theirs = headers.get('x-request-id')
  const isUsable = theirs !== undefined && isId(theirs)
  exchange.client = address
  if (!trusted.empty && trusted.contains(address)) {
    exchange.clientTrusted = true
    exchange.client = clientAddress(address, headers.all('x-forwarded-for'), trusted)
    exchange.scheme = schemeOf(headers) ?? exchange.scheme
    exchange.id = isUsable ? theirs : newRequestId(runtime.clock.wallMs())
  } else {
    exchange.id = newRequestId(runtime.clock.wallMs())
    if (isUsable) exchange.clientRequestId = theirs
  }
  exchange.traceId = continuedTrace(headers, exchange.clientTrusted) ?? newTraceId()
}

const longestId = 128

/** Visible ASCII without quotes: it goes into logs, headers and problem documents. */
function isId(text: string): boolean {
  if (text.length === 0 || text.length > longestId) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= 0x20 || code >= 0x7f || code === 0x22 || code === 0x5c) return false
  }
  return true
}

/** The nearest proxy's word: it stands last in a list, and what stands before it may come from the client. */
function schemeOf(headers: HeaderList): 'http' | 'https' | undefined {
  const last = headers.all('x-forwarded-proto').at(-1)?.split(',').at(-1)?.trim().toLowerCase()
  return last === 'http' || last === 'https' ? last : undefined
}

/** A `tracestate` belongs to its `traceparent` and goes with it (W3C Trace Context §3.3). */
function continuedTrace(headers: HeaderList, isTrusted: boolean): string | undefined {
  const { names } = headers
  const at = names.indexOf('traceparent')
  const isOne = at >= 0 && names.indexOf('traceparent', at + 1) < 0
  const traceId = isOne ? traceIdOf(headers.valueAt(at)) : undefined
  if (traceId !== undefined) return traceId
  headers.remove('tracestate')
  const amazon = isTrusted ? headers.get('x-amzn-trace-id') : undefined
  return amazon === undefined ? undefined : traceIdOfAmazon(amazon)
}
