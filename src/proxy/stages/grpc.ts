import type { Failure, FailureCode, FailureDetail } from '../../model/failure.ts'
import { HeaderList } from '../http1/header-list.ts'
import type { Request } from '../http1/message.ts'

/** What makes an exchange one of gRPC. */
export interface GrpcCall {
  /** The client's own deadline (`grpc-timeout`), from its request on; 0 without one. */
  readonly timeoutMs: number
  /** The head of an answer of gRPC has been given. */
  isAnswered: boolean
  /** It told the status already: there is nothing behind it. */
  hasStatus: boolean
}

/** `application/grpc`, alone or with a format; gRPC-Web is something else. */
export const isGrpcType = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/grpc(?:[+;]|$)/i.test(contentType)

/** Undefined for a request that is none, or comes by a protocol that cannot carry one. */
export function grpcCall({ head, protocol }: Request): GrpcCall | undefined {
  if (protocol !== '2' || head.method !== 'POST') return undefined
  if (!isGrpcType(head.headers.get('content-type'))) return undefined
  const timeoutMs = timeoutOf(head.headers.get('grpc-timeout') ?? '')
  return { timeoutMs, isAnswered: false, hasStatus: false }
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

const statuses = {
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** By the status over HTTP; whatever is missing is a fault of somebody's code. */
const byStatus: Readonly<Record<number, number>> = {
  401: statuses.unauthenticated,
  403: statuses.permissionDenied,
  404: statuses.unimplemented,
  405: statuses.unimplemented,
  408: statuses.deadlineExceeded,
  413: statuses.resourceExhausted,
  414: statuses.resourceExhausted,
  421: statuses.unavailable,
  429: statuses.resourceExhausted,
  431: statuses.resourceExhausted,
  501: statuses.unimplemented,
  502: statuses.unavailable,
  503: statuses.unavailable,
  504: statuses.deadlineExceeded,
}

const statusOf = (code: FailureCode, status: number): number =>
  code === 'upstream_protocol_error' ? statuses.internal : (byStatus[status] ?? statuses.internal)

/** A failure of the gateway's, as clients of gRPC read it. */
export function grpcFailure(
  code: FailureCode,
  { status, title }: Failure,
  { detail }: FailureDetail,
): HeaderList {
  return statusFields(statusOf(code, status), detail ?? title)
}

/** What a backend owes and did not say. */
export const noStatus = (): HeaderList =>
  statusFields(2, 'The backend ended its answer without a grpc-status')

function statusFields(status: number, message: string): HeaderList {
  const fields = new HeaderList()
  fields.add('grpc-status', String(status))
  fields.add('grpc-message', percentEncoded(message))
  return fields
}

/** What is not printable ASCII, and the percent sign. */
const percentEncoded = (text: string): string =>
  text.replace(/[^\x20-\x24\x26-\x7e]+/g, (part) =>
    Buffer.from(part, 'utf8').toString('hex').toUpperCase().replace(/../g, '%$&'),
  )
