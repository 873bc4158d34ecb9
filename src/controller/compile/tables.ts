import type {
  ApiRouteObject,
  ConfigMap,
  EndpointSlice,
  Meta,
  ReferenceGrant,
  Secret,
  Service,
} from '../api/objects.ts'
import type { World } from '../api/world.ts'
import type { AuthorizerDraft } from './drafts.ts'
import type { AuthorizerState, Tables } from './lookup.ts'
import { compareTexts, isSameList } from './order.ts'
import { GroupTable, type ReadonlyTable, Table } from './table.ts'

interface Named {
  readonly meta: Meta
}

const keyOf = ({ meta }: Named): string => `${meta.namespace}/${meta.name}`

/** An object that is created anew under the same name has another uid and inherits nothing. */
export const identityOf = ({ meta }: Named): string => `${keyOf({ meta })} ${meta.uid}`

/** The tables of one World after another. */
export class WorldTables implements Tables {
  readonly services = new Table<Service>(keyOf)
  readonly secrets = new Table<Secret>(keyOf)
  readonly configMaps = new Table<ConfigMap>(keyOf)
  readonly grants = new GroupTable<ReferenceGrant>(({ meta }) => meta.namespace)
  readonly lastGoodSecrets = new Table<Secret>(keyOf)
  readonly formerSecrets = new GroupTable<Secret>(keyOf)
  readonly lastGoodRoutes = new Table<ApiRouteObject>(identityOf)
  readonly authorizers = new DerivedTable<AuthorizerState>(Object.is)
  readonly injected = new DerivedTable<readonly string[]>(isSameList)
  /** By `namespace/service`. No route looks at them: endpoints come and go, rules stay. */
  readonly slices = new GroupTable<EndpointSlice>(
    ({ meta, service }) => `${meta.namespace}/${service}`,
  )
  /** Keys of the Services whose endpoints may be others than in the World before. */
  changedServices: ReadonlySet<string> = new Set()
  #drafts: readonly AuthorizerDraft[] = []

  /** Changes when a look into any table may find something else. */
  get version(): number {
    const tables = [
      this.services,
      this.secrets,
      this.configMaps,
      this.grants,
      this.lastGoodRoutes,
      this.lastGoodSecrets,
      this.formerSecrets,
    ]
    return [...tables, this.authorizers, this.injected].reduce(
      (sum, { version }) => sum + version,
      0,
    )
  }

  update(world: World, drafts: readonly AuthorizerDraft[]): void {
    const services = this.services.update(world.services)
    this.changedServices = new Set([...services, ...this.slices.update(world.endpointSlices)])
    this.secrets.update(world.secrets)
    this.lastGoodSecrets.update(world.lastGoodSecrets)
    this.formerSecrets.update(world.formerSecrets)
    this.configMaps.update(world.configMaps)
    this.grants.update(world.referenceGrants)
    this.lastGoodRoutes.update(world.lastGoodRoutes)
    if (isSameList(this.#drafts, drafts)) return
    this.#drafts = drafts
    this.authorizers.update(drafts.map((draft) => [draft.id, stateOf(draft)]))
    this.injected.update(injectedByNamespace(drafts))
  }
}

/** Values that are computed from objects. An equal value stays the same one, so that a change that changes nothing is none. */
class DerivedTable<T> implements ReadonlyTable<T> {
  version = 0
  readonly #isSame: (a: T, b: T) => boolean
  #values: ReadonlyMap<string, T> = new Map()

  constructor(isSame: (a: T, b: T) => boolean) {
    this.#isSame = isSame
  }

  get(key: string): T | undefined {
    return this.#values.get(key)
  }

  keys(): Iterable<string> {
    return this.#values.keys()
  }

  update(values: readonly (readonly [string, T])[]): void {
    this.version++
    this.#values = new Map(
      values.map(([key, value]) => {
        const before = this.#values.get(key)
        return [key, before !== undefined && this.#isSame(before, value) ? before : value]
      }),
    )
  }
}

function stateOf({ authorizer, withoutScopes }: AuthorizerDraft): AuthorizerState {
  if (authorizer === undefined) return 'broken'
  if (authorizer.kind === 'mtls') return 'certificates'
  return withoutScopes ? 'withoutScopes' : 'usable'
}

function injectedByNamespace(drafts: readonly AuthorizerDraft[]): [string, readonly string[]][] {
  const byNamespace = new Map<string, Set<string>>()
  for (const { origin, injects } of drafts) {
    const headers = byNamespace.get(origin.namespace) ?? new Set()
    for (const header of injects) headers.add(header)
    byNamespace.set(origin.namespace, headers)
  }
  return [...byNamespace].map(([namespace, headers]) => [
    namespace,
    Object.freeze([...headers].sort(compareTexts)),
  ])
}
