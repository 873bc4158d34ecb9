import type { FailureCode, FailureDetail } from '../../model/failure.ts'
import type { HeaderList } from './header-list.ts'

/** A request head after strict parsing: nothing in it needs to be checked again. */
export interface RequestHead {
  /** Case-sensitive token as sent. */
  method: string
  /** Canonical authority without a default port (`api.shop.example`, `api.shop.example:8443`), lower case, no trailing dot. */
  host: string
  /** `host` without its port: what routes are matched by. */
  hostname: string
  /** The raw path of the target, starting with `/`, or `*` for `OPTIONS *`. Not canonical yet: see model/path.ts. */
  rawPath: string
  /** With the leading `?`, byte for byte; '' without one. */
  query: string
  minorVersion: 0 | 1
  headers: HeaderList
  /** -1 without Content-Length. */
  contentLength: number
  chunked: boolean
  keepAlive: boolean
  expectContinue: boolean
  /** It understands trailers (`te`), and can get them. */
  takesTrailers: boolean
  /** The client asked for an upgrade (RFC 9110 §7.8); the fields themselves are hop-by-hop and not in `headers`. */
  upgrade: string
  /** `Connection` names that wish, so that it is meant for this hop. */
  upgradeNamed: boolean
}

/** How the end of a body is known. `close` occurs only in answers of backends. */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

export interface ResponseHead {
  status: number
  minorVersion: 0 | 1
  headers: HeaderList
  framing: Framing
  /** -1 without Content-Length. What has no body may tell one as well: an answer to HEAD, 304. */
  contentLength: number
  keepAlive: boolean
  /** What the backend would switch to, as it says in `Upgrade`; '' unless `Connection` names that. */
  upgrade: string
}

/** Why a message was refused. `reason` is the bounded label of `fairlead_rejected_requests_total`. */
export interface ParseFault {
  readonly code: FailureCode
  readonly reason: string
}

/** Where a client connection comes from. */
export interface Peer {
  readonly address: string
  readonly port: number
  readonly localPort: number
  /** `http` or `https`, by the listener. */
  readonly scheme: 'http' | 'https'
  /** What the handshake came to; absent on a plain listener. */
  readonly tls?: PeerTls
}

/** A connection with TLS, as its requests are judged by it. */
export interface PeerTls {
  /** `TLSv1.3`. */
  readonly version: string
  /** Name that was asked for (SNI), lower case; '' without one. */
  readonly serverName: string
  /** The virtual host that the handshake was made under; '' for the default certificate. */
  readonly hostname: string
  /** What a certificate of the client was judged by; '' when none was asked for. */
  readonly clientKey: string
  /** Absent when none was shown. */
  readonly certificate?: ClientCertificate
}

/** The certificate that a client has shown. */
export interface ClientCertificate {
  /** Why it is not good: a word of OpenSSL's such as `CERT_HAS_EXPIRED`. Absent: it comes from one of the authorities. */
  readonly fault?: string
  /** SHA-256 of its DER form, lower-case hex. */
  readonly fingerprint: string
  /** `DNS:client.example`, `URI:spiffe://shop/orders`, `email:...`, in its order. */
  readonly names: readonly string[]
}

/**
 * Takes a body as it arrives. A chunk is borrowed: it must be written or copied before `data` returns.
 * `data` answers false to ask for a pause; the taker calls `resume` of the source later.
 */
export interface BodySink {
  data(chunk: Buffer): boolean
  /** The body is complete. Only HTTP/2 passes trailers on; those of HTTP/1.1 are dropped before (F22). */
  end(trailers?: HeaderList): void
  /** The body will not be completed. */
  abort(code: FailureCode, detail?: FailureDetail): void
}

/** The body of a request. Nothing is read from the client beyond one buffer until somebody takes it. */
export interface BodySource {
  readonly framing: Framing
  /** Bytes by Content-Length, else -1. */
  readonly length: number
  /** Bytes delivered so far. */
  readonly received: number
  /** The taker waits for the client: something is missing, and no pause was asked for. */
  readonly awaited: boolean
  /** Delivers to `sink`, what has already arrived before it returns. At most once. */
  pipe(sink: BodySink): void
  resume(): void
  /** From now on who sends it may be silent for as long as the exchange goes on: other clocks count it. */
  untimed?(): void
  /** Fails the exchange with 413 once more than this is delivered. */
  limit(bytes: number): void
}

/** One request of a client, independent of the protocol version it came by. */
export interface Request {
  readonly head: RequestHead
  readonly peer: Peer
  readonly body: BodySource
  readonly protocol: '1.0' | '1.1' | '2'
  /** `nowMs` of the clock when its first byte was read. */
  readonly startedMs: number
  /** Bytes have come behind the request that its framing does not explain: before a 101 they are nobody's (U3). */
  readonly followed: boolean
}

/** Answers one request. After `end` or `abort` every call is ignored. */
export interface Reply {
  /** True once a head has been given; from then on a failure can only retract it or abort. */
  readonly started: boolean
  /** The exchange is over: everything from now on is ignored. */
  readonly over: boolean
  /** Bytes of body given so far. */
  readonly bodyBytes: number
  /** A 1xx other than 101. */
  inform(status: number, headers: HeaderList): void
  /**
   * `length` -1 means unknown: chunked, or closed at the end for HTTP/1.0. The implementation adds the one framing
   * field and `connection`; `headers` must hold neither. The body of an answer to HEAD, 204 and 304 is never written.
   *
   * After 101 there is a tunnel: `write` and the body of the request carry what it carries, `end` ends this direction
   * only, and all is over when both have ended, or at `end` after `closeAfter`.
   */
  head(status: number, headers: HeaderList, length: number): void
  /** The chunk is borrowed. False: wait for `source.drained`. */
  write(chunk: Buffer): boolean
  /** Sends what is held back: a head waits for its first bytes of body, so that both leave in one write. */
  flush(): void
  /** Takes back a head that is still held back, as if it had never been given; false when it is out, or none was given. */
  retract(): boolean
  /** Completes the answer. HTTP/1.1 drops the trailers. */
  end(trailers?: HeaderList): void
  /** Ends the connection so that the client cannot take the answer for complete. */
  abort(): void
  /** The request cannot be answered further on this connection: close after this answer. */
  closeAfter(): void
  source: ReplySource | undefined
  watcher: ReplyWatcher | undefined
}

/** Who produces an answer's body. */
export interface ReplySource {
  /** The client can take more. */
  drained(): void
  /** The client is gone before `end`. */
  gone(): void
  /** A drain comes to its end: what has no end of its own has to end now. */
  stopped?(): void
}

/** Who wants to know that an answer is over. */
export interface ReplyWatcher {
  /** Everything has been handed to the kernel (`complete`), or is lost; called once. */
  finished(complete: boolean): void
  /** What is not over is about to be lost, because the time of a drain is up. */
  drained?(): void
}

/** What a listener does with a request. Called synchronously while the request's bytes are in the read buffer. */
export type Handle = (request: Request, reply: Reply) => void
