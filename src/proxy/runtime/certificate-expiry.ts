import { X509Certificate } from 'node:crypto'
import type { Snapshot } from '../../model/snapshot.ts'

type Expiry = readonly [hostname: string, seconds: number]

const known = new WeakMap<Snapshot, readonly Expiry[]>()

/** When the certificate of each host that has one ends, in seconds since 1970; `default` is the one that all others are shown. */
export function certificateExpiries(snapshot: Snapshot): readonly Expiry[] {
  const before = known.get(snapshot)
  if (before !== undefined) return before
  const ends = new Map<string, number>()
  const endOf = (print: string): number => {
    const end = ends.get(print) ?? endOfPem(snapshot.secrets[print] ?? '')
    ends.set(print, end)
    return end
  }
  const expiries = snapshot.hosts.flatMap(({ hostname, tls }): Expiry[] =>
    tls?.pair === undefined ? [] : [[hostname, endOf(tls.pair)]],
  )
  const { defaultPair } = snapshot
  if (defaultPair !== undefined) expiries.push(['default', endOf(defaultPair)])
  known.set(snapshot, expiries)
  return expiries
}

/** 0 for what is no certificate: it has ended. */
function endOfPem(pem: string): number {
  try {
    return Date.parse(new X509Certificate(pem).validTo) / 1000
  } catch {
    return 0
  }
}
