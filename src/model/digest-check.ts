import type { Authorizer } from './authorization.ts'
import { changes } from './changes.ts'
import type { Cluster } from './cluster.ts'
import { digestOf, digestOfEntry, digestOfHost, digestOfSnapshot, sha256 } from './digest.ts'
import type { Settings } from './settings.ts'
import type { Host, Rule, Snapshot } from './snapshot.ts'

type Part = Settings | Cluster | Authorizer | Rule

/** Parts are frozen and hashed once: a delta that brings one route does not hash ten thousand. */
const known = new WeakMap<Part, string>()

function digestOfPart(part: Part): string {
  const digest = known.get(part) ?? digestOf(part)
  known.set(part, digest)
  return digest
}

/**
 * Whether every digest in a snapshot is true; else the sentence that says which is not. A flipped bit, a cut or a part of
 * another snapshot does not survive it (hostile-inputs K5).
 *
 * @param known one that was found to be true: hosts that are in it are not looked at again
 */
export function digestFault(snapshot: Snapshot, known?: Snapshot): string | undefined {
  const { come } = changes(known?.hosts ?? [], snapshot.hosts, ({ hostname }) => hostname)
  const host = come.find((each) => !isTrue(each))
  if (host !== undefined) return `the digest of host "${host.hostname}" does not match`
  const forged = Object.keys(snapshot.secrets).find(
    (fingerprint) => sha256(snapshot.secrets[fingerprint] ?? '') !== fingerprint,
  )
  if (forged !== undefined) return `secret ${forged} does not match its fingerprint`
  return snapshot.digest === wholeDigest(snapshot)
    ? undefined
    : 'the digest of the snapshot does not match'
}

function isTrue(host: Host): boolean {
  const entries = host.entries.map(({ match, rule }) => digestOfEntry(match, digestOfPart(rule)))
  return host.digest === digestOfHost(host.hostname, host, entries)
}

const wholeDigest = ({
  settings,
  hosts,
  clusters,
  authorizers,
  defaultPair,
  secrets,
}: Snapshot): string =>
  digestOfSnapshot({
    settings: digestOfPart(settings),
    hosts: hosts.map((host) => host.digest),
    clusters: clusters.map(digestOfPart),
    authorizers: authorizers.map(digestOfPart),
    defaultPair,
    secrets: Object.keys(secrets).sort(),
  })
