import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Log } from '../../base/log.ts'
import { wait } from '../../base/wait.ts'
import {
  firstEpoch,
  isFree,
  type Lease,
  type Observation,
  observe,
  released,
  renewed,
  taken,
} from './lease.ts'

/** What an election needs of the API server. */
export interface LeaseStore {
  /** Undefined when there is none. */
  read(): Promise<Lease | undefined>
  create(lease: Lease): Promise<Lease>
  /** Fails when somebody else has written since it was read. */
  replace(lease: Lease): Promise<Lease>
}

export interface ElectionOptions {
  readonly store: LeaseStore
  readonly clock: Clock
  readonly dice: Dice
  readonly log: Log
  readonly namespace: string
  readonly name: string
  /** Of this controller: the name of its Pod. */
  readonly identity: string
  /** We lead from now on, in this epoch. */
  readonly elected: (epoch: number) => void
  /** We do not lead, or not any more. `leader` is '' when nobody is known to. */
  readonly following: (leader: string) => void
}

/** How often a leader renews. */
const retryMs = 2000
/** How often a standby looks: a lease that was let go is taken within 2 s, also when the API server is busy. */
const lookMs = 1000
/** A leader that could not renew for so long steps down: a standby may lead soon. */
const renewMs = 10_000

/** One of several controllers leads. Releases the lease when it stops, so that another one takes over at its next look. */
export class LeaderElection {
  readonly #options: ElectionOptions
  readonly #stop = new AbortController()
  #lease: Lease | undefined
  #seen: Observation | undefined
  #renewedMs = 0
  #leads = false
  /** The latest that was seen: no later one falls below it, wherever our clock stands (K7). */
  #epoch = 0
  #leader: string | undefined

  constructor(options: ElectionOptions) {
    this.#options = options
  }

  get leads(): boolean {
    return this.#leads
  }

  /** Who leads, as far as is known; '' for nobody. */
  get leader(): string {
    return this.#leader ?? ''
  }

  async run(): Promise<void> {
    const { clock, dice, log } = this.#options
    while (!this.#stop.signal.aborted) {
      try {
        await this.#look()
      } catch (error) {
        log.debug('the lease cannot be read or written', { error })
      }
      if (this.#leads && clock.nowMs() - this.#renewedMs > renewMs) {
        log.warn('the lease could not be renewed; another controller may lead')
        this.#follow('')
      }
      await wait(clock, (this.#leads ? retryMs : lookMs) * (1 + 0.2 * dice()), this.#stop.signal)
    }
  }

  /** Stops leading and lets go of the lease. */
  async release(): Promise<void> {
    this.#stop.abort()
    const lease = this.#lease
    if (!this.#leads || lease === undefined) return
    this.#follow('')
    await this.#options.store
      .replace(released(lease))
      .catch((error: unknown) =>
        this.#options.log.warn(
          'the lease could not be released; a standby waits until it runs out',
          { error },
        ),
      )
  }

  async #look(): Promise<void> {
    const { store, clock, identity } = this.#options
    const lease = await store.read()
    if (this.#stop.signal.aborted) return
    if (lease === undefined) return this.#take(await store.create(this.#fresh()))
    this.#epoch = Math.max(this.#epoch, lease.spec.leaseTransitions ?? 0)
    const nowMs = clock.nowMs()
    this.#seen = observe(lease, this.#seen, nowMs)
    const isOurs = lease.spec.holderIdentity === identity
    if (isOurs && this.#leads)
      return this.#take(await store.replace(renewed(lease, clock.wallMs())), nowMs)
    if (isOurs || isFree(lease, this.#seen, nowMs))
      return this.#take(await store.replace(taken(lease, identity, clock.wallMs())), nowMs)
    this.#follow(lease.spec.holderIdentity ?? '')
  }

  #fresh(): Lease {
    const { namespace, name, identity, clock } = this.#options
    const epoch = Math.max(firstEpoch(clock.wallMs()), this.#epoch + 1)
    const spec = { leaseTransitions: epoch - 1 }
    return taken({ metadata: { namespace, name }, spec }, identity, clock.wallMs())
  }

  /** @param sinceMs when the write began: the lease counts from there */
  #take(lease: Lease, sinceMs = this.#options.clock.nowMs()): void {
    const { identity, elected, log } = this.#options
    this.#lease = lease
    this.#epoch = Math.max(this.#epoch, lease.spec.leaseTransitions ?? 0)
    this.#renewedMs = sinceMs
    if (this.#leads) return
    this.#leads = true
    this.#leader = identity
    const epoch = lease.spec.leaseTransitions ?? 0
    log.info('this controller leads', { epoch })
    elected(epoch)
  }

  #follow(leader: string): void {
    if (!this.#leads && this.#leader === leader) return
    this.#leads = false
    this.#leader = leader
    this.#options.following(leader)
  }
}
