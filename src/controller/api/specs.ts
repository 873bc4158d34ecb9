import type { FailureCode } from '../../model/failure.ts'

export interface RouteSpec {
  readonly className?: string
  readonly hostnames: readonly string[]
  readonly paths?: {
    readonly encodedSlash?: 'Reject' | 'Keep'
    readonly mergeSlashes?: boolean
    readonly underscores?: 'Drop' | 'Reject' | 'Keep'
  }
  readonly tls?: RouteTlsSpec
  readonly defaults?: Omit<RuleSpec, 'name' | 'matches' | 'backends' | 'redirect' | 'respond'>
  readonly rules: readonly (RuleSpec | BrokenRule)[]
}

export interface PairRefSpec {
  readonly name: string
  readonly namespace?: string
}

export interface CaRefSpec extends PairRefSpec {
  readonly kind?: 'ConfigMap' | 'Secret'
  readonly key?: string
}

export interface RouteTlsSpec {
  readonly secretRef?: PairRefSpec
  readonly minVersion?: '1.2' | '1.3'
  readonly plaintext?: 'Redirect' | 'Allow' | 'Deny'
  readonly clientCertificate?: {
    readonly mode: 'Require' | 'Optional'
    readonly caRefs: readonly CaRefSpec[]
  }
}

export interface BackendTlsSpec {
  readonly serverName?: string
  readonly caRef?: CaRefSpec
  readonly clientCertificateRef?: PairRefSpec
}

/** A rule that did not decode. */
export interface BrokenRule {
  readonly broken: true
  readonly name: string
  /** Each as far as it decoded; undefined when nothing of it did. Undefined list: not even that many. */
  readonly matches: readonly (MatchSpec | undefined)[] | undefined
}

export interface RuleSpec {
  readonly name: string
  readonly matches?: readonly MatchSpec[]
  readonly authorize?: AuthorizeSpec
  readonly backends?: readonly BackendSpec[]
  readonly redirect?: RedirectSpec
  readonly respond?: RespondSpec
  readonly balance?: BalanceSpec
  readonly timeouts?: {
    readonly request?: number
    readonly backendRequest?: number
    readonly connect?: number
    readonly idle?: number
  }
  readonly retry?: RetrySpec
  readonly health?: HealthSpec
  readonly failover?: { readonly panic?: 'Fail' | 'ServeAll'; readonly useDrained?: boolean }
  readonly rewrite?: { readonly path?: PathRewriteSpec; readonly hostname?: string }
  readonly requestHeaders?: HeaderEditsSpec
  readonly responseHeaders?: HeaderEditsSpec
  readonly cors?: CorsSpec
  readonly limits?: { readonly requestBody?: number; readonly concurrency?: number }
  readonly upgrade?: UpgradeSpec
  readonly errors?: readonly ErrorPageSpec[]
}

export interface MatchSpec {
  readonly path?: {
    readonly exact?: string
    readonly prefix?: string
    readonly pattern?: string
    readonly regex?: string
  }
  readonly methods?: readonly string[]
  readonly headers?: readonly ValueSpec[]
  readonly query?: readonly ValueSpec[]
}

export interface ValueSpec {
  readonly name: string
  readonly exact?: string
  readonly prefix?: string
  readonly regex?: string
  readonly present?: boolean
}

export interface WantedSpec {
  readonly anyOf?: readonly string[]
  readonly allOf?: readonly string[]
}
export interface ClaimSpec {
  readonly name: string
  readonly anyOf: readonly (string | number | boolean)[]
}

export interface MemberSpec {
  readonly authorizer: { readonly name: string; readonly namespace?: string }
  readonly scopes?: WantedSpec
  readonly groups?: WantedSpec
  readonly claims?: readonly ClaimSpec[]
}

export interface AuthorizeSpec {
  readonly public?: true
  readonly anyOf?: readonly MemberSpec[]
  readonly allOf?: readonly MemberSpec[]
  readonly sourceAddresses?: {
    readonly allow?: readonly string[]
    readonly deny?: readonly string[]
  }
}

export interface BackendSpec {
  readonly name: string
  readonly region?: string
  readonly weight?: number
  readonly priority?: number
  readonly service?: { readonly name: string; readonly namespace?: string; readonly port: number }
  readonly url?: string
  readonly tls?: BackendTlsSpec
  readonly protocol?: 'HTTP1' | 'HTTP2' | 'H2C'
  readonly maxConnections?: number
  readonly maxPending?: number
}

export interface PathRewriteSpec {
  readonly replacePrefix?: string
  readonly replaceFull?: string
}

