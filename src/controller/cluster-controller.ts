import type { ApiClient } from '../base/api-client.ts'
import type { Clock } from '../base/clock.ts'
import type { Dice } from '../base/dice.ts'
import type { Log } from '../base/log.ts'
import { wait } from '../base/wait.ts'
import type { SavedKeys } from '../model/saved-keys.ts'
import { createCompiler } from './compile/compile.ts'
import { defaultPairFault } from './compile/default-pair.ts'
import { LastGood } from './last-good.ts'
import { LastGoodPairs } from './last-good-pairs.ts'
import { EventWriter } from './publish/api-events.ts'
import { apiLease } from './publish/api-lease.ts'
import type { OwnerReference } from './publish/api-objects.ts'
import { writeStatus } from './publish/api-status.ts'
import { fetchKeys } from './publish/fetch-keys.ts'
import { FleetReports } from './publish/fleet-reports.ts'
import { KeySeeds } from './publish/key-seeds.ts'
import { LastGoodSecrets } from './publish/last-good-secrets.ts'
import { LeaderElection } from './publish/leader-election.ts'
import type { ConnectedProxy } from './publish/publication.ts'
import { PushKeyStore } from './publish/push-key-store.ts'
import { type Credentials, PushServer } from './publish/push-server.ts'
import { StatusWriter } from './publish/status-writer.ts'
import { reviewToken } from './publish/token-review.ts'
import { PushHost } from './push-host.ts'
import { Reign } from './reign.ts'
import { Batch } from './sources/batching.ts'
import { ClusterSource } from './sources/cluster-source.ts'
import { ProxyEndpoints, slicesOf } from './sources/proxy-endpoints.ts'
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
  /** PEM of the authorities of proxies' certificates, read anew now and then. Without it proxies show tokens. */
  readonly clientCa?: () => Promise<string>
  readonly proxyService: string
  readonly proxyServiceAccount: string
  readonly owners: readonly OwnerReference[]
  readonly compiled: (state: ControllerState) => void
  /** A proxy serves what was changed so long ago. */
  readonly propagated: (seconds: number) => void
  /** A watch was interrupted. */
  readonly restarted: (kind: string) => void
}

