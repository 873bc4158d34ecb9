/** What belongs to the platform and not to a route. Decoded from the settings file; part of every Snapshot. */
export interface Settings {
  /** CIDRs whose X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[]
  readonly limits: Limits
  readonly clocks: Clocks
  readonly accessLog: AccessLogSettings
  readonly hostOwnership: 'Namespace' | 'FirstCome' | 'Off'
  readonly guardrails: Guardrails
  readonly metrics: {
    /** `route` and `rule` in counters; off: many routes make few series. */
    readonly perRoute: boolean
    /** `route` in the histogram of durations, too. */
    readonly perRouteDurations: boolean
  }
  readonly drain: { readonly minMs: number; readonly timeoutMs: number }
  readonly listeners?: Listeners
  /** CIDRs whose callers see `x-fairlead-route`, `-region` and `-attempts`. */
  readonly debugHeadersFor: readonly string[]
  /** Serve `/.well-known/fairlead/health` on the traffic port. */
  readonly healthEndpoint: boolean
  /** What the ports for clients speak; absent: the defaults. */
}

/** What is particular to a listener; addresses and ports are flags of the program. */
export interface Listeners {
  readonly http?: PlainListener
  readonly https?: SecureListener
}

export interface SecureListener {
  /** CIDRs of proxies whose connections begin with a header of the PROXY protocol. Absent: nobody's. */
  readonly proxyProtocolFrom?: readonly string[]
  /** Oldest version of TLS, where no host has its own. */
  readonly minVersion?: '1.2' | '1.3'
  /** A Secret of type kubernetes.io/tls, shown where no host has its own certificate. */
  readonly defaultCertificate?: { readonly namespace: string; readonly name: string }
}

export interface PlainListener {
  /** HTTP/2 by prior knowledge, beside HTTP/1.1. Absent: no. */
  readonly h2c?: boolean
  /** CIDRs of proxies whose connections begin with a header of the PROXY protocol. Absent: nobody's. */
  readonly proxyProtocolFrom?: readonly string[]
}

/** Sizes in bytes, counts in pieces. 0 never means unlimited here. */
export interface Limits {
  readonly target: number
  readonly headerBytes: number
  readonly headerCount: number
  readonly chunkExtensions: number
  readonly trailerBytes: number
  readonly token: number
  readonly connections: number
  readonly connectionsPerClient: number
  readonly requestsInFlight: number
  /** Percent of the memory limit: from here on no new work. */
  readonly memoryPercent: number
  readonly memoryShedPercent: number
  /** Signature checks at once. */
  readonly verifications: number
  /** Bad signatures in 10 s from one client address; beyond it such clients share an eighth of the checks. */
  readonly badSignaturesPerClient: number
}

/** Milliseconds. */
export interface Clocks {
  readonly headMs: number
  readonly bodyIdleMs: number
  readonly writeStallMs: number
  readonly connectionIdleMs: number
  readonly halfCloseGraceMs: number
  /** Idle time after which a pooled backend connection is closed. */
  readonly upstreamIdleMs: number
}

export interface AccessLogSettings {
  /** Custom fields: name → `$context.*` or a field of the standard line. Empty: the standard line. */
  readonly fields: Readonly<Record<string, string>>
  readonly query: boolean
  readonly maxLineBytes: number
}

/** What a platform forbids its teams. */
export interface Guardrails {
  readonly maxRequestMs: number
  readonly allowPublic: boolean
  /** Host patterns (`*.shop.example`) that `url` backends may name; empty: any. */
  readonly urlBackends: readonly string[]
  /** `namespace/name` patterns of authorizers that may be used; empty: any. */
  readonly authorizers: readonly string[]
}

/** The defaults of data-plane.md: what an empty settings file means. */
export const defaultSettings: Settings = Object.freeze({
  trustedProxies: [],
  limits: {
    target: 8192,
    headerBytes: 16384,
    headerCount: 100,
    chunkExtensions: 1024,
    trailerBytes: 8192,
    token: 8192,
    connections: 50_000,
    connectionsPerClient: 1000,
    requestsInFlight: 20_000,
    memoryPercent: 85,
    memoryShedPercent: 95,
    verifications: 64,
    badSignaturesPerClient: 100,
  },
  clocks: {
    headMs: 10_000,
    bodyIdleMs: 30_000,
    writeStallMs: 30_000,
    connectionIdleMs: 75_000,
    halfCloseGraceMs: 1000,
    upstreamIdleMs: 4000,
  },
  accessLog: { fields: {}, query: false, maxLineBytes: 16384 },
  hostOwnership: 'FirstCome',
  guardrails: { maxRequestMs: 86_400_000, allowPublic: true, urlBackends: [], authorizers: [] },
  metrics: { perRoute: true, perRouteDurations: false },
  drain: { minMs: 0, timeoutMs: 30_000 },
  debugHeadersFor: [],
  healthEndpoint: false,
})
