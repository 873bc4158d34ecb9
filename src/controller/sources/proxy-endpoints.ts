import type { RawObject, ReflectorStore, Resource } from './reflector.ts'

/** A Pod behind the proxy Service that is Ready. */
export interface ReadyProxy {
  readonly namespace: string
  readonly name: string
}

interface Slice extends RawObject {
  readonly endpoints?: readonly {
    readonly conditions?: { readonly ready?: boolean }
    readonly targetRef?: {
      readonly kind?: string
      readonly namespace?: string
      readonly name?: string
    }
  }[]
}

/** The Ready endpoints of the proxy Service: those who have to acknowledge before something counts as served. */
export class ProxyEndpoints implements ReflectorStore {
  readonly #changed: () => void
  readonly #slices = new Map<string, Slice>()

  constructor(changed: () => void) {
    this.#changed = changed
  }

  get size(): number {
    return this.#slices.size
  }

  get ready(): readonly ReadyProxy[] {
    const found = new Map<string, ReadyProxy>()
    for (const { metadata, endpoints } of this.#slices.values()) {
      for (const { conditions, targetRef } of endpoints ?? []) {
        if (
          conditions?.ready === false ||
          targetRef?.kind !== 'Pod' ||
          targetRef.name === undefined
        )
          continue
        const proxy = {
          namespace: targetRef.namespace ?? metadata.namespace ?? '',
          name: targetRef.name,
        }
        found.set(`${proxy.namespace}/${proxy.name}`, proxy)
      }
    }
    return [...found.values()]
  }

  replace(objects: readonly RawObject[]): void {
    this.#slices.clear()
    for (const object of objects) this.#slices.set(object.metadata.name, object as Slice)
    this.#changed()
  }

  put(object: RawObject): void {
    this.#slices.set(object.metadata.name, object as Slice)
    this.#changed()
  }

  remove(object: RawObject): void {
    this.#slices.delete(object.metadata.name)
    this.#changed()
  }
}

/** The slices of a Service. */
export const slicesOf = (namespace: string, service: string): Resource => ({
  kind: 'EndpointSlice',
  apiVersion: 'discovery.k8s.io/v1',
  path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
  query: `labelSelector=kubernetes.io%2Fservice-name%3D${service}`,
})
