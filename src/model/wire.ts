import { Faults } from './decode.ts'
import { digestFault } from './digest-check.ts'
import type { Host, Rule, Snapshot } from './snapshot.ts'
import { decodeMessage, type HostMessage, type SnapshotMessage } from './wire-message.ts'

/** A snapshot over this many characters of JSON is refused before it is sent and before it is read (hostile-inputs C10). */
const largestSnapshot = 256 * 1024 * 1024

/**
 * A snapshot as JSON text, for the push channel, workers and the last-good file. A rule stands there once,
 * however many entries lead to it.
 */
export function encodeSnapshot(snapshot: Snapshot): string {
  const message: SnapshotMessage = { ...snapshot, ...messagesOf(snapshot.hosts) }
  return JSON.stringify(message)
}

/** Hosts as they travel: each rule once, entries name it by its place. */
export function messagesOf(hosts: readonly Host[]): Pick<SnapshotMessage, 'hosts' | 'rules'> {
  const numbers = new Map<Rule, number>()
  const messages = hostMessages(hosts, numbers)
  return { hosts: messages, rules: [...numbers.keys()] }
}

/** Some of the hosts of a message. @param numbers the rules that were named before, by their places; new ones are added */
export const hostMessages = (
  hosts: readonly Host[],
  numbers: Map<Rule, number>,
): readonly HostMessage[] =>
  hosts.map(({ entries, ...host }) => ({
    ...host,
    entries: entries.map(({ match, rule }) => ({ match, rule: numberOf(numbers, rule) })),
  }))

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
export function hostsOf(
  { hosts, rules }: Pick<SnapshotMessage, 'hosts' | 'rules'>,
  faults: Faults,
): readonly Host[] {
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

/** @returns the snapshot if all its digests are true @param known one that is, and shares parts with it */
export function checked(snapshot: Snapshot, known?: Snapshot): Decoded {
  const problem = digestFault(snapshot, known)
  return problem === undefined ? { snapshot } : { problem }
}