const againMs = 1000
/** A leader compiles this soon again; a standby only keeps warm. */
const leaderMs = 50
const standbyMs = 1000

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
  readonly #events: EventWriter
  readonly #statuses: StatusWriter
  readonly #reports: FleetReports
  readonly #seeds: KeySeeds
  readonly #saved: LastGoodSecrets
  readonly #host: PushHost
  readonly #election: LeaderElection
  readonly #pairs: LastGoodPairs
  #lastGood: LastGood | undefined
  #reign: Reign | undefined
  /** When the first change was seen that is not compiled yet. */
  #changedMs: number | undefined

  constructor(options: ClusterControllerOptions) {
    const { client, clock, log, namespace, installation, owners, dnsNames } = options
    this.#options = options
    this.#pairs = new LastGoodPairs(() => clock.wallMs())
    this.#batch = new Batch(
      clock,
      () => this.#run(),
      () => (this.leads ? leaderMs : standbyMs),
    )
    this.#source = this.#newSource()
    this.#settings = new SettingsFile(options.settings, { clock, changed: this.#changed })
    this.#expecting = this.#newExpecting()
    this.#events = new EventWriter({ client, clock, log, identity: options.identity })
    this.#statuses = new StatusWriter({
      clock,
      log,
      written: ({ kind, uid }) => this.#source.conditionsOf(kind, uid),
      write: writeStatus(client),
      happened: (status, events) => this.#events.tell(status, events),
      proxies: () => this.proxies,
      expected: () => this.#endpoints.ready,
      withheld: () => this.#host.server?.withheld,
      live: (status, since) => this.#reports.conditionOf(status, since),
    })
    this.#reports = new FleetReports({
      clock,
      proxies: () => this.proxies,
      expected: () => this.#endpoints.ready,
      happened: (status, events) => this.#events.tell(status, events),
      changed: () => this.#statuses.authorizersChanged(),
    })
    const offer = (sets: readonly SavedKeys[]) => this.#host.server?.give(sets)
    this.#seeds = new KeySeeds({ clock, dice: options.dice, log, fetch: fetchKeys, offer })
    this.#saved = new LastGoodSecrets({ client, log, namespace, installation, owners })
    const name = `${installation}-push-ca`
    this.#host = new PushHost({
      clock,
      log,
      keyStore: new PushKeyStore({ client, clock, namespace, name, dnsNames, owners }),
      clientCa: options.clientCa,
      leads: () => this.leads,
      create: (credentials) => this.#newServer(credentials),
      opened: (server) => this.#opened(server),
    })
    this.#election = this.#newElection()
  }

  get leads(): boolean {
    return this.#election.leads
  }

  /** Why it is not ready; undefined when it is. */
  get missing(): string | undefined {
    if (!this.#source.synced) return `not listed yet: ${this.#source.missing.join(', ')}`
    return this.#host.server === undefined
      ? 'no leader has made the keys of the push channel yet'
      : undefined
  }

  get proxies(): readonly ConnectedProxy[] {
    return this.#host.server?.proxies ?? []
  }

  /** Rejects when the settings are broken. Everything else is waited for, and `missing` says what. */
  async start(): Promise<void> {
    if (!this.#settings.open())
      throw new Error(this.#settings.problems.map(printSourceProblem).join('; '))
    this.#settings.watch()
    this.#source.start()
    void this.#expecting.run()
    void this.#election.run()
    void this.#host.run()
    this.#lastGood = new LastGood(await this.#load())
    this.#changed()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#host.stop()
    this.#batch.close()
    this.#source.close()
    this.#expecting.close()
    this.#settings.close()
    this.#statuses.close()
    this.#reports.follow()
    this.#seeds.follow()
    this.#events.close()
    await this.#election.release()
    await this.#host.close()
  }

  readonly #changed = (): void => {
    this.#changedMs ??= this.#options.clock.nowMs()
    this.#batch.touch()
  }

  /** Nothing is compiled before everything was listed and what was saved is known (K4). */
  #run(): void {
    const lastGood = this.#lastGood
    if (!this.#source.synced || lastGood === undefined) return
    const { clock, className, compiled } = this.#options
    const startedMs = clock.nowMs()
    const changedMs = this.#changedMs ?? startedMs
    this.#changedMs = undefined
    const { current: settings } = this.#settings
    const rulebook = { className, allowLoopback: false, inCluster: true, settings }
    const world = this.#pairs.complete(this.#source.world())
    const result = lastGood.settle(world, (complete) => this.#compile(complete, rulebook))
    const problems = this.#settings.problemsAnd(defaultPairFault(settings, world.secrets))
    const state = { ...result, problems, settings, compileMs: clock.nowMs() - startedMs }
    compiled(state)
    this.#reign?.compiled(state, lastGood.inUse, changedMs)
  }

  /** Before anything is published the keys are there, and what an earlier leader has saved is known. */
  async #lead(epoch: number): Promise<void> {
    const { clock, log } = this.#options
    while (this.#election.leads && !this.#stop.signal.aborted) {
      try {
        await this.#host.open()
        this.#lastGood = new LastGood(await this.#saved.load())
        // What is published first is what is there now: a standby may be a second behind.
        this.#changed()
        this.#batch.hurry()
        return this.#reign?.begin(epoch)
      } catch (error) {
        log.error('leading cannot begin yet', { error })
        await wait(clock, againMs, this.#stop.signal)
      }
    }
  }

  #opened(server: PushServer): void {
    const { clock, log } = this.#options
    server.follow(this.#election.leader)
    this.#reign = new Reign({
      clock,
      log,
      server,
      saved: this.#saved,
      statuses: this.#statuses,
      reports: this.#reports,
      seeds: this.#seeds,
    })
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

  #newServer(credentials: Credentials): PushServer {
    const { client, clock, log, version, push, namespace, propagated } = this.#options
    const { proxyServiceAccount: serviceAccount } = this.#options
    const review =
      credentials.clientCa === undefined
        ? reviewToken({ client, clock, namespace, serviceAccount })
        : undefined
    const changed = () => this.#statuses.proxiesChanged()
    const reported = () => this.#reports.reported()
    const events = { changed, reported, propagated }
    return new PushServer({ clock, log, version, ...push, credentials, review, ...events })
  }

  #newSource(): ClusterSource {
    const { client, clock, dice, log, secretNamespaces, restarted } = this.#options
    const { watchNamespaces: namespaces } = this.#options
    const scope = { namespaces, secretNamespaces }
    const noted = (uid: string) => this.#statuses.seen(uid)
    const events = { changed: this.#changed, synced: this.#changed, restarted, noted }
    return new ClusterSource({ client, clock, dice, log, ...scope, ...events })
  }

  #newExpecting(): Reflector {
    const { client, clock, dice, log, namespace, proxyService, restarted } = this.#options
    const resource = slicesOf(namespace, proxyService)
    const store = this.#endpoints
    return new Reflector({ client, clock, dice, log, resource, store, restarted, synced: () => {} })
  }

  #newElection(): LeaderElection {
    const { client, clock, dice, log, namespace, installation, identity, owners } = this.#options
    return new LeaderElection({
      store: apiLease(client, namespace, installation, owners),
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
