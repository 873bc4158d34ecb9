import type { FailureCode } from '../../model/failure.ts'
import type { HeaderList } from '../http1/header-list.ts'
import type { Framing, ResponseHead } from '../http1/message.ts'
import type { ConnectFault } from './connect-fault.ts'

/** Who has a backend connection, or a stream of one, for one exchange. Exactly one of `ended` and `failed` is called, last. */
export interface UpstreamOwner {
  /** A 1xx other than 100 and 101. */
  informed(head: ResponseHead): void
  /** 101: who takes the connection over as a tunnel; undefined when it is not what was asked for. */
  switched(head: ResponseHead): UpstreamOwner | undefined
  responded(head: ResponseHead): void
  /** A borrowed chunk. False asks for a pause until `resume`. */
  received(chunk: Buffer): boolean
  /** Nothing more has arrived for now. */
  paused(): void
  ended(trailers?: HeaderList): void
  /** FIN of the backend in a tunnel, whose other direction goes on. */
  halfClosed(): void
  /**
   * @param clock the clock that expired, with failure `upstream_timeout` or `connect_timeout`
   * @param reason why there is no connection, where the system said so
   */
  failed(
    code: FailureCode,
    clock: UpstreamClock | undefined,
    reason: ConnectFault | undefined,
  ): void
  /** More of the request body can be taken. */
  writable(): void
}

export type UpstreamClock = 'connect' | 'backendRequest' | 'idle'

/** Milliseconds; 0 is off. */
export interface UpstreamClocks {
  readonly connectMs: number
  readonly backendRequestMs: number
  readonly idleMs: number
}

/** The sooner of two limits, 0 when both are off. */
export const soonest = (a: number, b: number): number =>
  a === 0 ? b : b === 0 ? a : Math.min(a, b)

/** The head of a request, as a backend gets it. */
export interface UpstreamRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly authority: string
  readonly headers: HeaderList
  readonly framing: Framing
  /** Bytes by Content-Length, else -1. */
  readonly length: number
  /** The client understands trailers. */
  readonly takesTrailers: boolean
}

/** One exchange with a backend, whatever protocol carries it. */
export interface UpstreamExchange {
  /** Requests that its connection has carried to the end: above 0 it is a reused one. */
  readonly served: number
  readonly connected: boolean
  /** Something of an answer has come. */
  readonly answered: boolean
  /** The backend has said that it did nothing about the request: any may be sent again. */
  readonly untouched: boolean
  /** It has never been told of the request: its connection takes fewer than it was thought to. */
  readonly unsent: boolean
  /** The backend may still say that it did nothing. */
  readonly refusable: boolean
  /**
   * Sends a request head. With a body (`framing` other than `none`) the head waits for its first
   * bytes or `flush`, so that both leave in one write.
   */
  begin(owner: UpstreamOwner, request: UpstreamRequest, clocks: UpstreamClocks): void
  /** A part of the request body; borrowed. False: wait for `writable`. */
  write(chunk: Buffer): boolean
  flush(): void
  /** The request is complete. */
  end(): void
  /** FIN for the backend of a tunnel. */
  halfClose(): void
  /** Nobody wants more of a tunnel; what was written leaves first, if it does so soon. */
  close(): void
  /** The other side of a tunnel was reset, and so is this one: nobody may take what came for all there was. */
  breakOff(): void
  /** The answer that comes is the last: nobody knows what the backend makes of this connection. */
  spend(): void
  /** Another owner takes the rest of the answer. */
  handOver(owner: UpstreamOwner): void
  /** The owner wants no more of this exchange. */
  abort(): void
  resume(): void
}

/** Who waits for a connection. Exactly one of the two is called, once, unless `UpstreamPool.forget` came first. */
export interface PoolWaiter {
  assigned(exchange: UpstreamExchange): void
  refused(code: FailureCode): void
}

/** The connections to one endpoint. */
export interface UpstreamPool {
  idleMs: number
  readonly connections: number
  readonly idle: number
  readonly pending: number
  /** Room for a request now, `undefined` when the caller has to `wait`. */
  take(): UpstreamExchange | undefined
  /** Room whatever was there before: for the one retry after a stale connection. */
  open(): UpstreamExchange
  wait(waiter: PoolWaiter): void
  forget(waiter: PoolWaiter): void
  /** Closes what is idle: under memory pressure, or when the endpoint was ejected. */
  shed(): void
  /** No new connections; those in use end with their exchange. */
  close(): void
}
