import type { AttachedRoute } from './attach.ts'
import type { ResolvedAuthorizer } from './resolve-authorizer.ts'
import type { ClusterUse } from './resolve-backend.ts'

/** The authorizers that some attached rule names and that can be used, in the order given. Nobody else's keys are fetched. */
export function authorizersInUse(
  attached: readonly AttachedRoute[],
  authorizers: readonly ResolvedAuthorizer[],
): readonly ResolvedAuthorizer[] {
  const named = new Set<string>()
  for (const { hostnames, rules } of attached) {
    if (hostnames.length === 0) continue
    for (const { authorize } of rules) {
      if ('members' in authorize)
        for (const { authorizer } of authorize.members) named.add(authorizer)
    }
  }
  return authorizers.filter(
    ({ draft, authorizer }) => authorizer !== undefined && named.has(draft.id),
  )
}

/** Every use of a cluster by an attached rule or an authorizer. */
export function* usesOf(
  attached: readonly AttachedRoute[],
  authorizers: readonly ResolvedAuthorizer[],
): Generator<ClusterUse> {
  for (const { route, hostnames } of attached) {
    if (hostnames.length > 0) for (const { uses } of route.rules) yield* uses
  }
  for (const { uses } of authorizers) yield* uses
}
