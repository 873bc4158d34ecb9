import type { Host } from '../../model/snapshot.ts'

export interface HostChanges {
  /** New, or not the very same object as before. */
  readonly come: readonly Host[]
  /** Hostnames. */
  readonly gone: readonly string[]
}

/**
 * What has changed from one list of hosts to the next, both sorted by hostname. Most hosts are the very same ones, so
 * that one edit in many costs a glance at each.
 */
export function hostChanges(before: readonly Host[], hosts: readonly Host[]): HostChanges {
  const come: Host[] = []
  const gone: string[] = []
  let at = 0
  for (const host of hosts) {
    if (host === before[at]) {
      at++
      continue
    }
    while (at < before.length && (before[at] as Host).hostname < host.hostname)
      gone.push((before[at++] as Host).hostname)
    if (before[at]?.hostname === host.hostname) at++
    come.push(host)
  }
  while (at < before.length) gone.push((before[at++] as Host).hostname)
  return { come, gone }
}
