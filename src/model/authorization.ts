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
