import type { Manifest } from './rich.ts'

/** A field of one object: `['spec', 'rules', 0, 'name']`. */
export type Place = readonly (string | number)[]

/** Every field of an object. */
export function placesOf(value: unknown, at: Place = []): readonly Place[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => placesOf(item, [...at, index]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, field]) => {
    const place = [...at, name]
    return [place, ...placesOf(field, place)]
  })
}

/** `spec.rules[].name` */
export const pathOf = (place: Place): string =>
  place
    .map((part) => (typeof part === 'number' ? '[]' : `.${part}`))
    .join('')
    .slice(1)

/** The same object with one field under another name. */
export const misspell = (object: Manifest, place: Place): Manifest =>
  changed(object, place, (name, value) => [[`${name}x`, value]])

/** The same object with another value of one field. */
export const withValue = (object: Manifest, place: Place, value: unknown): Manifest =>
  changed(object, place, (name) => [[name, value]])

/** The same object without one field. */
export const without = (object: Manifest, place: Place): Manifest =>
  changed(object, place, () => [])

type Change = (name: string, value: unknown) => readonly (readonly [string, unknown])[]

const changed = (object: Manifest, place: Place, change: Change): Manifest =>
  changedAt(object, place, change) as Manifest

function changedAt(value: unknown, [part, ...rest]: Place, change: Change): unknown {
  if (Array.isArray(value))
    return value.map((item, at) => (at === part ? changedAt(item, rest, change) : item))
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([name, field]) => {
      if (name !== part) return [[name, field]]
      return rest.length === 0 ? change(name, field) : [[name, changedAt(field, rest, change)]]
    }),
  )
}
