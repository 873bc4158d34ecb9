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
  readonly zone?: string
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
 * All that compile knows of the outside: plain decoded objects by kind, in any order. An object that
 * does not change stays the same frozen object from one World to the next; compile remembers by it.
 */
export interface World {
  readonly routes: readonly ApiRoute[]
  readonly authorizers: readonly ApiAuthorizer[]
  readonly services: readonly Service[]
  readonly endpointSlices: readonly EndpointSlice[]
  readonly secrets: readonly Secret[]
  readonly configMaps: readonly ConfigMap[]
  readonly namespaces: readonly Namespace[]
  readonly referenceGrants: readonly ReferenceGrant[]
  /**
   * For objects whose current generation is broken: what they were when they were last good, as decoded then,
   * with that generation in `meta` (invariant 2). Taken only for the same uid.
   */
  readonly lastGood: readonly (ApiRoute | ApiAuthorizer)[]
}
