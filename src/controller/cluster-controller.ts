import type { ApiClient } from '../base/api-client.ts'
import type { Clock } from '../base/clock.ts'
import type { Dice } from '../base/dice.ts'
import type { Log } from '../base/log.ts'
import { wait } from '../base/wait.ts'
import { createCompiler } from './compile/compile.ts'
import { LastGood } from './last-good.ts'
import { apiLease } from './publish/api-lease.ts'
import type { OwnerReference } from './publish/api-objects.ts'
import { writeStatus } from './publish/api-status.ts'
import { LastGoodSecrets } from './publish/last-good-secrets.ts'
import { LeaderElection } from './publish/leader-election.ts'
import type { ConnectedProxy } from './publish/publication.ts'
import { PushKeyStore } from './publish/push-key-store.ts'
import type { PushKeys } from './publish/push-keys.ts'
import { PushServer } from './publish/push-server.ts'
import { StatusWriter } from './publish/status-writer.ts'
import { reviewToken } from './publish/token-review.ts'
import { Reign } from './reign.ts'
import { Batch } from './sources/batching.ts'
import { ClusterSource } from './sources/cluster-source.ts'
import { ProxyEndpoints } from './sources/proxy-endpoints.ts'
import { Reflector } from './sources/reflector.ts'
import { SettingsFile } from './sources/settings-file.ts'
import { printSourceProblem } from './sources/stock.ts'
import type { ControllerState } from './state.ts'

export interface ClusterControllerOptions {
  readonly client: ApiClient
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  readonly version: string
  /** Where the controller itself lives. */
  readonly namespace: string
  /** Of its Pod. */
  readonly identity: string
  /** Of this installation: Lease, Secrets and ConfigMap are named for it. */
  readonly installation: string
  readonly watchNamespaces: readonly string[]
  readonly secretNamespaces: readonly string[]
  readonly className: string
  readonly settings: string | undefined
  readonly push: { readonly host: string; readonly port: number }
  /** Names that proxies call the controller by. */
  readonly dnsNames: readonly string[]
  readonly proxyService: string
  readonly proxyServiceAccount: string
  readonly owners: readonly OwnerReference[]
  readonly compiled: (state: ControllerState) => void
  /** A watch was interrupted. */
  readonly restarted: (kind: string) => void
}

const keysMs = 60_000
const againMs = 1000

/** The controller of a cluster: objects in, snapshots pushed to proxies, statuses written back. */
export class ClusterController {
  readonly #options: ClusterControllerOptions
  readonly #stop = new AbortController()
  readonly #compile = createCompiler()
  readonly #batch: Batch
  readonly #source: ClusterSource
  readonly #settings: SettingsFile
  readonly #endpoints = new ProxyEndpoints(() => this.#statuses.expectedChanged())
  readonly #expecting: Reflector
  readonly #statuses: StatusWriter
  readonly #saved: LastGoodSecrets
  readonly #keyStore: PushKeyStore
  readonly #election: LeaderElection
  #lastGood: LastGood | undefined
  #server: PushServer | undefined
  #keys: PushKeys | undefined
  #serving: Promise<void> = Promise.resolve()
  #reign: Reign | undefined

