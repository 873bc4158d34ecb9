import { type ApiClient, ApiError } from '../../base/api-client.ts'
import type { Log } from '../../base/log.ts'
import type { ApiAuthorizerObject, ApiRouteObject } from '../api/objects.ts'
import { encodeData, type OwnerReference } from './api-objects.ts'

type OurObject = ApiRouteObject | ApiAuthorizerObject

const label = 'fairlead.dev/last-good'
const prefix = 'fairlead-lg-'

export interface LastGoodSecretsOptions {
  readonly client: ApiClient
  readonly log: Log
  readonly namespace: string
  /** One installation does not read what another one saved. */
  readonly installation: string
  readonly owners: readonly OwnerReference[]
}

interface SecretList {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly data?: { readonly object?: string }
  }[]
}

/** The last good version of each object that is broken now: a Secret each, `fairlead-lg-<uid>` (architecture.md, invariant 2). */
export class LastGoodSecrets {
  readonly #options: LastGoodSecretsOptions
  /** By uid: what is saved. */
  readonly #saved = new Map<string, string>()

  constructor(options: LastGoodSecretsOptions) {
    this.#options = options
  }

  /** Everything that was saved. Rejects when that cannot be found out. */
  async load(): Promise<readonly OurObject[]> {
    const { client, installation } = this.#options
    const query = new URLSearchParams({ labelSelector: `${label}=${installation}` })
    const { items } = await client.request<SecretList>({
      method: 'GET',
      path: `${this.#collection}?${query}`,
    })
    this.#saved.clear()
    return items.flatMap(({ metadata, data }) => {
      const text = Buffer.from(data?.object ?? '', 'base64').toString('utf8')
      this.#saved.set(metadata.name.slice(prefix.length), text)
      return this.#parse(metadata.name, text)
    })
  }

  #parse(name: string, text: string): OurObject[] {
    try {
      const object = JSON.parse(text) as OurObject
      return object.kind === 'ApiRoute' || object.kind === 'ApiAuthorizer' ? [object] : []
    } catch {
      this.#options.log.warn('a last good version cannot be read and is not used', { secret: name })
      return []
    }
  }

  /** Saves these and deletes the others. Rejects at the first that cannot be written: nothing may be published before it is. */
  async save(objects: readonly OurObject[]): Promise<void> {
    const wanted = new Map(objects.map((object) => [object.meta.uid, JSON.stringify(object)]))
    for (const [uid, text] of wanted) if (this.#saved.get(uid) !== text) await this.#put(uid, text)
    for (const uid of this.#saved.keys()) if (!wanted.has(uid)) await this.#remove(uid)
  }

  async #put(uid: string, text: string): Promise<void> {
    const { client, namespace, installation, owners } = this.#options
    const name = `${prefix}${uid}`
    const metadata = { namespace, name, labels: { [label]: installation }, ownerReferences: owners }
    await client.request({
      method: 'PATCH',
      path: `${this.#collection}/${name}?fieldManager=fairlead-controller&force=true`,
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'Opaque',
        metadata,
        data: encodeData({ object: text }),
      },
    })
    this.#saved.set(uid, text)
  }

  async #remove(uid: string): Promise<void> {
    await this.#options.client
      .request({ method: 'DELETE', path: `${this.#collection}/${prefix}${uid}` })
      .catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error
      })
    this.#saved.delete(uid)
  }

  get #collection(): string {
    return `/api/v1/namespaces/${this.#options.namespace}/secrets`
  }
}
