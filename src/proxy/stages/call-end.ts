import { grpcStatusOfHttp } from '../../model/grpc-status.ts'
import type { Exchange } from './exchange.ts'
import type { CallEnd } from './grpc.ts'

/** How a call of gRPC that is over ended for its client. */
export function callEnd(exchange: Exchange, complete: boolean): CallEnd {
  const { grpc, status, failure, failureDetail, attempts } = exchange
  const isOurs = failure !== undefined || failureDetail !== undefined
  if (grpc?.end !== undefined && (complete || isOurs)) return grpc.end
  if (complete) {
    const by = attempts?.at(-1)?.outcome === String(status) ? 'backend' : 'gateway'
    return { status: grpcStatusOfHttp(status), by, place: 'http' }
  }
  // A connection that breaks off under a call is this for whoever waits for it.
  return isOurs ? { status: 'UNAVAILABLE', by: 'gateway' } : { status: 'CANCELLED', by: 'client' }
}
