import type { Authorizer } from './authorization.ts'
import { changes } from './changes.ts'
import type { Cluster } from './cluster.ts'
import { digestOf } from './digest.ts'
import type { Settings } from './settings.ts'
import type { Host, Snapshot } from './snapshot.ts'

/** What leads from one snapshot to another. Parts come whole; what is not named stays. */
export interface SnapshotDelta {
  /** Digest of the snapshot that it changes. */
  readonly from: string
  /** Digest of the snapshot that results. */
  readonly to: string
  readonly settings?: Settings
  /** New and changed, sorted by hostname. */
  readonly hosts: readonly Host[]
  readonly goneHosts: readonly string[]
  /** New and changed, sorted by id. */
  readonly clusters: readonly Cluster[]
  readonly goneClusters: readonly string[]
  readonly authorizers: readonly Authorizer[]
  readonly goneAuthorizers: readonly string[]
  /** '' takes it away. */
  readonly defaultPair?: string
  readonly secrets: Readonly<Record<string, string>>
  readonly goneSecrets: readonly string[]
}

/** What has to be told to someone who has `before` and should have `after`. */
export function deltaOf(before: Snapshot, after: Snapshot): SnapshotDelta {
  const hosts = changes(before.hosts, after.hosts, hostnameOf, isSameHost)
  const clusters = changes(before.clusters, after.clusters, idOf, isSamePart)
  const authorizers = changes(before.authorizers, after.authorizers, idOf, isSamePart)
  const secrets = Object.entries(after.secrets).filter(
    ([print]) => !Object.hasOwn(before.secrets, print),
  )
  return {
    from: before.digest,
    to: after.digest,
    ...(!isSamePart(before.settings, after.settings) && { settings: after.settings }),
    hosts: hosts.come,
    goneHosts: hosts.gone,
    clusters: clusters.come,
    goneClusters: clusters.gone,
    authorizers: authorizers.come,
    goneAuthorizers: authorizers.gone,
    ...(before.defaultPair !== after.defaultPair && { defaultPair: after.defaultPair ?? '' }),
    secrets: Object.fromEntries(secrets),
    goneSecrets: Object.keys(before.secrets).filter(
      (print) => !Object.hasOwn(after.secrets, print),
    ),
  }
}

/** The snapshot that results, with `to` as its digest: whether that is true is the caller's to check. */
export function applyDelta(before: Snapshot, delta: SnapshotDelta): Snapshot {
  const goneSecrets = new Set(delta.goneSecrets)
  const defaultPair = delta.defaultPair ?? before.defaultPair ?? ''
  const kept = Object.entries(before.secrets).filter(([print]) => !goneSecrets.has(print))
  return Object.freeze({
    format: before.format,
    digest: delta.to,
    settings: delta.settings ?? before.settings,
    hosts: merge(before.hosts, delta.hosts, delta.goneHosts, hostnameOf),
    clusters: merge(before.clusters, delta.clusters, delta.goneClusters, idOf),
    authorizers: merge(before.authorizers, delta.authorizers, delta.goneAuthorizers, idOf),
    ...(defaultPair !== '' && { defaultPair }),
    secrets: Object.freeze({ ...Object.fromEntries(kept), ...delta.secrets }),
  })
}

const hostnameOf = ({ hostname }: Host): string => hostname
const idOf = ({ id }: { readonly id: string }): string => id
const isSameHost = (a: Host, b: Host): boolean => a === b || a.digest === b.digest
const isSamePart = (a: object, b: object): boolean => a === b || digestOf(a) === digestOf(b)

/** Both lists are sorted by key; so is the result. The same list where nothing changes. */
function merge<T>(
  before: readonly T[],
  come: readonly T[],
  gone: readonly string[],
  keyOf: (part: T) => string,
): readonly T[] {
  if (come.length === 0 && gone.length === 0) return before
  const absent = new Set(gone)
  const merged: T[] = []
  let next = 0
  for (const part of before) {
    const key = keyOf(part)
    while (next < come.length && keyOf(come[next] as T) < key) merged.push(come[next++] as T)
    if (next < come.length && keyOf(come[next] as T) === key) merged.push(come[next++] as T)
    else if (!absent.has(key)) merged.push(part)
  }
  merged.push(...come.slice(next))
  return Object.freeze(merged)
}
