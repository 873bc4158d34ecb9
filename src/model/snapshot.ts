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

/** A target with one pool and one health state, shared by all rules that name it in the same way. */
export interface Cluster {
  /** Digest of target, protocol, TLS, circuit limits and health: what makes two uses the same. */
  readonly id: string
  /** `shop/orders:8080` or `https://orders.example:443`: for metrics, logs and explain. */
  readonly name: string
  readonly target: ServiceTarget | UrlTarget
  /** TLS towards it, always verified; absent: of a `url` backend its scheme decides, to a Service plaintext. */
  readonly tls?: UpstreamTls
  /** HTTP/2 over TLS, or without it by prior knowledge; absent: HTTP/1.1. */
  readonly protocol?: 'HTTP2' | 'H2C'
  readonly health: Health
  readonly maxConnections: number
  readonly maxPending: number
}

export interface UpstreamTls {
  /** SNI, and the name that the certificate must be of; absent: the host of the `url`. */
  readonly serverName?: string
  /** Fingerprint in `secrets` of the PEM bundle of authorities; absent: the public ones. */
  readonly authorities?: string
  /** Fingerprint in `secrets` of the gateway's own certificate and key. */
  readonly pair?: string
}

export interface ServiceTarget {
  readonly kind: 'service'
  readonly namespace: string
  readonly service: string
  readonly port: number
  /** Sorted by address, then port. */
  readonly endpoints: readonly Endpoint[]
}

export interface Endpoint {
  readonly address: string
  readonly port: number
  /** `terminating`: still serving while it shuts down; used last. */
  readonly state: 'ready' | 'terminating'
  /** Zones whose proxies should prefer it (EndpointSlice `hints.forZones`). */
  readonly zones?: readonly string[]
}

export interface UrlTarget {
  readonly kind: 'url'
  readonly scheme: 'http' | 'https'
  readonly hostname: string
  readonly port: number
}

export interface Health {
  readonly active?: ActiveHealth
  readonly passive: PassiveHealth
  readonly slowStartMs: number
}

export interface ActiveHealth {
  readonly path: string
  readonly intervalMs: number
  readonly unhealthyIntervalMs: number
  readonly timeoutMs: number
  readonly healthy: number
  readonly unhealthy: number
  /** Inclusive ranges. */
  readonly statuses: readonly (readonly [number, number])[]
}

export interface PassiveHealth {
  readonly consecutiveFailures: number
  readonly failurePercent: number
  readonly minRequests: number
  readonly windowMs: number
  readonly slowFactor: number
  readonly ejectForMs: number
  /** Largest share of the endpoints that may be ejected, in percent. */
  readonly maxEjected: number
  /** Statuses that count as failures: those in any `retry.on` of the rules that use the cluster. */
  readonly statuses: readonly number[]
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

/** Who may call. `deny` is what a rule without a usable authorization becomes. */
export type Authorize =
  | { readonly kind: 'public'; readonly addresses?: SourceAddresses }
  | { readonly kind: 'deny' }
  | {
      readonly kind: 'anyOf' | 'allOf'
      readonly members: readonly AuthorizeMember[]
      readonly addresses?: SourceAddresses
    }

export interface AuthorizeMember {
  /** Id of an Authorizer of the snapshot; one that is missing yields 503. */
  readonly authorizer: string
  readonly scopes?: Wanted
  readonly groups?: Wanted
  readonly claims: readonly ClaimCondition[]
}

export interface Wanted {
  readonly anyOf?: readonly string[]
  readonly allOf?: readonly string[]
}

/** The claim must be there and be, or as a list contain, one of the values. */
export interface ClaimCondition {
  readonly name: string
  readonly anyOf: readonly (string | number | boolean)[]
}

/** CIDRs in canonical form. An empty `allow` admits all that `deny` does not name. */
export interface SourceAddresses {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

/** One ApiAuthorizer in its compiled form. */
export interface Authorizer {
  /** `namespace/name`. */
  readonly id: string
  readonly namespace: string
  readonly name: string
  /** Changes with the object: part of every cache key. */
  readonly version: string
  readonly kind: 'jwt' | 'mtls'
  /** Present exactly for `mtls`, which has no issuers and takes no tokens. */
  readonly certificate?: CertificateCondition
  readonly issuers: readonly Issuer[]
  readonly from: readonly CredentialSource[]
  readonly clockSkewMs: number
  readonly claims: readonly ClaimCondition[]
  readonly groups?: Wanted
  readonly forward: ForwardClaims
  readonly staleKeysForMs: number
}

/** A client certificate with one of these names, as they are said in it, or one of these fingerprints. */
export interface CertificateCondition {
  /** `DNS:client.example`, `URI:spiffe://shop/orders`, `email:...`, `IP Address:...`. */
  readonly subjectAltNames: readonly string[]
  /** SHA-256 of the DER form, lower-case hex. */
  readonly fingerprints: readonly string[]
  /** What the backend gets to know of it. */
  readonly headers: readonly CertificateHeader[]
}

export interface CertificateHeader {
  readonly header: string
  readonly from: 'subjectAltName' | 'fingerprint'
}

export interface Issuer {
  readonly issuer: string
  /** Empty: any audience. */
  readonly audiences: readonly string[]
  /** Cognito: the accepted app clients. Present exactly for user pools. */
  readonly cognito?: {
    readonly clientIds: readonly string[]
    readonly tokenUse: 'Access' | 'Id' | 'Any'
  }
  readonly algorithms: readonly string[]
  readonly type?: string
  /** The claim that lists groups: `groups`, or `cognito:groups`. */
  readonly groupsClaim: string
  readonly keys: KeySource
}

/**
 * `cluster`: id of the cluster of an in-cluster Service that serves the key set. `missing`: the reference to the
 * keys cannot be followed; tokens of this issuer cannot be decided (503).
 */
export type KeySource =
  | { readonly kind: 'missing' }
  | { readonly kind: 'discovery' }
  | { readonly kind: 'uri'; readonly uri: string }
  | {
      readonly kind: 'service'
      readonly cluster: string
      readonly path: string
      readonly ca?: string
    }
  | { readonly kind: 'inline'; readonly jwks: string }

export type CredentialSource =
  | { readonly kind: 'header'; readonly name: string; readonly scheme: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string }

export interface ForwardClaims {
  readonly headers: readonly { readonly header: string; readonly claim: string }[]
  readonly claimsHeader?: string
  readonly token: 'Remove' | 'Keep'
}
