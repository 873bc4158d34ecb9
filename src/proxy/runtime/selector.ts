import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Backend, Forward } from '../../model/snapshot.ts'
import { endpointPicker, type PickEndpoint } from './balance.ts'
import type { LiveCluster } from './cluster.ts'
import type { LiveEndpoint } from './endpoint.ts'
import { levelsOf, sharesOf } from './shares.ts'
import { candidateOf, elsewhere, nearOf, probedOf, type Slot, usableOf } from './slot.ts'

export interface Picked {
  readonly backend: Backend
  readonly cluster: LiveCluster
  readonly endpoint: LiveEndpoint
  /** Nothing is healthy: one attempt, no more. */
  readonly panic: boolean
}

export interface SelectorOptions {
  readonly region: string
  /** The zone this proxy runs in; '' when it was not told. */
  readonly zone: string
  readonly clock: Clock
  readonly dice: Dice
}

/** A backend's share of the traffic, for explain, metrics and the admin port. */
export interface Share {
  readonly backend: string
  readonly cluster: string
  readonly region: string
  readonly priority: number
  readonly weight: number
  /** From 0 to 1. */
  readonly share: number
  readonly healthy: number
  readonly endpoints: number
}

/** How often ramps move and slow backends are looked for. */
const refreshMs = 100
const slowCheckMs = 200
/** Below this a backend is not slow, however fast another one is. */
const slowFloorMs = 25
/** With `panic: Fail`, one request a backend in this time may find out whether it is back. */
const trialMs = 250

/** Picks backend and endpoint for one rule (resilience.md, Picking a backend). */
export class Selector {
  readonly #forward: Forward
  readonly #clusterOf: (id: string) => LiveCluster | undefined
  readonly #options: SelectorOptions
  readonly #pickEndpoint: PickEndpoint
  #slots: Slot[] = []
  #version = -1
  #computedMs = Number.NEGATIVE_INFINITY
  #slowCheckedMs = 0
  #ramping = false
  #anyHealthy = false

  constructor(
    forward: Forward,
    clusterOf: (id: string) => LiveCluster | undefined,
    options: SelectorOptions,
  ) {
    this.#forward = forward
    this.#clusterOf = clusterOf
    this.#options = options
    this.#pickEndpoint = endpointPicker(forward.balance, options.dice)
    this.#slots = this.#arrange()
  }

  /** No backend can ever be picked: none is named, or all have weight 0. */
  get empty(): boolean {
    return this.#slots.length === 0
  }

  /** False once a cluster of the rule was replaced by another of the same id. */
  isCurrent(): boolean {
    return this.#slots.every(({ backend, cluster }) => this.#clusterOf(backend.cluster) === cluster)
  }

