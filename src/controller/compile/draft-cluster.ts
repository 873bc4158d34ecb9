import type { Cluster, ServiceTarget, UrlTarget } from '../../model/cluster.ts'
import { digestOf } from '../../model/digest.ts'
import type { Sharing } from './sharing.ts'

/** A cluster before its endpoints are known. Equal ids are the same cluster, shared by all that use it. */
export type ClusterDraft = Omit<Cluster, 'target'> & { readonly target: ServiceDraft | UrlTarget }

export type ServiceDraft = Omit<ServiceTarget, 'endpoints'>

/** What makes two uses the same: target, circuit limits and health (resilience.md). */
type Identity = Omit<ClusterDraft, 'id' | 'name'>

const drafts = new WeakMap<Identity, ClusterDraft>()

/** Equal uses get the same object: ten thousand routes to one Service are one cluster, and one draft of it. */
export function draftCluster(identity: Identity, sharing: Sharing): ClusterDraft {
  const shared = sharing.share(identity)
  const known = drafts.get(shared)
  if (known !== undefined) return known
  const id = digestOf(shared).slice(0, 32)
  const draft = Object.freeze({ id, name: nameOf(shared.target), ...shared })
  drafts.set(shared, draft)
  return draft
}

const nameOf = (target: ServiceDraft | UrlTarget): string =>
  target.kind === 'service'
    ? `${target.namespace}/${target.service}:${target.port}`
    : `${target.scheme}://${target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname}:${target.port}`
