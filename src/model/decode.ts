/**
 * Small pieces that hand-written decoders are made of. A decoder takes a value of unknown shape and
 * either returns it, rebuilt and frozen, or says in `faults` where it is wrong; what it returns then is
 * never used. Nothing is accepted that is not named: an unknown field is a fault (architecture.md, 7).
 */
export type Decode<T> = (value: unknown, faults: Faults) => T

/** The first fault of a value, with the way to it from the outside in. */
export class Faults {
  message: string | undefined
  readonly #way: string[] = []

  /** The type says `never` is returned, so that decoders stay expressions; callers look at `message`. */
  refuse(message: string): never {
    this.message ??= message
    return undefined as never
  }

  /** Called on the way out by every list and record that a fault passes through. */
  within(step: string): void {
    this.#way.unshift(step)
  }

  /** `hosts[3].entries[0].rule: 7 is not a rule`. */
  print(): string {
    const way = this.#way.join('').replace(/^\./, '')
    return way === '' ? `${this.message}` : `${way}: ${this.message}`
  }
}

export const text: Decode<string> = (value, faults) =>
  typeof value === 'string' ? value : faults.refuse('a text is wanted')

export const flag: Decode<boolean> = (value, faults) =>
  typeof value === 'boolean' ? value : faults.refuse('true or false is wanted')

/** What is there only to be true. */
export const yes: Decode<true> = (value, faults) =>
  value === true ? true : faults.refuse('true is wanted')

/** A whole number from 0 to 2^53-1. */
export const count: Decode<number> = (value, faults) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : faults.refuse('a whole number is wanted')

/** A finite number. */
export const number: Decode<number> = (value, faults) =>
  Number.isFinite(value) ? (value as number) : faults.refuse('a number is wanted')

export const oneOf =
  <const T extends string | number>(...members: readonly T[]): Decode<T> =>
  (value, faults) =>
    members.includes(value as T)
      ? (value as T)
      : faults.refuse(`one of ${members.join(', ')} is wanted`)

/** One of several plain values, told apart by `typeof`. */
export const scalar: Decode<string | number | boolean> = (value, faults) =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
    ? (value as string | number | boolean)
    : faults.refuse('a text, a number, true or false is wanted')

export const list =
  <T>(member: Decode<T>): Decode<readonly T[]> =>
  (value, faults) => {
    if (!Array.isArray(value)) return faults.refuse('a list is wanted')
    const members: T[] = []
    for (const [at, each] of value.entries()) {
      members.push(member(each, faults))
      if (faults.message !== undefined) return faults.within(`[${at}]`) as never
    }
    return Object.freeze(members)
  }

/** A table with any keys. `__proto__` is a key like any other. */
export const table =
  <T>(member: Decode<T>): Decode<Readonly<Record<string, T>>> =>
  (value, faults) => {
    if (!isRecord(value)) return faults.refuse('an object is wanted')
    const fields: [string, T][] = []
    for (const [key, each] of Object.entries(value)) {
      fields.push([key, member(each, faults)])
      if (faults.message !== undefined) return faults.within(`.${key}`) as never
    }
    return Object.freeze(Object.fromEntries(fields))
  }

type OptionalKeys<T> = { [Key in keyof T]-?: object extends Pick<T, Key> ? Key : never }[keyof T]
type Required<T> = { readonly [Key in Exclude<keyof T, OptionalKeys<T>>]: Decode<T[Key]> }
type Optional<T> = { readonly [Key in OptionalKeys<T>]-?: Decode<NonNullable<T[Key]>> }

/**
 * An object with exactly these fields. The types see to it that no field of T is forgotten: a field that
 * is added to the model does not compile before its decoding is written.
 */
export function record<T extends object>(required: Required<T>, optional: Optional<T>): Decode<T> {
  const decoders = new Map(Object.entries<Decode<unknown>>({ ...required, ...optional }))
  const wanted = Object.keys(required)
  return (value, faults) => {
    if (!isRecord(value)) return faults.refuse('an object is wanted')
    const fields: Record<string, unknown> = {}
    for (const [key, each] of Object.entries(value)) {
      const decoder = decoders.get(key)
      fields[key] =
        decoder === undefined ? faults.refuse('this field is not known') : decoder(each, faults)
      if (faults.message !== undefined) return faults.within(`.${key}`) as never
    }
    const missing = wanted.find((key) => !Object.hasOwn(fields, key))
    return missing === undefined
      ? (Object.freeze(fields) as T)
      : faults.refuse(`"${missing}" is missing`)
  }
}

type Member<T, Field extends keyof T, Kind> = T extends unknown
  ? Kind extends T[Field]
    ? T
    : never
  : never

/** A union told apart by the text in one field; every kind has its decoder. */
export const union =
  <T, Field extends keyof T & string>(
    field: Field,
    members: { readonly [Kind in T[Field] & string]: Decode<Member<T, Field, Kind>> },
  ): Decode<T> =>
  (value, faults) => {
    const kind = isRecord(value) ? value[field] : undefined
    const known = typeof kind === 'string' && Object.hasOwn(members, kind)
    if (!known) return faults.refuse(`${field} must be one of ${Object.keys(members).join(', ')}`)
    return (members as Readonly<Record<string, Decode<T>>>)[kind]?.(value, faults) as T
  }

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
