import type {
  ApiRouteObject,
  ConfigMap,
  EndpointSlice,
  ReferenceGrant,
  Secret,
  Service,
} from './world.ts'

/** What one object may want to know about others, by `namespace/name`. A table is rebuilt only when its objects changed. */
export interface Tables {
  readonly services: ReadonlyMap<string, Service>
  readonly secrets: ReadonlyMap<string, Secret>
  readonly configMaps: ReadonlyMap<string, ConfigMap>
  /** How far an authorizer can be used: values, so that an edit of its keys concerns no route. */
  readonly authorizers: ReadonlyMap<string, AuthorizerState>
  /** By the namespace that grants. */
  readonly grants: ReadonlyMap<string, readonly ReferenceGrant[]>
  /** By namespace: the headers that its authorizers can inject, sorted. */
  readonly injected: ReadonlyMap<string, readonly string[]>
  /** By uid. */
  readonly lastGoodRoutes: ReadonlyMap<string, ApiRouteObject>
  /** By `namespace/service`. */
  readonly slices: ReadonlyMap<string, readonly EndpointSlice[]>
}

/** `broken` cannot be used; `withoutScopes` accepts only tokens that carry no scopes. */
export type AuthorizerState = 'usable' | 'withoutScopes' | 'broken'

export type TableName = keyof Tables

type ValueOf<Name extends TableName> =
  Tables[Name] extends ReadonlyMap<string, infer Value> ? Value : never

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
  readonly looks: Look[] = []
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  find<Name extends TableName>(
    table: Name,
    namespace: string,
    name: string,
  ): ValueOf<Name> | undefined {
    return this.get(table, `${namespace}/${name}`)
  }

  get<Name extends TableName>(table: Name, key: string): ValueOf<Name> | undefined {
    const found = this.#tables[table].get(key) as ValueOf<Name> | undefined
    if (!this.looks.some((look) => look.table === table && look.key === key))
      this.looks.push({ table, key, found })
    return found
  }

  /** The names in one namespace, for suggestions. */
  names(table: TableName, namespace: string): string[] {
    this.looks.push({ table, key: allNames, found: this.#tables[table] })
    const prefix = `${namespace}/`
    return [...this.#tables[table].keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
  }
}

/**
 * Remembers what `compute` made of each frozen source, and computes again only when a look into the tables
 * would find something else. A source that is gone is forgotten with it.
 */
export function rememberLooks<Source extends object, Result>(
  compute: (lookup: Lookup, source: Source) => Result,
): (source: Source, tables: Tables) => Result {
  const known = new WeakMap<
    Source,
    { readonly looks: readonly Look[]; tables: Tables; readonly result: Result }
  >()
  return (source, tables) => {
    const before = known.get(source)
    if (before !== undefined && (before.tables === tables || findsTheSame(before.looks, tables))) {
      before.tables = tables
      return before.result
    }
    const lookup = new Lookup(tables)
    const result = compute(lookup, source)
    known.set(source, { looks: lookup.looks, tables, result })
    return result
  }
}

const findsTheSame = (looks: readonly Look[], tables: Tables): boolean =>
  looks.every(({ table, key, found }) =>
    key === allNames ? tables[table] === found : tables[table].get(key) === found,
  )
