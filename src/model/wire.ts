import { Faults } from './decode.ts'
import { digestOf, digestOfEntry, digestOfHost, digestOfSnapshot, sha256 } from './digest.ts'
import type { Host, Rule, Snapshot } from './snapshot.ts'
import { decodeMessage, type SnapshotMessage } from './wire-message.ts'

/** A snapshot over this many characters of JSON is refused before it is sent and before it is read (hostile-inputs C10). */
const largestSnapshot = 256 * 1024 * 1024

/**
 * A snapshot as JSON text, for the push channel, workers and the last-good file. A rule stands there once,
 * however many entries lead to it.
 */
export function encodeSnapshot(snapshot: Snapshot): string {
  const numbers = new Map<Rule, number>()
  const hosts = snapshot.hosts.map(({ entries, ...host }) => ({
    ...host,
    entries: entries.map(({ match, rule }) => ({ match, rule: numberOf(numbers, rule) })),
  }))
  const message: SnapshotMessage = { ...snapshot, rules: [...numbers.keys()], hosts }
  return JSON.stringify(message)
}

function numberOf(numbers: Map<Rule, number>, rule: Rule): number {
  const known = numbers.get(rule)
  if (known !== undefined) return known
  numbers.set(rule, numbers.size)
  return numbers.size - 1
}

export type Decoded = { readonly snapshot: Snapshot } | { readonly problem: string }

/**
 * Reads a snapshot, whole or not at all. Refused: a field that is not known here (it may be what protects
 * something), a value outside of the model, a digest that does not match, another format.
 */
export function decodeSnapshot(text: string): Decoded {
  if (text.length > largestSnapshot)
    return { problem: `the snapshot is over ${largestSnapshot} characters` }
  const json = parse(text)
  if (json === undefined) return { problem: 'the snapshot is not JSON' }
  const faults = new Faults()
  const message = decodeMessage(json, faults)
  if (faults.message !== undefined) return { problem: faults.print() }
  const hosts = hostsOf(message, faults)
  if (faults.message !== undefined) return { problem: faults.print() }
  const { rules: _rules, ...rest } = message
  return checked(Object.freeze({ ...rest, hosts }))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Puts the rules back where the entries name them. */
function hostsOf({ hosts, rules }: SnapshotMessage, faults: Faults): readonly Host[] {
  return Object.freeze(
    hosts.map((host) => {
      const entries = host.entries.map(({ match, rule: at }) => {
        const rule = rules[at] ?? faults.refuse(`rules[${at}] does not exist`)
        return Object.freeze({ match, rule })
      })
      return Object.freeze({ ...host, entries: Object.freeze(entries) })
    }),
  )
}

/** A flipped bit, a cut or a part of another snapshot does not survive the digests (hostile-inputs K5). */
function checked(snapshot: Snapshot): Decoded {
  const digests = new Map<Rule, string>()
  for (const host of snapshot.hosts) {
    if (host.digest !== digestOfHost(host.hostname, host.held, entryDigests(host, digests))) {
      return { problem: `the digest of host "${host.hostname}" does not match` }
    }
  }
  const forged = Object.keys(snapshot.secrets).find(
    (fingerprint) => sha256(snapshot.secrets[fingerprint] ?? '') !== fingerprint,
  )
  if (forged !== undefined) return { problem: `secret ${forged} does not match its fingerprint` }
  return snapshot.digest === wholeDigest(snapshot)
    ? { snapshot }
    : { problem: 'the digest of the snapshot does not match' }
}

const entryDigests = (host: Host, known: Map<Rule, string>): string[] =>
  host.entries.map(({ match, rule }) => {
    const ruleDigest = known.get(rule) ?? digestOf(rule)
    known.set(rule, ruleDigest)
    return digestOfEntry(match, ruleDigest)
  })

const wholeDigest = ({ settings, hosts, clusters, authorizers, secrets }: Snapshot): string =>
  digestOfSnapshot({
    settings: digestOf(settings),
    hosts: hosts.map((host) => host.digest),
    clusters: clusters.map(digestOf),
    authorizers: authorizers.map(digestOf),
    secrets: Object.keys(secrets).sort(),
  })
