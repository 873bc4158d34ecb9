import { diff, hasChanges } from './delta.ts'

/** Objects by a key. `version` counts the changes, so that nobody has to compare. */
export interface ReadonlyTable<T> {
  readonly version: number
  get(key: string): T | undefined
  keys(): Iterable<string>
}

/** A table of objects with one key each, kept up to date. */
export class Table<T> implements ReadonlyTable<T> {
  version = 0
  readonly #keyOf: (object: T) => string
  readonly #byKey = new Map<string, T>()
  #list: readonly T[] = []

  constructor(keyOf: (object: T) => string) {
    this.#keyOf = keyOf
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key)
  }

  keys(): Iterable<string> {
    return this.#byKey.keys()
  }

  /** Takes over a list of all objects and tells the keys whose object is another now. */
  update(list: readonly T[]): readonly string[] {
    const delta = diff(this.#list, list)
    this.#list = list
    if (!hasChanges(delta)) return []
    this.version++
    for (const object of delta.gone) {
      const key = this.#keyOf(object)
      if (this.#byKey.get(key) === object) this.#byKey.delete(key)
    }
    for (const object of delta.come) this.#byKey.set(this.#keyOf(object), object)
    return [...delta.gone, ...delta.come].map(this.#keyOf)
  }
}

const noMembers: readonly never[] = Object.freeze([])

/** A table of objects that share keys, kept up to date. A group in which nothing changed stays the same list. */
export class GroupTable<T> implements ReadonlyTable<readonly T[]> {
  version = 0
  readonly #keyOf: (object: T) => string
  readonly #groups = new Map<string, readonly T[]>()
  #list: readonly T[] = []

  constructor(keyOf: (object: T) => string) {
    this.#keyOf = keyOf
  }

  get(key: string): readonly T[] {
    return this.#groups.get(key) ?? noMembers
  }

  keys(): Iterable<string> {
    return this.#groups.keys()
  }

  /** Takes over a list of all objects and tells the keys whose group is another now. */
  update(list: readonly T[]): readonly string[] {
    const delta = diff(this.#list, list)
    this.#list = list
    if (!hasChanges(delta)) return []
    this.version++
    const gone = new Set(delta.gone)
    const changed = new Set([...delta.gone, ...delta.come].map(this.#keyOf))
    const groups = new Map<string, T[]>()
    for (const key of changed)
      groups.set(
        key,
        this.get(key).filter((member) => !gone.has(member)),
      )
    for (const object of delta.come) groups.get(this.#keyOf(object))?.push(object)
    for (const [key, group] of groups) {
      if (group.length === 0) this.#groups.delete(key)
      else this.#groups.set(key, Object.freeze(group))
    }
    return [...changed]
  }
}
