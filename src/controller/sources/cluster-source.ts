import type { ApiClient } from '../../base/api-client.ts'
import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import type {
  ApiAuthorizerObject,
  ApiRouteObject,
  ConfigMap,
  EndpointSlice,
  Namespace,
  ReferenceGrant,
  Secret,
  Service,
} from '../api/objects.ts'
import type { World } from '../api/world.ts'
import { ObjectStore, type WrittenCondition } from './object-store.ts'
import { Reflector, type Resource } from './reflector.ts'

export interface ClusterSourceOptions {
  readonly client: ApiClient
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  /** Empty: the whole cluster. */
  readonly namespaces: readonly string[]
  /** Where Secrets may be read; empty: nowhere. `*` stands for the whole cluster. */
  readonly secretNamespaces: readonly string[]
  readonly changed: () => void
  readonly restarted: (kind: string) => void
  /** An object's conditions are shown, changed or not. */
  readonly noted: (uid: string) => void
  /** Every kind has been listed: `world` is whole from now on. */
  readonly synced: () => void
}

type Kind =
  | 'ApiRoute'
  | 'ApiAuthorizer'
  | 'Service'
  | 'EndpointSlice'
  | 'Secret'
  | 'ConfigMap'
  | 'Namespace'
  | 'ReferenceGrant'

const places: Readonly<
  Record<Kind, { readonly apiVersion: string; readonly plural: string; readonly query?: string }>
> = {
  ApiRoute: { apiVersion: 'fairlead.dev/v1alpha1', plural: 'apiroutes' },
  ApiAuthorizer: { apiVersion: 'fairlead.dev/v1alpha1', plural: 'apiauthorizers' },
  Service: { apiVersion: 'v1', plural: 'services' },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', plural: 'endpointslices' },
  // Releases of Helm and tokens are large, many, and never referred to.
  Secret: {
    apiVersion: 'v1',
    plural: 'secrets',
    query:
      'fieldSelector=type!%3Dhelm.sh%2Frelease.v1,type!%3Dkubernetes.io%2Fservice-account-token',
  },
  ConfigMap: {
    apiVersion: 'v1',
    plural: 'configmaps',
    query: 'fieldSelector=metadata.name!%3Dkube-root-ca.crt',
  },
  Namespace: { apiVersion: 'v1', plural: 'namespaces' },
  ReferenceGrant: { apiVersion: 'gateway.networking.k8s.io/v1beta1', plural: 'referencegrants' },
}

/** The objects of a cluster, kept in step by a reflector a kind and namespace. */
export class ClusterSource {
  readonly #stores = new Map<Kind, ObjectStore[]>()
  readonly #reflectors: Reflector[] = []

  constructor(options: ClusterSourceOptions) {
    for (const kind of Object.keys(places) as Kind[])
      for (const namespace of namespacesOf(kind, options)) this.#add(kind, namespace, options)
  }

  #add(kind: Kind, namespace: string, options: ClusterSourceOptions): void {
    const { client, clock, dice, log, changed, restarted, noted } = options
    const synced = () => {
      if (this.synced) options.synced()
    }
    const resource = resourceOf(kind, namespace)
    const unreadable = (name: string, problem: string) =>
      log.warn('an object cannot be read and is left out', { object: `${kind} ${name}`, problem })
    const store = new ObjectStore(resource, changed, unreadable, noted)
    this.#stores.set(kind, [...(this.#stores.get(kind) ?? []), store])
    this.#reflectors.push(
      new Reflector({ client, clock, dice, log, resource, store, restarted, synced }),
    )
  }

  /** Every kind was listed once: before that nothing is published (K4). */
  get synced(): boolean {
    return this.#reflectors.every((reflector) => reflector.synced)
  }

  /** Kinds that were not listed yet. */
  get missing(): readonly string[] {
    return [...new Set(this.#reflectors.filter(({ synced }) => !synced).map(({ kind }) => kind))]
  }

  start(): void {
    for (const reflector of this.#reflectors) void reflector.run()
  }

  close(): void {
    for (const reflector of this.#reflectors) reflector.close()
  }

  /** What stands in the status of an object of ours. */
  conditionsOf(kind: string, uid: string): readonly WrittenCondition[] {
    for (const store of this.#stores.get(kind as Kind) ?? []) {
      const conditions = store.conditionsOf(uid)
      if (conditions.length > 0) return conditions
    }
    return []
  }

  /** Number of objects by kind. */
  counts(): readonly (readonly [string, number])[] {
    return [...this.#stores].map(
      ([kind, stores]) => [kind, stores.reduce((sum, { size }) => sum + size, 0)] as const,
    )
  }

  /** Without last good objects. Lists of kinds that did not change are the same lists. */
  world(): World {
    return {
      routes: this.#list<ApiRouteObject>('ApiRoute'),
      authorizers: this.#list<ApiAuthorizerObject>('ApiAuthorizer'),
      services: this.#list<Service>('Service'),
      endpointSlices: this.#list<EndpointSlice>('EndpointSlice'),
      secrets: this.#list<Secret>('Secret'),
      configMaps: this.#list<ConfigMap>('ConfigMap'),
      namespaces: this.#list<Namespace>('Namespace'),
      referenceGrants: this.#list<ReferenceGrant>('ReferenceGrant'),
      lastGoodRoutes: [],
      lastGoodAuthorizers: [],
      lastGoodSecrets: [],
      formerSecrets: [],
    }
  }

  #list<T>(kind: Kind): readonly T[] {
    const stores = this.#stores.get(kind) ?? []
    const lists = stores.map(({ list }) => list)
    return (lists.length === 1 ? lists[0] : lists.flat()) as unknown as readonly T[]
  }
}

function namespacesOf(
  kind: Kind,
  { namespaces, secretNamespaces }: ClusterSourceOptions,
): readonly string[] {
  if (kind === 'Secret') return secretNamespaces.includes('*') ? [''] : secretNamespaces
  // Cluster-scoped: with the rights of single namespaces their annotations cannot be read.
  if (kind === 'Namespace') return namespaces.length === 0 ? [''] : []
  return namespaces.length === 0 ? [''] : namespaces
}

function resourceOf(kind: Kind, namespace: string): Resource {
  const { apiVersion, plural, query } = places[kind]
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return {
    kind,
    apiVersion,
    path: `${root}${namespace === '' ? '' : `/namespaces/${namespace}`}/${plural}`,
    ...(query !== undefined && { query }),
    optional: kind === 'ReferenceGrant',
  }
}
