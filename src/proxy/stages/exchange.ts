import type { Failure, FailureDetail } from '../../model/failure.ts'
import type { HostEntry, Rule } from '../../model/snapshot.ts'
import type { HeaderList } from '../http1/header-list.ts'
import type { Reply, Request } from '../http1/message.ts'
import type { ConnectFault } from '../runtime/connect-fault.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { GrpcCall } from './grpc.ts'

/** One try at one backend, for the access log and `x-fairlead-attempts`. */
export interface Attempt {
  readonly backend: string
  readonly region: string
  /** `200`, or the code of a failure. */
  outcome: string
  /** Why there was no connection; for the access log only. */
  readonly reason?: ConnectFault | undefined
  ms: number
}

/** How authorization went, for log and metrics. */
export interface AuthorizationOutcome {
  readonly authorizer: string
  readonly verdict: 'allow' | 'unauthenticated' | 'forbidden' | 'unavailable' | 'public'
  /** `sub` of the token; flattened, at most 256 characters. */
  readonly principal: string
  /** When the first of the tokens that were asked for expires, on the clock that tokens are made by; Infinity without one. */
  readonly expiresWallMs: number
}

/** One request on its way: what the stages share. Made by the entry of the pipeline, one a request. */
export interface Exchange {
  readonly request: Request
  readonly reply: Reply
  /** The runtime of the snapshot that this request began under. */
  readonly runtime: Runtime
  /** Undefined unless it is a call of gRPC. */
  readonly grpc: GrpcCall | undefined
  /** Canonical path: what was matched and authorized, and is forwarded unless rewritten. */
  path: string
  /** Byte for byte, with its `?`; a stage that cuts a credential out replaces it. */
  query: string
  /** Authority sent to the backend. */
  authority: string
  id: string
  /** Set when an untrusted client sent its own id. */
  clientRequestId: string
  traceId: string
  /** Derived address: the peer, or what trusted proxies say. */
  client: string
  clientTrusted: boolean
  scheme: 'http' | 'https'
  rule: Rule | undefined
  entry: HostEntry | undefined
  /** The methods of this path, when it has rules but none for the request's method. */
  allow: readonly string[] | undefined
  /** Headers for the backend: the parsed list, edited in place. */
  readonly headers: HeaderList
  authorization: AuthorizationOutcome | undefined
  /** What this client is balanced by from now on, '' unless a cookie with it is being issued. */
  issuedPin: string
  attempts: Attempt[] | undefined
  failure: Failure | undefined
  failureDetail: FailureDetail | undefined
  status: number
  firstByteMs: number
  /** Called once the exchange is over, in order: releases what a stage took. */
  onDone: (() => void)[] | undefined
  /** Starts the clock of the whole exchange; it stops when the exchange is over. */
  startClock(limitMs: number, expired: (exchange: Exchange, limitMs: number) => void): void
  /** The key of a WebSocket handshake that the rule admits, '' for any other request. */
  webSocketKey: string
  /** No request any more: its clock stops, and it is none of those in flight. */
  becomeTunnel(): void
  /** What produces the answer now; told to stop when the exchange ends some other way. */
  running: { cancel(): void } | undefined
  /** Run over every answer's head (backend's or our own) before it is sent, in order. */
  replyEdits: readonly ReplyEdit[]
}

/** Ends the stage's part: hands the exchange on. May be called later, at most once. */
export type Next = (exchange: Exchange) => void

/**
 * One step of a request. It calls `next`, or ends the exchange (`fail`, an answer of its own), now or
 * later. Stages hold no state: what outlives a request lives in the runtime.
 */
export type Stage = (exchange: Exchange, next: Next) => void

/** Changes the head of an answer. Applied to the gateway's own failures too. */
export type ReplyEdit = (exchange: Exchange, status: number, headers: HeaderList) => void

/** What a policy contributes to the pipeline of one rule. Built once per rule; undefined costs nothing. */
export interface Policy {
  readonly request?: Stage
  readonly reply?: ReplyEdit
}