  constructor(options: ClusterControllerOptions) {
    const { client, clock, log, namespace, installation, owners, dnsNames } = options
    this.#options = options
    this.#batch = new Batch(clock, () => this.#run())
    this.#source = this.#newSource()
    this.#settings = new SettingsFile(options.settings, { clock, changed: this.#changed })
    this.#expecting = this.#newExpecting()
    this.#statuses = new StatusWriter({
      clock,
      log,
      written: ({ kind, uid }) => this.#source.conditionsOf(kind, uid),
      write: writeStatus(client),
      proxies: () => this.proxies,
      expected: () => this.#endpoints.ready,
    })
    this.#saved = new LastGoodSecrets({ client, log, namespace, installation, owners })
    const name = `${installation}-push-ca`
    this.#keyStore = new PushKeyStore({ client, clock, namespace, name, dnsNames, owners })
    this.#election = this.#newElection()
  }

  get leads(): boolean {
    return this.#election.leads
  }

  /** Why it is not ready; undefined when it is. */
  get missing(): string | undefined {
    if (!this.#source.synced) return `not listed yet: ${this.#source.missing.join(', ')}`
    return this.#server === undefined
      ? 'no leader has made the keys of the push channel yet'
      : undefined
  }

  get proxies(): readonly ConnectedProxy[] {
    return this.#server?.proxies ?? []
  }

  /** Rejects when the settings are broken. Everything else is waited for, and `missing` says what. */
  async start(): Promise<void> {
    if (!this.#settings.open())
      throw new Error(this.#settings.problems.map(printSourceProblem).join('; '))
    this.#settings.watch()
    this.#source.start()
    void this.#expecting.run()
    void this.#election.run()
    void this.#keepKeys()
    this.#lastGood = new LastGood(await this.#load())
    this.#changed()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#batch.close()
    this.#source.close()
    this.#expecting.close()
    this.#settings.close()
    this.#statuses.close()
    await this.#election.release()
    await this.#server?.close()
  }

  readonly #changed = (): void => this.#batch.touch()

  /** Nothing is compiled before everything was listed and what was saved is known (K4). */
  #run(): void {
    const lastGood = this.#lastGood
    if (!this.#source.synced || lastGood === undefined) return
    const { clock, className, compiled } = this.#options
    const startedMs = clock.nowMs()
    const { current: settings, problems } = this.#settings
    const rulebook = { className, allowLoopback: false, settings }
    const result = lastGood.settle(this.#source.world(), (world) => this.#compile(world, rulebook))
    const state = { ...result, problems, settings, compileMs: clock.nowMs() - startedMs }
    compiled(state)
    this.#reign?.compiled(state, lastGood.inUse)
  }

  /** Before anything is published the keys are there, and what an earlier leader has saved is known. */
  async #lead(epoch: number): Promise<void> {
    const { clock, log } = this.#options
    while (this.#election.leads && !this.#stop.signal.aborted) {
      try {
        await this.#serve(await this.#keyStore.keep())
        this.#lastGood = new LastGood(await this.#saved.load())
        this.#reign?.begin(epoch)
        return this.#changed()
      } catch (error) {
        log.error('leading cannot begin yet', { error })
        await wait(clock, againMs, this.#stop.signal)
      }
    }
  }

  /** A standby takes the keys that the leader has made; the leader keeps them fresh. */
  async #keepKeys(): Promise<void> {
    const { clock, log } = this.#options
    while (!this.#stop.signal.aborted) {
      try {
        const keys = this.leads ? await this.#keyStore.keep() : await this.#keyStore.read()
        if (keys !== undefined) await this.#serve(keys)
      } catch (error) {
        log.warn('the keys of the push channel cannot be read', { error })
      }
      await wait(clock, this.#server === undefined ? againMs : keysMs, this.#stop.signal)
    }
  }

  /** One after the other: a leader that begins and the look at the keys may meet here. */
  #serve(keys: PushKeys): Promise<void> {
    const serving = this.#serving.then(() => this.#serveWith(keys))
    this.#serving = serving.catch(() => {})
    return serving
  }

  async #serveWith(keys: PushKeys): Promise<void> {
    if (this.#server === undefined) await this.#open(keys)
    else if (keys.server.cert !== this.#keys?.server.cert) this.#server.renew(keys.server)
    this.#keys = keys
  }

  async #open(keys: PushKeys): Promise<void> {
    const { clock, log } = this.#options
    const server = this.#newServer(keys)
    await server.listen()
    server.follow(this.#election.leader)
    this.#server = server
    this.#reign = new Reign({ clock, log, server, saved: this.#saved, statuses: this.#statuses })
  }

  async #load() {
    const { clock, log } = this.#options
    while (!this.#stop.signal.aborted) {
      try {
        return await this.#saved.load()
      } catch (error) {
        log.warn('last good versions cannot be read; nothing is compiled before they are', {
          error,
        })
        await wait(clock, againMs, this.#stop.signal)
      }
    }
    return []
  }

  #newServer({ server: credentials }: PushKeys): PushServer {
    const { client, clock, log, version, push, namespace, proxyServiceAccount } = this.#options
    const review = reviewToken({ client, clock, namespace, serviceAccount: proxyServiceAccount })
    const changed = () => this.#statuses.proxiesChanged()
    return new PushServer({ clock, log, version, ...push, credentials, review, changed })
  }

  #newSource(): ClusterSource {
    const {
      client,
      clock,
      dice,
      log,
      watchNamespaces: namespaces,
      secretNamespaces,
      restarted,
    } = this.#options
    const changed = this.#changed
    return new ClusterSource({
      client,
      clock,
      dice,
      log,
      namespaces,
      secretNamespaces,
      changed,
      synced: changed,
      restarted,
    })
  }

  #newExpecting(): Reflector {
    const { client, clock, dice, log, namespace, proxyService, restarted } = this.#options
    const resource = {
      kind: 'EndpointSlice',
      apiVersion: 'discovery.k8s.io/v1',
      path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      query: `labelSelector=kubernetes.io%2Fservice-name%3D${proxyService}`,
    }
    const store = this.#endpoints
    return new Reflector({ client, clock, dice, log, resource, store, restarted, synced: () => {} })
  }

  #newElection(): LeaderElection {
    const { client, clock, dice, log, namespace, installation, identity } = this.#options
    return new LeaderElection({
      store: apiLease(client, namespace, installation),
      clock,
      dice,
      log,
      namespace,
      name: installation,
      identity,
      elected: (epoch) => void this.#lead(epoch),
      following: (leader) => this.#reign?.end(leader),
    })
  }
}
