import type {
  AuthorizeMember,
  Authorizer,
  Issuer,
  KeySource,
  SourceAddresses,
} from '../../model/authorization.ts'
import type { Match } from '../../model/match.ts'
import type { Problem } from '../../model/problem.ts'
import type {
  Backend,
  Forward,
  Invalid,
  Origin,
  Redirect,
  Respond,
  Rule,
} from '../../model/snapshot.ts'
import type { Meta } from '../api/objects.ts'
import type { ClusterDraft } from './draft-cluster.ts'
import type { TlsDraft, UpstreamTlsDraft } from './draft-tls.ts'
import type { Referrer } from './grants.ts'

/**
 * What a front (`from-*.ts`) makes of one object, on its own: checked, in model terms, with its
 * references still by name. Past this point nobody knows which API kind a route came from.
 */
export interface RouteDraft {
  readonly subject: Subject
  readonly origin: Origin
  readonly referrer: Referrer
  readonly hostnames: readonly HostnameDraft[]
  /** Some match could be anywhere: its hosts answer nothing that no rule matches (invariant 3). */
  readonly holdsHosts: boolean
  readonly rules: readonly RuleDraft[]
  readonly tls?: TlsDraft
  /** Faults of the object itself: they become `Accepted`. */
  readonly problems: readonly Problem[]
}

/** The object as it is now, for its status. */
export interface Subject {
  readonly kind: string
  readonly meta: Meta
  /** How many an ApiRoute has. */
  readonly rules?: number
  /** The generation that is served instead of the current one. */
  readonly lastGood?: number
}

export interface HostnameDraft {
  readonly hostname: string
  /** `spec.hostnames[0]`, for messages. */
  readonly where: string
}

/** Everything of a Rule but what its references and its neighbours decide. */
export interface RuleDraft {
  readonly name: string
  readonly where: string
  readonly matches: readonly Match[]
  readonly action: ForwardDraft | Redirect | Respond | Invalid
  readonly authorize: AuthorizeDraft
  readonly policies: Policies
}

export type Policies = Pick<
  Rule,
  | 'paths'
  | 'timeouts'
  | 'limits'
  | 'requestHeaders'
  | 'responseHeaders'
  | 'cors'
  | 'upgrade'
  | 'errors'
>

export type ForwardDraft = Omit<Forward, 'backends'> & {
  readonly backends: readonly BackendDraft[]
}

export type BackendDraft = Omit<Backend, 'cluster'> & {
  readonly where: string
  /** Without what `tls` refers to. */
  readonly cluster: ClusterDraft
  readonly tls?: UpstreamTlsDraft
  /** As it was said; absent: the port of the Service decides. */
  readonly protocol?: 'HTTP1' | 'HTTP2' | 'H2C'
}

export type AuthorizeDraft =
  | { readonly kind: 'public'; readonly addresses?: SourceAddresses }
  | { readonly kind: 'deny' }
  | {
      readonly kind: 'anyOf' | 'allOf'
      readonly members: readonly MemberDraft[]
      readonly addresses?: SourceAddresses
    }

export type MemberDraft = Omit<AuthorizeMember, 'authorizer'> & {
  readonly where: string
  readonly namespace: string
  readonly name: string
}

/** An authorizer with its key references still by name. `authorizer` is absent when it cannot be used. */
export interface AuthorizerDraft {
  /** `namespace/name`. */
  readonly id: string
  readonly subject: Subject
  readonly origin: Origin
  readonly referrer: Referrer
  readonly authorizer?: Omit<Authorizer, 'issuers' | 'version'> & {
    readonly issuers: readonly IssuerDraft[]
  }
  /** Lower-case headers it can inject, even when broken: rules must strip them all the same. */
  readonly injects: readonly string[]
  /** Accepts only tokens that cannot carry scopes. */
  readonly withoutScopes: boolean
  readonly problems: readonly Problem[]
}

export type IssuerDraft = Omit<Issuer, 'keys'> & { readonly keys: KeysDraft }

/** Where keys come from; the last two are references to resolve. */
export type KeysDraft =
  | Extract<KeySource, { kind: 'discovery' | 'uri' | 'inline' | 'missing' }>
  | {
      readonly kind: 'service'
      readonly backend: BackendDraft
      readonly path: string
    }
  | {
      readonly kind: 'ConfigMap' | 'Secret'
      readonly where: string
      readonly namespace: string
      readonly name: string
      readonly key: string
    }
