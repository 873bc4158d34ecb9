import type { Noted } from './noted.ts'

/** What `kubectl explain` prints: the meaning, then unit and default. */
export function sentences(noted: Noted): string {
  const { description = '', note = {} } = noted
  return [description, formOf(noted), unitOf(noted), absentOf(note)].filter(Boolean).join(' ')
}

function formOf({ form, longest = '24h' }: Noted): string {
  if (form === 'duration') return `A duration (250ms, 30s, 1h30m) of at most ${longest}.`
  return form === 'bytes' ? 'Bytes (500, 64Ki, 10Mi).' : ''
}

const unitOf = ({ note }: Noted): string => (note?.unit === undefined ? '' : `Unit: ${note.unit}.`)

function absentOf(note: NonNullable<Noted['note']>): string {
  if (note.absent !== undefined) return `Absent: ${note.absent}.`
  return 'default' in note ? `Default ${printed(note.default)}.` : ''
}

/** A value as it would be written in a manifest. */
export function printed(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printed).join(', ')}]`
  if (typeof value === 'string') return isReadAsText(value) ? value : JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const fields = Object.entries(value).map(([name, field]) => `${name}: ${printed(field)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

/** Without quotes, by whoever reads YAML: `1.2` would be a number. */
const isReadAsText = (text: string): boolean => text !== '' && Number.isNaN(Number(text))
