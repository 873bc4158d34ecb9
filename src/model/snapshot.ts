import type { Authorize, Authorizer } from './authorization.ts'
import type { Cluster } from './cluster.ts'
import type { FailureCode } from './failure.ts'
import type { Match } from './match.ts'
import type { Settings } from './settings.ts'

/**
 * All that a proxy must know: one JSON value, readonly, sorted, without Map, Date or class.
 * Durations are whole milliseconds, sizes whole bytes. Its `digest` is its identity; equal
 * digests mean equal behaviour. Only `secrets` holds anything confidential.
 */
export interface Snapshot {
  readonly format: 1
  /** SHA-256 (hex) over the digests of the parts. */
  readonly digest: string
  readonly settings: Settings
  /** Sorted by hostname. */
  readonly hosts: readonly Host[]
  /** Sorted by id. */
  readonly clusters: readonly Cluster[]
  /** Sorted by id. */
  readonly authorizers: readonly Authorizer[]
  /** Fingerprint in `secrets` of the certificate and key that are shown where no host has its own. */
  readonly defaultPair?: string
  /** Fingerprint (SHA-256, hex) → confidential text. Left out of all that is printed, logged or compared. */
  readonly secrets: Readonly<Record<string, string>>
}

/** The table of one hostname: `api.shop.example`, `*.shop.example` or `*`. */
export interface Host {
  readonly hostname: string
  /** SHA-256 (hex) of the rest of this host. */
  readonly digest: string
  /** Set when an object that owns this host cannot be decoded: every unmatched request gets 503 `rule_invalid`. */
  readonly held: boolean
  /** How it is served over TLS; absent: with the default certificate, and in plaintext as well. */
  readonly tls?: HostTls
  /** Sorted by precedence: the first entry that matches wins. */
  readonly entries: readonly HostEntry[]
}

/** The TLS of one hostname, decided by the first of its routes that has `tls`. */
export interface HostTls {
  /** Fingerprint in `secrets` of the certificate chain and its key, in one PEM text; absent: the default pair. */
  readonly pair?: string
  readonly minVersion: '1.2' | '1.3'
  /** What a request on the plain listener gets: a redirect (308), an answer, or 403. */
  readonly plaintext: 'Redirect' | 'Allow' | 'Deny'
  readonly client?: ClientCertificates
}

/** `Require`: nobody gets in without a certificate of one of the authorities. `Optional`: one that is shown must be good. */
export interface ClientCertificates {
  readonly mode: 'Require' | 'Optional'
  /** Fingerprints in `secrets` of PEM bundles. Empty: no certificate is good. */
  readonly authorities: readonly string[]
}

export interface HostEntry {
  readonly match: Match
  readonly rule: Rule
}

/** One rule of one route. The same frozen object in every entry that leads to it. */
export interface Rule {
  /** `namespace/route/rule`: the id in logs, metrics and explain. */
  readonly id: string
  /** `namespace/name` of the object the rule came from. */
  readonly route: string
  readonly name: string
  readonly namespace: string
  /** For messages only (invariant 5). */
  readonly origin: Origin
  readonly action: Action
  readonly authorize: Authorize
  readonly paths: PathPolicy
  readonly timeouts: Timeouts
  readonly limits: RuleLimits
  /** Lower-case names that are removed from every request: what any authorizer of the namespace can inject. */
  readonly stripHeaders: readonly string[]
  readonly requestHeaders: HeaderEdits
  readonly responseHeaders: HeaderEdits
  readonly cors?: Cors
  /** Absent: no connection changes its protocol. */
  readonly upgrade?: Upgrade
  readonly errors: readonly ErrorPage[]
}

export interface Origin {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly generation: number
}

export type Action = Forward | Redirect | Respond | Invalid

/** A rule that cannot be served and holds its place (invariant 3): 503 `rule_invalid`. */
export interface Invalid {
  readonly kind: 'invalid'
}

export interface Redirect {
  readonly kind: 'redirect'
  readonly status: 301 | 302 | 303 | 307 | 308
  readonly scheme?: 'http' | 'https'
  readonly hostname?: string
  readonly port?: number
  readonly path?: PathRewrite
}