  /**
   * @param tried endpoints that failed this exchange already
   * @param within the only region that a further try may go to; undefined: any
   */
  pick(
    hash: number | undefined,
    tried: readonly LiveEndpoint[],
    within?: string,
  ): Picked | undefined {
    const nowMs = this.#options.clock.nowMs()
    this.#refresh(nowMs)
    if (!this.#anyHealthy) return this.#panic(hash, tried, nowMs, within)
    if (tried.length > 0) return this.#another(hash, tried, nowMs, within)
    const slot = this.#next()
    return slot === undefined ? undefined : this.#picked(slot, slot.near, hash, nowMs, false)
  }

  /** Nothing is healthy: what is left is used, or the request fails (failover.panic). */
  panics(): boolean {
    this.#refresh(this.#options.clock.nowMs())
    return !this.#anyHealthy && !this.empty
  }

  /** What the metrics and the admin port show. */
  shares(): Share[] {
    this.#refresh(this.#options.clock.nowMs())
    return this.#slots.map(({ backend, cluster, share, usable }) => ({
      backend: backend.name,
      cluster: backend.cluster,
      region: backend.region,
      priority: backend.priority,
      weight: backend.weight,
      share,
      healthy: usable.length,
      endpoints: cluster.endpoints.length,
    }))
  }

  #arrange(): Slot[] {
    return levelsOf(this.#forward, this.#options.region).flatMap((level, i) =>
      level.flatMap((backend) => {
        const cluster = this.#clusterOf(backend.cluster)
        return cluster === undefined
          ? []
          : [{ backend, cluster, level: i, usable: [], near: [], share: 0, owed: 0, trialAtMs: 0 }]
      }),
    )
  }

  #refresh(nowMs: number): void {
    let version = 0
    for (let i = 0; i < this.#slots.length; i++) version += (this.#slots[i] as Slot).cluster.version
    const isDue = nowMs - this.#computedMs >= refreshMs
    if (version === this.#version && !(this.#ramping && isDue)) {
      if (nowMs - this.#slowCheckedMs < slowCheckMs || this.#slots.length < 2) return
      this.#slowCheckedMs = nowMs
      this.#ejectSlow()
      return
    }
    this.#version = version
    this.#computedMs = nowMs
    this.#compute(nowMs)
  }

  #compute(nowMs: number): void {
    const levels: Slot[][] = []
    for (const slot of this.#slots) {
      slot.usable = usableOf(slot.cluster)
      levels[slot.level] ??= []
      levels[slot.level]?.push(slot)
    }
    // With everything ejected, what probes call healthy is used at once: patience is for when there is a choice.
    if (this.#slots.every(({ usable }) => usable.length === 0))
      for (const slot of this.#slots) slot.usable = probedOf(slot.cluster)
    for (const slot of this.#slots)
      slot.near = nearOf(slot.cluster, slot.usable, this.#options.zone)
    const candidates = levels.map((level) => level.map((slot) => candidateOf(slot, nowMs)))
    this.#ramping = candidates.some((level) => level.some(({ returning }) => returning > 0))
    const shares = sharesOf(candidates)
    levels.forEach((level, i) => {
      level.forEach((slot, k) => {
        slot.share = shares[i]?.[k] ?? 0
      })
    })
    this.#anyHealthy = this.#slots.some(({ share }) => share > 0)
  }

  /** Smooth: over a hundred picks every backend gets its share without bursts (nginx's algorithm). */
  #next(): Slot | undefined {
    const slots = this.#slots
    if (slots.length === 1) return slots[0]
    let best: Slot | undefined
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as Slot
      if (slot.share === 0) continue
      slot.owed += slot.share
      if (best === undefined || slot.owed > best.owed) best = slot
    }
    if (best !== undefined) best.owed -= 1
    return best
  }

  #picked(
    slot: Slot,
    usable: readonly LiveEndpoint[],
    hash: number | undefined,
    nowMs: number,
    panic: boolean,
  ): Picked {
    const endpoint =
      usable.length === 1
        ? (usable[0] as LiveEndpoint)
        : this.#pickEndpoint(usable, hash, slot.cluster.slowStartMs, nowMs)
    return { backend: slot.backend, cluster: slot.cluster, endpoint, panic }
  }

  /**
   * A further try: an endpoint that did not fail yet, in another region if the traffic goes to one, else where it
   * goes, else wherever something is healthy.
   */
  #another(
    hash: number | undefined,
    tried: readonly LiveEndpoint[],
    nowMs: number,
    within: string | undefined,
  ): Picked | undefined {
    const slots = this.#slotsIn(within)
    const fresh = slots
      .map((slot) => ({
        slot,
        usable: slot.usable.filter((endpoint) => !tried.includes(endpoint)),
      }))
      .filter(({ usable }) => usable.length > 0)
      .sort((a, b) => a.slot.level - b.slot.level)
    const chosen =
      this.#byShare(fresh.filter(elsewhere(slots, tried))) ?? this.#byShare(fresh) ?? fresh[0]
    if (chosen !== undefined) return this.#picked(chosen.slot, chosen.usable, hash, nowMs, false)
    // Nothing else is there: the same endpoint again is better than no try at all.
    const slot = within === undefined ? this.#next() : slots.find(({ usable }) => usable.length > 0)
    return slot === undefined ? undefined : this.#picked(slot, slot.usable, hash, nowMs, false)
  }

  #byShare<T extends { readonly slot: Slot }>(choices: readonly T[]): T | undefined {
    const total = choices.reduce((sum, { slot }) => sum + slot.share, 0)
    let mark = this.#options.dice() * total
    return choices.find(({ slot }) => slot.share > 0 && (mark -= slot.share) < 0)
  }

  #slotsIn(region: string | undefined): readonly Slot[] {
    return region === undefined
      ? this.#slots
      : this.#slots.filter(({ backend }) => backend.region === region)
  }

  #panic(
    hash: number | undefined,
    tried: readonly LiveEndpoint[],
    nowMs: number,
    within: string | undefined,
  ): Picked | undefined {
    const known = this.#slotsIn(within).filter(
      ({ cluster, backend }) => cluster.endpoints.length > 0 && backend.weight > 0,
    )
    const fresh = known.filter(({ cluster }) =>
      cluster.endpoints.some((endpoint) => !tried.includes(endpoint)),
    )
    if (this.#forward.failover.panic === 'Fail') {
      const slot = fresh.find(({ trialAtMs }) => nowMs >= trialAtMs)
      if (slot === undefined) return undefined
      slot.trialAtMs = nowMs + trialMs
      return this.#picked(slot, slot.cluster.endpoints, hash, nowMs, true)
    }
    if (tried.length > 0 && fresh.length === 0) return undefined
    const total = fresh.reduce((sum, { backend }) => sum + backend.weight, 0)
    let mark = this.#options.dice() * total
    const slot = fresh.find(({ backend }) => (mark -= backend.weight) < 0)
    return slot === undefined
      ? undefined
      : this.#picked(
          slot,
          slot.cluster.endpoints.filter((endpoint) => !tried.includes(endpoint)),
          hash,
          nowMs,
          true,
        )
  }

  /** A backend much slower than the best of its level is as bad as one that fails. */
  #ejectSlow(): void {
    for (const slot of this.#slots) {
      const medians = this.#slots
        .filter(({ level, share }) => level === slot.level && share > 0)
        .flatMap(({ cluster }) => cluster.medianMs() ?? [])
      if (medians.length < 2) continue
      slot.cluster.ejectSlow(Math.max(Math.min(...medians) * slot.cluster.slowFactor, slowFloorMs))
    }
  }
}
