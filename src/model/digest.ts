import { createHash, hash } from 'node:crypto'
import type { Match } from './match.ts'
import type { Host } from './snapshot.ts'

/**
 * JSON with sorted keys and without absent fields: equal values give equal texts, whatever order
 * they were built in. Takes plain data only (no cycle, Map, Date or class).
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const known = texts.get(value)
  if (known !== undefined) return known
  if (Array.isArray(value)) return canonicalList(value)
  return canonicalRecord(value as Readonly<Record<string, unknown>>)
}

/** Texts of values that never change and are part of many others. */
const texts = new WeakMap<object, string>()

/** Saves writing the canonical JSON of a deeply frozen value again. */
export const rememberText = (value: object, text: string): void => void texts.set(value, text)

function canonicalList(list: readonly unknown[]): string {
  let text = '['
  for (let at = 0; at < list.length; at++) text += (at === 0 ? '' : ',') + canonicalJson(list[at])
  return `${text}]`
}

function canonicalRecord(record: Readonly<Record<string, unknown>>): string {
  let text = ''
  for (const key of sorted(Object.keys(record))) {
    const value = record[key]
    if (value !== undefined)
      text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(value)}`
  }
  return `{${text}}`
}

/** By insertion: records have few keys, and ten thousand routes have many records. */
function sorted(keys: string[]): string[] {
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at] as string
    let to = at
    for (; to > 0 && (keys[to - 1] as string) > key; to--) keys[to] = keys[to - 1] as string
    keys[to] = key
  }
  return keys
}

/** SHA-256 in hex of a text (as UTF-8): fingerprints of secrets, digests of digests. */
export const sha256 = (text: string): string => hash('sha256', text, 'hex')

/** SHA-256 in hex of the canonical JSON of a value. */
export const digestOf = (value: unknown): string => sha256(canonicalJson(value))

/** Digest of one entry of a host: its match and, by digest, its rule. */
export const digestOfEntry = (match: Match, ruleDigest: string): string =>
  sha256(`${canonicalJson(match)}\n${ruleDigest}`)

/** Digest of a host without its own `digest`: one changed rule costs one rule. */
export const digestOfHost = (
  hostname: string,
  { held, tls }: Pick<Host, 'held' | 'tls'>,
  entryDigests: readonly string[],
): string =>
  sha256(
    [hostname, held, ...(tls === undefined ? [] : [canonicalJson(tls)]), ...entryDigests].join(
      '\n',
    ),
  )

/** The digests of the parts of a snapshot, each list in its order. */
export interface PartDigests {
  readonly settings: string
  readonly hosts: readonly string[]
  readonly clusters: readonly string[]
  readonly authorizers: readonly string[]
  readonly defaultPair?: string | undefined
  /** Fingerprints, which are digests already. */
  readonly secrets: readonly string[]
}

/** Digest of a snapshot: a hash of the digests of its parts. The names keep a part from counting in another list. */
export const digestOfSnapshot = (parts: PartDigests): string =>
  digestOfLines([
    ['settings', parts.settings],
    ['hosts'],
    parts.hosts,
    ['clusters'],
    parts.clusters,
    ['authorizers'],
    parts.authorizers,
    parts.defaultPair === undefined ? [] : ['defaultPair', parts.defaultPair],
    ['secrets'],
    parts.secrets,
  ])

/** Lines to a piece of text: the hash of many small pieces, or of one that is joined first, takes twice as long. */
const linesAtOnce = 64

/** SHA-256 in hex of lines with a line break between them. */
function digestOfLines(lists: readonly (readonly string[])[]): string {
  const digest = createHash('sha256')
  let text = ''
  let lines = 0
  for (const list of lists) {
    for (const line of list) {
      text += lines++ === 0 ? line : `\n${line}`
      if (lines % linesAtOnce !== 0) continue
      digest.update(text)
      text = ''
    }
  }
  return digest.update(text).digest('hex')
}
