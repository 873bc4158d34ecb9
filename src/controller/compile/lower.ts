import { digestOf, sha256 } from '../../model/digest.ts'
import type { Settings } from '../../model/settings.ts'
import type { Authorizer, Cluster, Snapshot } from '../../model/snapshot.ts'

/** What a snapshot is made of, each list sorted. */
export type Parts = Pick<Snapshot, 'settings' | 'hosts' | 'clusters' | 'authorizers'>

/**
 * Puts a snapshot together. Its digest is a hash of the digests of its parts, and a part that was in the
 * one before is not hashed again (invariant 6).
 */
export function lower(parts: Parts, digests: Digests): Snapshot {
  const { settings, hosts, clusters, authorizers } = parts
  const lines = [
    digests.of(settings),
    ...hosts.map((host) => host.digest),
    'clusters',
    ...clusters.map((cluster) => digests.of(cluster)),
    'authorizers',
    ...authorizers.map((authorizer) => digests.of(authorizer)),
  ]
  return Object.freeze({ format: 1, digest: sha256(lines.join('\n')), settings, hosts, clusters, authorizers, secrets: noSecrets })
}

const noSecrets: Snapshot['secrets'] = Object.freeze({})

/** Digests of frozen parts, each computed once. */
export class Digests {
  readonly #known = new WeakMap<Settings | Cluster | Authorizer, string>()

  of(part: Settings | Cluster | Authorizer): string {
    const known = this.#known.get(part)
    if (known !== undefined) return known
    const digest = digestOf(part)
    this.#known.set(part, digest)
    return digest
  }
}