export interface Respond {
  readonly kind: 'respond'
  readonly status: number
  readonly body: string
  readonly contentType: string
  readonly headers: readonly HeaderValue[]
}

export interface Forward {
  readonly kind: 'forward'
  /** In the order of the manifest. */
  readonly backends: readonly Backend[]
  readonly balance: Balance
  readonly retry: Retry
  readonly failover: Failover
  readonly rewrite?: Rewrite
}

/** A rule's use of a cluster. */
export interface Backend {
  readonly name: string
  readonly cluster: string
  readonly region: string
  /** 0 to 1,000,000. */
  readonly weight: number
  /** 0 is tried first. */
  readonly priority: number
  /** Base path of a `url` backend, canonical, without a trailing slash; '' for none. */
  readonly basePath: string
}

export type Balance =
  | { readonly policy: 'RoundRobin' | 'LeastRequests' | 'Random'; readonly locality: Locality }
  | { readonly policy: 'Hash'; readonly on: HashKey; readonly locality: Locality }

export type Locality = 'Ignore' | 'PreferLocal'

export type HashKey =
  | { readonly kind: 'header'; readonly name: string }
  | {
      readonly kind: 'cookie'
      readonly name: string
      readonly ttlMs: number
      readonly issue: boolean
    }
  | { readonly kind: 'sourceAddress' }

/** Attempts are the tries after the first. */
export interface Retry {
  /** Further tries for reasons in `on`, by default only ConnectFailure and Reset. */
  readonly attempts: number
  readonly on: readonly RetryReason[]
  readonly statuses: readonly number[]
  readonly backoffMs: number
  /** Percent of the requests in flight of the rule that may be retries; at least 3 always may. */
  readonly budgetPercent: number
  readonly idempotencyKeys: 'Never' | 'SameRegion' | 'AnyRegion'
}

export type RetryReason = 'ConnectFailure' | 'Reset' | 'Timeout'

export interface Failover {
  readonly panic: 'Fail' | 'ServeAll'
  readonly useDrained: boolean
}

export interface Rewrite {
  readonly path?: PathRewrite
  readonly hostname?: string
}

/**
 * `prefix` replaces the matched literal prefix; `template` may use `{name}` of a pattern match.
 * Both are canonical; what results is brought into canonical form again and checked.
 */
export type PathRewrite =
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'full'; readonly template: string }

export interface PathPolicy {
  readonly encodedSlash: 'Reject' | 'Keep'
  readonly mergeSlashes: boolean
  readonly underscores: 'Drop' | 'Reject' | 'Keep'
}

/** Every clock in milliseconds; 0 means off. */
export interface Timeouts {
  readonly requestMs: number
  readonly backendRequestMs: number
  readonly connectMs: number
  readonly idleMs: number
}

export interface RuleLimits {
  /** Bytes; 0 = unlimited. */
  readonly requestBody: number
  /** The same for calls of gRPC; absent: what counts for all. */
  readonly callBody?: number
  /** Requests in flight; 0 = unlimited. */
  readonly concurrency: number
}

export interface HeaderValue {
  /** Lower case. */
  readonly name: string
  readonly value: string
}

/** Applied in the order remove, set, add. */
export interface HeaderEdits {
  readonly remove: readonly string[]
  readonly set: readonly HeaderValue[]
  readonly add: readonly HeaderValue[]
}

export interface Cors {
  /** Exact origins, `*`, or `https://*.shop.example`. */
  readonly allowOrigins: readonly string[]
  readonly allowMethods: readonly string[]
  readonly allowHeaders: readonly string[]
  readonly exposeHeaders: readonly string[]
  readonly allowCredentials: boolean
  readonly maxAgeSeconds: number
}

/** What a connection may become (RFC 9110 §7.8): a WebSocket, and nothing else. */
export interface Upgrade {
  readonly webSocket: true
  /** 0: off. */
  readonly maxLifetimeMs: number
  /** It ends when the caller's token does. */
  readonly expiresWithToken: boolean
}

export interface ErrorPage {
  readonly codes: readonly FailureCode[]
  readonly status?: number
  readonly contentType: string
  readonly body: string
}
