import type { ApiRouteObject, ConfigMap, ReferenceGrant, Secret, Service } from '../api/objects.ts'
import { type Delta, diff } from './delta.ts'
import type { ReadonlyTable } from './table.ts'

/** What one object may want to know about others, by `namespace/name` where nothing else is said. */
export interface Tables {
  readonly services: ReadonlyTable<Service>
  readonly secrets: ReadonlyTable<Secret>
  /** Certificates that are better than what their Secrets hold now. */
  readonly lastGoodSecrets: ReadonlyTable<Secret>
  /** Certificates that are of names that those after them are not of. */
  readonly formerSecrets: ReadonlyTable<readonly Secret[]>
  readonly configMaps: ReadonlyTable<ConfigMap>
  /** By the namespace that grants. */
  readonly grants: ReadonlyTable<readonly ReferenceGrant[]>
  /** How far an authorizer can be used: values, so that an edit of its keys concerns no route. */
  readonly authorizers: ReadonlyTable<AuthorizerState>
  /** By namespace: the headers that its authorizers can inject, sorted. */
  readonly injected: ReadonlyTable<readonly string[]>
  /** By `identityOf` the object. */
  readonly lastGoodRoutes: ReadonlyTable<ApiRouteObject>
  /** Changes when a look into any table may find something else. */
  readonly version: number
}

/** `broken` cannot be used; `withoutScopes` accepts only tokens that carry no scopes, `certificates` no tokens at all. */
export type AuthorizerState = 'usable' | 'withoutScopes' | 'certificates' | 'broken'

export type TableName = Exclude<keyof Tables, 'version'>

type ValueOf<Name extends TableName> =
  Tables[Name] extends ReadonlyTable<infer Value> ? Value : never

/** One look into the tables and what it found: as long as it would find the same, what was built on it holds. */
interface Look {
  readonly table: TableName
  readonly key: string
  readonly found: unknown
}

/** Key of a look at all the names of a table. No object has it. */
const allNames = ''

/** Looks things up and remembers every answer, absent ones included. */
export class Lookup {
  readonly #looks: Look[] = []
  readonly #tables: Tables
  readonly #pool: Map<string, Look>

  /** @param pool looks that others took at the same tables: ten thousand routes to one Service share theirs */
  constructor(tables: Tables, pool: Map<string, Look>) {
    this.#tables = tables
    this.#pool = pool
  }

  /** A list of its own that has no room for more. */
  get looks(): readonly Look[] {
    return [...this.#looks]
  }

  find<Name extends TableName>(
    table: Name,
    namespace: string,
    name: string,
  ): ValueOf<Name> | undefined {
    return this.get(table, `${namespace}/${name}`)
  }

  get<Name extends TableName>(table: Name, key: string): ValueOf<Name> | undefined {
    const known = this.#looks.find((look) => look.table === table && look.key === key)
    if (known !== undefined) return known.found as ValueOf<Name> | undefined
    const look = this.#look(table, key)
    this.#looks.push(look)
    return look.found as ValueOf<Name> | undefined
  }

  #look(table: TableName, key: string): Look {
    const place = `${table} ${key}`
    const known = this.#pool.get(place)
    if (known !== undefined) return known
    const look = { table, key, found: this.#tables[table].get(key) }
    this.#pool.set(place, look)
    return look
  }

  /** The names in one namespace, for suggestions. */
  names(table: TableName, namespace: string): string[] {
    this.#looks.push({ table, key: allNames, found: this.#tables[table].version })
    const prefix = `${namespace}/`
    return [...this.#tables[table].keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
  }
}

const findsTheSame = (looks: readonly Look[], tables: Tables): boolean =>
  looks.every(
    ({ table, key, found }) =>
      found === (key === allNames ? tables[table].version : tables[table].get(key)),
  )

/** What was made of one source, and what it rests on. */
interface Made<Result> {
  readonly looks: readonly Look[]
  readonly result: Result
}

/**
 * Results of objects that look things up, kept up to date: one is made anew only when its source is another object,
 * or when a look would find something else.
 */
export class Resolving<Source extends object, Result> {
  readonly #make: (lookup: Lookup, source: Source) => Result
  readonly #made = new Map<Source, Made<Result>>()
  #sources: readonly Source[] = []
  #version = -1

  constructor(make: (lookup: Lookup, source: Source) => Result) {
    this.#make = make
  }

  update(sources: readonly Source[], tables: Tables): Delta<Result> {
    const delta = diff(this.#sources, sources)
    this.#sources = sources
    const gone = delta.gone.map((source) => this.#forget(source))
    const stale = this.#stale(tables)
    gone.push(...stale.map((source) => this.#forget(source)))
    const pool = new Map<string, Look>()
    const come = [...delta.come, ...stale].map((source) => this.#remake(source, tables, pool))
    return { gone, come }
  }

  #forget(source: Source): Result {
    const made = this.#made.get(source) as Made<Result>
    this.#made.delete(source)
    return made.result
  }

  #remake(source: Source, tables: Tables, pool: Map<string, Look>): Result {
    const lookup = new Lookup(tables, pool)
    const result = this.#make(lookup, source)
    this.#made.set(source, { looks: lookup.looks, result })
    return result
  }

  /** Sources whose looks would find something else. Nobody needs to look while no table changed. */
  #stale(tables: Tables): Source[] {
    if (tables.version === this.#version) return []
    this.#version = tables.version
    return [...this.#made]
      .filter(([, { looks }]) => !findsTheSame(looks, tables))
      .map(([source]) => source)
  }
}
