import type {
  ApiAuthorizerObject,
  ApiRouteObject,
  ConfigMap,
  EndpointSlice,
  Namespace,
  ReferenceGrant,
  Secret,
  Service,
} from './objects.ts'

/**
 * All that compile knows of the outside: plain decoded objects by kind, in any order. An object that
 * does not change stays the same frozen object from one World to the next; compile remembers by it.
 */
export interface World {
  readonly routes: readonly ApiRouteObject[]
  readonly authorizers: readonly ApiAuthorizerObject[]
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
  readonly lastGoodRoutes: readonly ApiRouteObject[]
  readonly lastGoodAuthorizers: readonly ApiAuthorizerObject[]
  /** What Secrets with certificates were, where that is better than what they are. Taken by namespace and name. */
  readonly lastGoodSecrets: readonly Secret[]
  /** What Secrets with certificates were, several of one name, where that is of a name that what they are now is not of. */
  readonly formerSecrets: readonly Secret[]
}
