import { digestOf, digestOfSnapshot } from '../../model/digest.ts'
import type { Settings } from '../../model/settings.ts'
import type { Authorizer, Cluster, Snapshot } from '../../model/snapshot.ts'
import type { BuiltCluster } from './clusters.ts'
import type { RankedHost } from './rank.ts'
import type { ResolvedAuthorizer } from './resolve-authorizer.ts'

/** What a snapshot is made of, each list sorted. */
export interface Parts {
  readonly settings: Settings
  readonly hosts: readonly RankedHost[]
  readonly clusters: readonly BuiltCluster[]
  readonly authorizers: readonly ResolvedAuthorizer[]
}

/**
 * Puts snapshots together, one after another. The digest is a hash of the digests of the parts, and a part
 * that was in the snapshot before is not hashed again (invariant 6).
 */
export function createLowering(): (parts: Parts) => Snapshot {
  const known = new WeakMap<Settings | Cluster | Authorizer, string>()
  const digest = (part: Settings | Cluster | Authorizer): string => {
    const before = known.get(part)
    if (before !== undefined) return before
    const fresh = digestOf(part)
    known.set(part, fresh)
    return fresh
  }
  return (parts) => {
    const settings = parts.settings
    const hosts = parts.hosts.map(({ host }) => host)
    const clusters = parts.clusters.map(({ cluster }) => cluster)
    const authorizers = parts.authorizers.flatMap(({ authorizer }) => authorizer ?? [])
    const digests = {
      settings: digest(settings),
      hosts: hosts.map((host) => host.digest),
      clusters: clusters.map(digest),
      authorizers: authorizers.map(digest),
      secrets: Object.keys(secrets),
    }
    return Object.freeze({
      format: 1,
      digest: digestOfSnapshot(digests),
      settings,
      hosts,
      clusters,
      authorizers,
      secrets,
    })
  }
}

const secrets: Snapshot['secrets'] = Object.freeze({})