export interface RedirectSpec {
  readonly status?: 301 | 302 | 303 | 307 | 308
  readonly scheme?: 'http' | 'https'
  readonly hostname?: string
  readonly port?: number
  readonly path?: PathRewriteSpec
}

export interface HeaderSpec {
  readonly name: string
  readonly value: string
}
export interface HeaderEditsSpec {
  readonly set?: readonly HeaderSpec[]
  readonly add?: readonly HeaderSpec[]
  readonly remove?: readonly string[]
}

export interface RespondSpec {
  readonly status: number
  readonly body?: string
  readonly contentType?: string
  readonly headers?: readonly HeaderSpec[]
}

export interface BalanceSpec {
  readonly policy?: 'RoundRobin' | 'LeastRequests' | 'Random' | 'Hash'
  readonly locality?: 'Ignore' | 'PreferLocal'
  readonly hash?: {
    readonly header?: string
    readonly cookie?: { readonly name: string; readonly ttl?: number; readonly issue?: boolean }
    readonly sourceAddress?: true
  }
}

export interface RetrySpec {
  readonly attempts?: number
  readonly on?: readonly ('ConnectFailure' | 'Reset' | 'Timeout' | number)[]
  readonly backoff?: number
  readonly budget?: number
  readonly idempotencyKeys?: 'Never' | 'SameRegion' | 'AnyRegion'
}

export interface HealthSpec {
  readonly active?: {
    readonly path?: string
    readonly grpc?: { readonly service?: string }
    readonly interval?: number
    readonly unhealthyInterval?: number
    readonly timeout?: number
    readonly healthy?: number
    readonly unhealthy?: number
    readonly statuses?: readonly string[]
  }
  readonly passive?: {
    readonly consecutiveFailures?: number
    readonly failurePercent?: number
    readonly minRequests?: number
    readonly window?: number
    readonly slowFactor?: number
    readonly ejectFor?: number
    readonly maxEjected?: number
  }
  readonly slowStart?: number
}

export interface CorsSpec {
  readonly allowOrigins: readonly string[]
  readonly allowMethods?: readonly string[]
  readonly allowHeaders?: readonly string[]
  readonly exposeHeaders?: readonly string[]
  readonly allowCredentials?: boolean
  readonly maxAge?: number
}

export interface UpgradeSpec {
  readonly webSocket: boolean
  readonly maxLifetime?: number
  readonly expiresWithToken?: boolean
}

export interface ErrorPageSpec {
  readonly codes: readonly FailureCode[]
  readonly status?: number
  readonly contentType?: string
  readonly body: string
}

export interface AuthorizerSpec {
  readonly jwt?: JwtSpec
  readonly cognito?: CognitoSpec
  readonly mtls?: MtlsSpec
}

export interface MtlsSpec {
  readonly subjectAltNames?: readonly string[]
  readonly fingerprints?: readonly string[]
  readonly forward?: {
    readonly headers?: readonly {
      readonly header: string
      readonly from: 'subjectAltName' | 'fingerprint'
    }[]
  }
}

export interface TokenSpec {
  readonly from?: readonly {
    readonly header?: string
    readonly scheme?: string
    readonly cookie?: string
    readonly query?: string
  }[]
  readonly clockSkew?: number
  readonly claims?: readonly ClaimSpec[]
  readonly groups?: WantedSpec
  readonly forward?: {
    readonly headers?: readonly { readonly header: string; readonly claim: string }[]
    readonly claimsHeader?: string
    readonly token?: 'Remove' | 'Keep'
  }
  readonly staleKeysFor?: number
}

export interface JwtSpec extends TokenSpec {
  readonly issuers: readonly IssuerSpec[]
}

export interface IssuerSpec {
  readonly issuer: string
  readonly audiences?: readonly string[]
  readonly anyAudience?: true
  readonly jwksUri?: string
  readonly jwks?: JwksSpec
  readonly algorithms?: readonly string[]
  readonly type?: string
}

export interface JwksSpec {
  readonly service?: {
    readonly name: string
    readonly namespace?: string
    readonly port: number
    readonly path?: string
  }
  readonly configMapRef?: {
    readonly name: string
    readonly namespace?: string
    readonly key?: string
  }
  readonly secretRef?: { readonly name: string; readonly namespace?: string; readonly key?: string }
  readonly inline?: string
}

export interface CognitoSpec extends TokenSpec {
  readonly userPools: readonly {
    readonly region: string
    readonly userPoolId: string
    readonly clientIds: readonly string[]
  }[]
  readonly tokenUse?: 'Access' | 'Id' | 'Any'
}
