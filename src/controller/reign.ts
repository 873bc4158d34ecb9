import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Moment } from '../model/push-message.ts'
import type { FleetReports } from './publish/fleet-reports.ts'
import type { KeySeeds } from './publish/key-seeds.ts'
import type { LastGoodSecrets } from './publish/last-good-secrets.ts'
import type { PushServer } from './publish/push-server.ts'
import type { StatusWriter } from './publish/status-writer.ts'
import type { ControllerState } from './state.ts'
import type { OurObject } from './state-file.ts'

export interface ReignOptions {
  readonly clock: Clock
  readonly log: Log
  readonly server: PushServer
  readonly saved: LastGoodSecrets
  readonly statuses: StatusWriter
  readonly reports: FleetReports
  readonly seeds: KeySeeds
}

interface Compiled {
  readonly state: ControllerState
  readonly inUse: readonly OurObject[]
  readonly changedMs: number
}

const retryMs = 2000

/**
 * What only a leader does with what was compiled, in this order: last good versions are saved, the snapshot is published, the
 * statuses are written. While one waits for the API server the newest is remembered, and those between are left out.
 */
export class Reign {
  readonly #options: ReignOptions
  #epoch: number | undefined
  #sequence = 0
  #digest = ''
  #newest: Compiled | undefined
  #working = false
  #timer: Timer | undefined

  constructor(options: ReignOptions) {
    this.#options = options
  }

  get epoch(): number | undefined {
    return this.#epoch
  }

  begin(epoch: number): void {
    this.#epoch = epoch
    this.#sequence = 0
    this.#digest = ''
    this.#options.server.lead(epoch)
    this.#options.reports.lead()
    this.#options.seeds.lead()
    this.#options.statuses.lead()
    void this.#work()
  }

  end(leader: string): void {
    this.#epoch = undefined
    this.#timer?.cancel()
    this.#options.server.follow(leader)
    this.#options.statuses.follow()
    this.#options.reports.follow()
    this.#options.seeds.follow()
  }

  /** @param changedMs when the first change was seen that is in it */
  compiled(state: ControllerState, inUse: readonly OurObject[], changedMs: number): void {
    const before = this.#newest?.changedMs ?? changedMs
    this.#newest = { state, inUse, changedMs: Math.min(before, changedMs) }
    void this.#work()
  }

  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    while (this.#epoch !== undefined && this.#newest !== undefined) {
      const next = this.#newest
      this.#newest = undefined
      if (!(await this.#publish(next, this.#epoch))) break
    }
    this.#working = false
  }

  /** False when it has to be tried again. */
  async #publish(next: Compiled, epoch: number): Promise<boolean> {
    const { saved, server, statuses, reports, seeds, log, clock } = this.#options
    try {
      await saved.save(next.inUse)
    } catch (error) {
      log.error('a last good version cannot be saved; nothing newer is published before it is', {
        error,
      })
      this.#newest ??= next
      this.#timer = clock.after(retryMs, () => void this.#work())
      return false
    }
    if (this.#epoch !== epoch) return true
    const { snapshot } = next.state
    if (snapshot.digest !== this.#digest) {
      this.#digest = snapshot.digest
      const { changedMs } = next
      server.publish({ epoch, sequence: ++this.#sequence, snapshot, changedMs })
    }
    const moment: Moment = { epoch, sequence: this.#sequence }
    seeds.update(snapshot)
    reports.update(snapshot, next.state.statuses)
    statuses.update(next.state.statuses, moment)
    return true
  }
}
