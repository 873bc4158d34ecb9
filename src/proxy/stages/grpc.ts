import type { Failure, FailureDetail } from '../../model/failure.ts'
import { type GrpcStatus, grpcStatuses, grpcStatusOf } from '../../model/grpc-status.ts'
import { HeaderList } from '../http1/header-list.ts'
import type { Request } from '../http1/message.ts'

/** What makes an exchange one of gRPC. */
export interface GrpcCall {
  /** The client's own deadline (`grpc-timeout`), from its request on; 0 without one. */
  readonly timeoutMs: number
  /** The head of an answer of gRPC has been given. */
  isAnswered: boolean
  /** How it ends, once that is said. */
  end: CallEnd | undefined
}

/** How a call ended for its client. */
export interface CallEnd {
  readonly status: GrpcStatus
  /** Who said so. `client`: it left before anybody did. */
  readonly by: 'gateway' | 'backend' | 'client'
  /** Where it was said; `http`: by the status of an answer that is none of gRPC. Absent where nothing was said. */
  readonly place?: 'head' | 'trailers' | 'http'
}

/** What a backend says in `grpc-status`; undefined where there is none. */
export function saidEnd(
  headers: HeaderList | undefined,
  place: 'head' | 'trailers',
): CallEnd | undefined {
  const text = headers?.get('grpc-status')
  return text === undefined ? undefined : { status: grpcStatusOf(text), by: 'backend', place }
}

/** `application/grpc`, alone or with a format; gRPC-Web is something else. */
export const isGrpcType = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/grpc(?:[+;]|$)/i.test(contentType)

/** Undefined for a request that is none, or comes by a protocol that cannot carry one. */
export function grpcCall({ head, protocol }: Request): GrpcCall | undefined {
  if (protocol !== '2' || head.method !== 'POST') return undefined
  if (!isGrpcType(head.headers.get('content-type'))) return undefined
  const timeoutMs = timeoutOf(head.headers.get('grpc-timeout') ?? '')
  return { timeoutMs, isAnswered: false, end: undefined }
}

/** Its answer ends with trailers, which HTTP/1.1 drops. */
export const isUnservedGrpc = ({ head, protocol }: Request): boolean =>
  protocol !== '2' && head.method === 'POST' && isGrpcType(head.headers.get('content-type'))

export const http2Only: FailureDetail = Object.freeze({
  reason: 'grpc_version',
  detail: 'gRPC is spoken over HTTP/2; this request came by HTTP/1.1. gRPC-Web is not served.',
})

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
}

/** At least 1 ms where there is one; what is no timeout is none. */
function timeoutOf(text: string): number {
  const [, count, unit] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? []
  if (count === undefined || unit === undefined) return 0
  return Math.max(Math.ceil(Number(count) * (unitMs[unit] ?? 0)), 1)
}

/** Eight digits at most. */
export const printTimeout = (leftMs: number): string =>
  leftMs < 1e8 ? `${Math.max(Math.round(leftMs), 1)}m` : `${Math.round(leftMs / 1000)}S`

/** By the status over HTTP; whatever is missing is a fault of somebody's code. */
const byStatus: Readonly<Record<number, GrpcStatus>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  413: 'RESOURCE_EXHAUSTED',
  414: 'RESOURCE_EXHAUSTED',
  421: 'UNAVAILABLE',
  429: 'RESOURCE_EXHAUSTED',
  431: 'RESOURCE_EXHAUSTED',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

/** A failure of the gateway's, as clients of gRPC know it. */
export const statusOfFailure = ({ code, status }: Failure): GrpcStatus =>
  code === 'upstream_protocol_error' ? 'INTERNAL' : (byStatus[status] ?? 'INTERNAL')

/** What the gateway says of a call that failed. */
export interface CallFault {
  readonly status: GrpcStatus
  /** Percent-encoded where it has to be. */
  readonly message: string
}

/** What goes behind an answer: the backend's own trailers, or in their place the status that it owes. */
export function endOfCall(
  call: GrpcCall,
  trailers: HeaderList | undefined,
): HeaderList | undefined {
  if (!call.isAnswered || call.end !== undefined) return trailers
  call.end = saidEnd(trailers, 'trailers')
  if (call.end !== undefined) return trailers
  call.end = { status: noStatus.status, by: 'gateway', place: 'trailers' }
  return statusFields(noStatus)
}

/** What a backend owes and did not say. */
const noStatus: CallFault = {
  status: 'UNKNOWN',
  message: 'The backend ended its answer without a grpc-status',
}

export function statusFields({ status, message }: CallFault): HeaderList {
  const fields = new HeaderList()
  fields.add('grpc-status', String(grpcStatuses.indexOf(status)))
  fields.add('grpc-message', message)
  return fields
}
