/** The statuses of gRPC by their numbers: a closed list, so that it can be a label. */
export const grpcStatuses = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const

export type GrpcStatus = (typeof grpcStatuses)[number]

/** As clients read `grpc-status`: what is no status that they know is `UNKNOWN`. */
export const grpcStatusOf = (text: string): GrpcStatus =>
  (/^\d{1,2}$/.test(text) ? grpcStatuses[Number(text)] : undefined) ?? 'UNKNOWN'

const byHttp: Readonly<Record<number, GrpcStatus>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
}

/** What clients make of an answer that is none of gRPC (doc/http-grpc-status-mapping.md of gRPC). */
export const grpcStatusOfHttp = (status: number): GrpcStatus => byHttp[status] ?? 'UNKNOWN'
