import type { Authorizer, Issuer, KeySource } from '../../model/authorization.ts'
import { digestOf } from '../../model/digest.ts'
import type { Problem } from '../../model/problem.ts'
import { didYouMean } from '../api/suggest.ts'
import type { AuthorizerDraft, IssuerDraft, KeysDraft } from './drafts.ts'
import { grantProblem, printTarget, type Referrer } from './grants.ts'
import { publicKeySet } from './jwks.ts'
import type { Lookup } from './lookup.ts'
import { type ClusterUse, resolveTarget } from './resolve-backend.ts'

/** An authorizer whose key references are followed. `authorizer` is absent when it cannot be used. */
export interface ResolvedAuthorizer {
  readonly draft: AuthorizerDraft
  readonly authorizer: Authorizer | undefined
  /** The clusters that serve its keys. */
  readonly uses: readonly ClusterUse[]
  readonly problems: readonly Problem[]
}

/** An issuer whose keys cannot be found stays, so that its tokens get 503 and those of the others pass. */
export function resolveAuthorizer(lookup: Lookup, draft: AuthorizerDraft): ResolvedAuthorizer {
  const { authorizer, referrer } = draft
  if (authorizer === undefined)
    return { draft, authorizer: undefined, uses: [], problems: draft.problems }
  const keys = authorizer.issuers.map((issuer) => resolveKeys(lookup, referrer, issuer.keys))
  const issuers = authorizer.issuers.map((issuer, at) =>
    issuerOf(issuer, keys[at]?.keys ?? missing),
  )
  const resolved = { ...authorizer, issuers: Object.freeze(issuers) }
  return {
    draft,
    authorizer: Object.freeze({
      ...resolved,
      version: digestOf([draft.subject.meta.uid, draft.origin.generation, resolved]).slice(0, 32),
    }),
    uses: keys.flatMap(({ use }) => use ?? []),
    problems: [...draft.problems, ...keys.flatMap(({ problem }) => problem ?? [])],
  }
}

const missing: KeySource = Object.freeze({ kind: 'missing' })

const issuerOf = (draft: IssuerDraft, keys: KeySource): Issuer => Object.freeze({ ...draft, keys })

interface ResolvedKeys {
  readonly keys: KeySource
  readonly use?: ClusterUse
  readonly problem?: Problem
}

function resolveKeys(lookup: Lookup, from: Referrer, draft: KeysDraft): ResolvedKeys {
  switch (draft.kind) {
    case 'discovery':
    case 'uri':
    case 'inline':
    case 'missing':
      return { keys: draft }
    case 'service':
      return serviceKeys(lookup, from, draft)
    case 'ConfigMap':
    case 'Secret':
      return storedKeys(lookup, from, draft)
  }
}

function serviceKeys(
  lookup: Lookup,
  from: Referrer,
  draft: Extract<KeysDraft, { kind: 'service' }>,
): ResolvedKeys {
  const cluster = resolveTarget(lookup, from, draft.backend)
  if ('reason' in cluster) return { keys: missing, problem: cluster }
  const keys = Object.freeze({ kind: 'service' as const, cluster: cluster.id, path: draft.path })
  return { keys, use: { where: draft.backend.where, cluster } }
}

function storedKeys(
  lookup: Lookup,
  from: Referrer,
  draft: Extract<KeysDraft, { kind: 'ConfigMap' | 'Secret' }>,
): ResolvedKeys {
  const { kind, namespace, name, key, where } = draft
  const ref = { group: '', kind, namespace, name }
  const refused = grantProblem(lookup, from, ref, where)
  if (refused !== undefined) return { keys: missing, problem: refused }
  const table = kind === 'Secret' ? 'secrets' : 'configMaps'
  const object = lookup.find(table, namespace, name)
  if (object === undefined) {
    const near = didYouMean(name, lookup.names(table, namespace))
    return notFound(where, `${printTarget(ref)} does not exist${near}`)
  }
  const text = Object.hasOwn(object.data, key) ? object.data[key] : undefined
  if (text === undefined) {
    return notFound(
      where,
      `${printTarget(ref)} has no key "${key}"; it has ${Object.keys(object.data).sort().join(', ') || 'none'}`,
    )
  }
  const set = publicKeySet(text)
  if ('jwks' in set) return { keys: Object.freeze({ kind: 'inline', jwks: set.jwks }) }
  return {
    keys: missing,
    problem: {
      reason: 'RefInvalid',
      path: where,
      message: `key "${key}" of ${printTarget(ref)} cannot be used: ${set.fault}`,
    },
  }
}

const notFound = (path: string, message: string): ResolvedKeys => ({
  keys: missing,
  problem: { reason: 'RefNotFound', path, message },
})
