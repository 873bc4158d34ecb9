import { type CidrSet, parseCidrs } from '../../model/address.ts'
import type { Settings } from '../../model/settings.ts'
import { clientAddress } from '../runtime/client-address.ts'
import { newRequestId, newTraceId } from '../runtime/request-id.ts'
import type { Exchange } from './exchange.ts'

const trustedOf = new WeakMap<Settings, CidrSet>()

function trustedProxies(settings: Settings): CidrSet {
  let trusted = trustedOf.get(settings)
  if (trusted === undefined) trustedOf.set(settings, (trusted = parseCidrs(settings.trustedProxies)))
  return trusted
}

const longestId = 128

/** Says who calls: ids, derived client address and scheme. The first step of every exchange, routed or not. */
export function identify(exchange: Exchange): void {
  const { headers, request, runtime } = exchange
  const trusted = trustedProxies(runtime.snapshot.settings)
  const isTrusted = !trusted.empty && trusted.contains(request.peer.address)
  exchange.clientTrusted = isTrusted
  exchange.client = isTrusted ? clientAddress(request.peer.address, headers.all('x-forwarded-for'), trusted) : request.peer.address
  if (isTrusted && headers.get('x-forwarded-proto') === 'https') exchange.scheme = 'https'
  const theirs = headers.get('x-request-id')
  const isUsable = theirs !== undefined && theirs.length > 0 && theirs.length <= longestId
  exchange.id = isTrusted && isUsable ? theirs : newRequestId(runtime.clock.wallMs())
  if (!isTrusted && isUsable) exchange.clientRequestId = theirs
  exchange.traceId = traceIdOf(headers.get('traceparent')) ?? newTraceId()
}

/** The trace id of a well-formed `traceparent` of version 00 (W3C Trace Context §3.2). */
function traceIdOf(value: string | undefined): string | undefined {
  if (value === undefined || value.length !== 55 || !value.startsWith('00-')) return undefined
  const id = value.slice(3, 35)
  for (let i = 0; i < 32; i++) {
    const code = id.charCodeAt(i)
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return undefined
  }
  return id === noTrace ? undefined : id
}

const noTrace = '0'.repeat(32)
