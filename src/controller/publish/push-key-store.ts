import type { ApiClient } from '../../base/api-client.ts'
import type { Clock } from '../../base/clock.ts'
import {
  decodeData,
  encodeData,
  type OwnerReference,
  type OwnObject,
  ownMetadata,
  readObject,
  writeObject,
} from './api-objects.ts'
import {
  currentKeys,
  type PushKeys,
  parseKeys,
  printKeys,
  trustedCertificates,
} from './push-keys.ts'

export interface PushKeyStoreOptions {
  readonly client: ApiClient
  readonly clock: Clock
  readonly namespace: string
  /** Of the Secret and of the ConfigMap. */
  readonly name: string
  /** Names that proxies call the controller by. */
  readonly dnsNames: readonly string[]
  readonly owners: readonly OwnerReference[]
}

/** Keys of the push channel in a Secret that all controllers serve from, and what proxies believe in a ConfigMap. */
export class PushKeyStore {
  readonly #options: PushKeyStoreOptions

  constructor(options: PushKeyStoreOptions) {
    this.#options = options
  }

  /** What there is, for a standby; undefined before a leader has made any. */
  async read(): Promise<PushKeys | undefined> {
    const secret = await this.#object('secrets')
    return secret?.data === undefined ? undefined : parseKeys(decodeData(secret.data))
  }

  /** For the leader: makes, replaces and publishes keys as the time demands. */
  async keep(): Promise<PushKeys> {
    const { clock, dnsNames } = this.#options
    const secret = await this.#object('secrets')
    const before = secret?.data === undefined ? undefined : parseKeys(decodeData(secret.data))
    const keys = await currentKeys(before, dnsNames, clock.wallMs())
    if (keys !== before)
      await this.#write('secrets', secret, {
        kind: 'Secret',
        type: 'Opaque',
        data: encodeData(printKeys(keys)),
      })
    await this.#announce(keys)
    return keys
  }

  async #announce(keys: PushKeys): Promise<void> {
    const map = await this.#object('configmaps')
    const wanted = trustedCertificates(keys)
    if (map?.data?.['ca.crt'] !== wanted)
      await this.#write('configmaps', map, { kind: 'ConfigMap', data: { 'ca.crt': wanted } })
  }

  #object(plural: string): Promise<OwnObject | undefined> {
    return readObject<OwnObject>(
      this.#options.client,
      `${this.#collection(plural)}/${this.#options.name}`,
    )
  }

  async #write(
    plural: string,
    before: OwnObject | undefined,
    own: Pick<OwnObject, 'kind' | 'type' | 'data'>,
  ): Promise<void> {
    const { client, namespace, name, owners } = this.#options
    const metadata = ownMetadata(namespace, name, owners, before)
    await writeObject(client, this.#collection(plural), { apiVersion: 'v1', metadata, ...own })
  }

  #collection(plural: string): string {
    return `/api/v1/namespaces/${this.#options.namespace}/${plural}`
  }
}
