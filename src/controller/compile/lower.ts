import type { Authorizer } from '../../model/authorization.ts'
import { digestOf, digestOfSnapshot } from '../../model/digest.ts'
import type { Settings } from '../../model/settings.ts'
import type { Host, Snapshot } from '../../model/snapshot.ts'
import type { BuiltCluster } from './clusters.ts'
import type { ResolvedAuthorizer } from './resolve-authorizer.ts'

/** What only proxies may see. */
export type Confidential = Pick<Snapshot, 'secrets'> & { readonly defaultPair: string | undefined }

interface Parts extends Confidential {
  readonly settings: Settings
  readonly hosts: readonly Host[]
  readonly clusters: readonly BuiltCluster[]
  readonly used: readonly ResolvedAuthorizer[]
}

/**
 * Puts snapshots together, one after another. The digest is a hash of the digests of the parts, and a part
 * that was in the snapshot before is not hashed again (invariant 6).
 */
export function createLowering() {
  const known = new WeakMap<Settings | Authorizer, string>()
  const digestOfPart = (part: Settings | Authorizer): string => {
    const digest = known.get(part) ?? digestOf(part)
    known.set(part, digest)
    return digest
  }
  return ({ settings, hosts, clusters, used, defaultPair, secrets }: Parts): Snapshot => {
    const authorizers = used.flatMap(({ authorizer }) => authorizer ?? [])
    const digest = digestOfSnapshot({
      settings: digestOfPart(settings),
      hosts: hosts.map((host) => host.digest),
      clusters: clusters.map((cluster) => cluster.digest),
      authorizers: authorizers.map(digestOfPart),
      defaultPair,
      secrets: Object.keys(secrets),
    })
    return Object.freeze({
      format: 1,
      digest,
      settings,
      hosts,
      clusters: Object.freeze(clusters.map(({ cluster }) => cluster)),
      authorizers: Object.freeze(authorizers),
      ...(defaultPair !== undefined && { defaultPair }),
      secrets,
    })
  }
}
