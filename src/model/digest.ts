import { createHash } from 'node:crypto'

/**
 * JSON with sorted keys and without absent fields: equal values give equal texts, whatever order
 * they were built in. Takes plain data only (no cycle, Map, Date or class).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  return `{${fieldsOf(value as Readonly<Record<string, unknown>>).join(',')}}`
}

function fieldsOf(record: Readonly<Record<string, unknown>>): string[] {
  const fields: string[] = []
  for (const key of Object.keys(record).sort()) {
    const value = record[key]
    if (value !== undefined) fields.push(`${JSON.stringify(key)}:${canonicalJson(value)}`)
  }
  return fields
}

/** SHA-256 in hex of a text (as UTF-8): fingerprints of secrets, digests of digests. */
export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')

/** SHA-256 in hex of the canonical JSON of a value. */
export const digestOf = (value: unknown): string => sha256(canonicalJson(value))
