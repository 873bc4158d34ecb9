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
  /** Asks the health service of gRPC about one service ('': the server) instead of a path. */
  readonly grpc?: { readonly service: string }
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
