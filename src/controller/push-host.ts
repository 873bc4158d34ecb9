import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { wait } from '../base/wait.ts'
import type { PushKeyStore } from './publish/push-key-store.ts'
import type { PushKeys } from './publish/push-keys.ts'
import type { Credentials, PushServer } from './publish/push-server.ts'

export interface PushHostOptions {
  readonly keyStore: PushKeyStore
  readonly clock: Clock
  readonly log: Log
  /** PEM of the authorities of proxies' certificates, read anew now and then. Without it proxies show tokens. */
  readonly clientCa: (() => Promise<string>) | undefined
  readonly leads: () => boolean
  readonly create: (credentials: Credentials) => PushServer
  /** The port is open, once. */
  readonly opened: (server: PushServer) => void
}

const keysMs = 60_000
const againMs = 1000

/** Opens the push port as soon as there are keys for it, and keeps them fresh: the leader makes them, a standby takes them. */
export class PushHost {
  readonly #options: PushHostOptions
  readonly #stop = new AbortController()
  #server: PushServer | undefined
  /** Of the credentials that are in use. */
  #print = ''
  #serving: Promise<void> = Promise.resolve()

  constructor(options: PushHostOptions) {
    this.#options = options
  }

  /** Undefined before there are keys. */
  get server(): PushServer | undefined {
    return this.#server
  }

  async run(): Promise<void> {
    const { clock, log, leads, keyStore } = this.#options
    while (!this.#stop.signal.aborted) {
      try {
        const keys = leads() ? await keyStore.keep() : await keyStore.read()
        if (keys !== undefined) await this.#serve(keys)
      } catch (error) {
        log.warn('the keys of the push channel cannot be read', { error })
      }
      await wait(clock, this.#server === undefined ? againMs : keysMs, this.#stop.signal)
    }
  }

  /** Resolves when the port is open, with keys that we have made where there were none. */
  async open(): Promise<void> {
    await this.#serve(await this.#options.keyStore.keep())
  }

  stop(): void {
    this.#stop.abort()
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }

  /** One after the other: a leader that begins and the look at the keys may meet here. */
  #serve(keys: PushKeys): Promise<void> {
    const serving = this.#serving.then(() => this.#serveWith(keys))
    this.#serving = serving.catch(() => {})
    return serving
  }

  async #serveWith(keys: PushKeys): Promise<void> {
    const clientCa = await this.#options.clientCa?.()
    const credentials = { ...keys.server, ...(clientCa !== undefined && { clientCa }) }
    const print = `${credentials.cert}${clientCa}`
    if (this.#server === undefined) await this.#create(credentials)
    else if (print !== this.#print) this.#server.renew(credentials)
    this.#print = print
  }

  async #create(credentials: Credentials): Promise<void> {
    const { create, opened } = this.#options
    const server = create(credentials)
    await server.listen()
    this.#server = server
    opened(server)
  }
}
