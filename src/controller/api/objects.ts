import type { Problem } from '../../model/problem.ts'
import type { AuthorizerSpec, RouteSpec } from './specs.ts'

/** Identity and age of an object. Every decoded object carries one. */
export interface Meta {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  /** RFC 3339 in UTC; '' when unknown, which counts as younger than any. */
  readonly created: string
}

export interface Service {
  readonly meta: Meta
  readonly type: string
  readonly hasSelector: boolean
  readonly ports: readonly ServicePort[]
}

export interface ServicePort {
  /** '' without one. */
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly targetPort?: number | string
  readonly appProtocol?: string
}

export interface EndpointSlice {
  readonly meta: Meta
  /** Label `kubernetes.io/service-name`. */
  readonly service: string
  readonly owners: readonly { readonly kind: string; readonly name: string; readonly uid: string }[]
  readonly addressType: string
  readonly ports: readonly {
    readonly name: string
    readonly port?: number
    readonly protocol: string
  }[]
  readonly endpoints: readonly SliceEndpoint[]
}

export interface SliceEndpoint {
  readonly addresses: readonly string[]
  readonly ready?: boolean
  readonly serving?: boolean
  readonly terminating?: boolean
  /** `hints.forZones`. */
  readonly zones?: readonly string[]
}

export interface Secret {
  readonly meta: Meta
  readonly type: string
  /** Decoded from base64. */
  readonly data: Readonly<Record<string, string>>
}

export interface ConfigMap {
  readonly meta: Meta
  readonly data: Readonly<Record<string, string>>
}

export interface Namespace {
  readonly meta: Meta
  readonly annotations: Readonly<Record<string, string>>
}

export interface ReferenceGrant {
  readonly meta: Meta
  readonly from: readonly {
    readonly group: string
    readonly kind: string
    readonly namespace: string
  }[]
  readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[]
}

/**
 * An ApiRoute as it was decoded. What did not decode is a problem, and in `spec` it is left out: it
 * holds its place all the same (invariant 3).
 */
export interface ApiRouteObject {
  readonly kind: 'ApiRoute'
  readonly meta: Meta
  readonly spec: RouteSpec
  /** Paths begin with `spec`. */
  readonly problems: readonly Problem[]
}

/** An ApiAuthorizer as it was decoded; without `spec` it cannot be used. */
export interface ApiAuthorizerObject {
  readonly kind: 'ApiAuthorizer'
  readonly meta: Meta
  readonly spec: AuthorizerSpec | undefined
  readonly problems: readonly Problem[]
  /** Every header that it may ask to inject, also when broken. */
  readonly injects: readonly string[]
}
