import type { ApiClient } from '../../base/api-client.ts'
import type { Log } from '../../base/log.ts'
import type { ApiAuthorizerObject, ApiRouteObject } from '../api/objects.ts'
import {
  decodeData,
  encodeData,
  type OwnerReference,
  type OwnObject,
  ownMetadata,
  readObject,
  unless,
  writeObject,
} from './api-objects.ts'

type OurObject = ApiRouteObject | ApiAuthorizerObject

export interface LastGoodSecretsOptions {
  readonly client: ApiClient
  readonly log: Log
  readonly namespace: string
  /** One installation does not read what another one saved. */
  readonly installation: string
  readonly owners: readonly OwnerReference[]
}

/**
 * The last good version of each object that is broken now: a Secret each, `fairlead-lg-<uid>` (architecture.md, invariant 2), and
 * a ConfigMap that names them, so that nobody needs the right to list Secrets.
 */
export class LastGoodSecrets {
  readonly #options: LastGoodSecretsOptions
  /** By uid: what is saved. */
  readonly #saved = new Map<string, string>()
  /** Uids that the ConfigMap names: a Secret that it does not name is found by nobody. */
  #named: readonly string[] = []

  constructor(options: LastGoodSecretsOptions) {
    this.#options = options
  }

  /** Everything that was saved. Rejects when that cannot be found out. */
  async load(): Promise<readonly OurObject[]> {
    const uids = uidsIn(await this.#index())
    const objects: OurObject[] = []
    this.#saved.clear()
    for (const uid of uids) {
      const secret = await readObject<OwnObject>(this.#options.client, this.#pathOf(uid))
      const text = decodeData(secret?.data ?? {})['object']
      if (text === undefined) continue
      this.#saved.set(uid, text)
      objects.push(...this.#parse(uid, text))
    }
    this.#named = uids
    return objects
  }

  #parse(uid: string, text: string): OurObject[] {
    try {
      const object = JSON.parse(text) as OurObject
      return object.kind === 'ApiRoute' || object.kind === 'ApiAuthorizer' ? [object] : []
    } catch {
      const secret = nameOf(uid)
      this.#options.log.warn('a last good version cannot be read and is not used', { secret })
      return []
    }
  }

  /** Saves these and deletes the others. Rejects at the first that cannot be written: nothing may be published before it is. */
  async save(objects: readonly OurObject[]): Promise<void> {
    const wanted = new Map(objects.map((object) => [object.meta.uid, JSON.stringify(object)]))
    const fresh = [...wanted.keys()].filter((uid) => !this.#named.includes(uid))
    if (fresh.length > 0) await this.#name([...this.#named, ...fresh])
    for (const [uid, text] of wanted) if (this.#saved.get(uid) !== text) await this.#put(uid, text)
    const gone = this.#named.filter((uid) => !wanted.has(uid))
    for (const uid of gone) await this.#remove(uid)
    if (gone.length > 0) await this.#name([...wanted.keys()])
  }

  #index(): Promise<OwnObject | undefined> {
    return readObject<OwnObject>(this.#options.client, `${this.#configMaps}/${this.#indexName}`)
  }

  async #name(uids: readonly string[]): Promise<void> {
    const { client } = this.#options
    await writeObject(client, this.#configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: this.#metadata(this.#indexName, await this.#index()),
      data: { uids: JSON.stringify(uids) },
    })
    this.#named = uids
  }

  async #put(uid: string, text: string): Promise<void> {
    const { client } = this.#options
    const body: OwnObject = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: this.#metadata(nameOf(uid)),
      data: encodeData({ object: text }),
    }
    const made = await unless(409, client.request({ method: 'POST', path: this.#secrets, body }))
    if (made === undefined) await client.request({ method: 'PUT', path: this.#pathOf(uid), body })
    this.#saved.set(uid, text)
  }

  async #remove(uid: string): Promise<void> {
    const { client } = this.#options
    await unless(404, client.request({ method: 'DELETE', path: this.#pathOf(uid) }))
    this.#saved.delete(uid)
  }

  #metadata(name: string, before?: OwnObject): OwnObject['metadata'] {
    return ownMetadata(this.#options.namespace, name, this.#options.owners, before)
  }

  get #indexName(): string {
    return `${this.#options.installation}-last-good`
  }

  get #secrets(): string {
    return `/api/v1/namespaces/${this.#options.namespace}/secrets`
  }

  get #configMaps(): string {
    return `/api/v1/namespaces/${this.#options.namespace}/configmaps`
  }

  #pathOf(uid: string): string {
    return `${this.#secrets}/${nameOf(uid)}`
  }
}

const nameOf = (uid: string): string => `fairlead-lg-${uid}`

/** Names of Secrets are made of them: anything but a uid is left out. */
function uidsIn(index: OwnObject | undefined): readonly string[] {
  try {
    const listed: unknown = JSON.parse(index?.data?.['uids'] ?? '[]')
    return Array.isArray(listed)
      ? listed.filter((uid): uid is string => typeof uid === 'string' && /^[\w-]{1,64}$/.test(uid))
      : []
  } catch {
    return []
  }
}
