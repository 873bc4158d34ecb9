import { count, type Decode, flag, list, oneOf, record, table, text, union } from './decode.ts'
import type { Match, PathMatch, ValueMatch } from './match.ts'
import type { Host, HostEntry, Rule, Snapshot } from './snapshot.ts'
import { authorizer } from './wire-authorizer.ts'
import { cluster } from './wire-cluster.ts'
import { rule } from './wire-rule.ts'
import { settings } from './wire-settings.ts'
import { hostTls } from './wire-tls.ts'

/** A Snapshot on the wire: each rule once, entries name it by its place in `rules`. */
export interface SnapshotMessage extends Omit<Snapshot, 'hosts'> {
  readonly rules: readonly Rule[]
  readonly hosts: readonly HostMessage[]
}

export interface HostMessage extends Omit<Host, 'entries'> {
  readonly entries: readonly EntryMessage[]
}

interface EntryMessage extends Omit<HostEntry, 'rule'> {
  readonly rule: number
}

const value = { value: text }
const ranked = { value: text, literal: count }

const path = union<PathMatch, 'kind'>('kind', {
  exact: record({ kind: oneOf('exact'), ...value }, {}),
  prefix: record({ kind: oneOf('prefix'), ...ranked }, {}),
  pattern: record({ kind: oneOf('pattern'), ...ranked }, {}),
  regex: record({ kind: oneOf('regex'), ...ranked }, {}),
})

const textMatch = record<Extract<ValueMatch, { value: string }>>(
  { name: text, kind: oneOf('exact', 'prefix', 'regex'), value: text },
  {},
)

const valueMatch = union<ValueMatch, 'kind'>('kind', {
  exact: textMatch,
  prefix: textMatch,
  regex: textMatch,
  present: record({ name: text, kind: oneOf('present'), value: flag }, {}),
})

const match: Decode<Match> = record(
  { path, methods: list(text), headers: list(valueMatch), query: list(valueMatch) },
  {},
)

export const hostMessage: Decode<HostMessage> = record(
  {
    hostname: text,
    digest: text,
    held: flag,
    entries: list(record<EntryMessage>({ match, rule: count }, {})),
  },
  { tls: hostTls },
)

export const decodeMessage: Decode<SnapshotMessage> = record(
  {
    format: oneOf(1),
    digest: text,
    settings,
    rules: list(rule),
    hosts: list(hostMessage),
    clusters: list(cluster),
    authorizers: list(authorizer),
    secrets: table(text),
  },
  { defaultPair: text },
)
