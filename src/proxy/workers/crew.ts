import cluster, { type Worker } from 'node:cluster'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { type FromWorker, type ToWorker, turnMs } from './messages.ts'
import { RestartPolicy } from './restart-policy.ts'
import { Silence } from './silence.ts'

/** One running worker process. */
export interface Hand {
  /** From 1; a replacement has the number of the one before. */
  readonly number: number
  readonly pid: number
  /** Never waits and never throws: what cannot be sent is lost with the worker. */
  send(message: ToWorker): void
}

export interface CrewOwner {
  message(hand: Hand, message: FromWorker): void
  left(hand: Hand): void
  /** No worker runs, and each has ended too often to be tried again soon. */
  broken(): void
}

export interface CrewOptions {
  readonly size: number
  readonly clock: Clock
  readonly log: Log
  /** V8 and Node options that only a command line can set. */
  readonly execArgv: readonly string[]
}

/** Keeps a number of worker processes running: replaces those that end, and ends those that hang. */
export class Crew {
  readonly #options: CrewOptions
  readonly #owner: CrewOwner
  readonly #places: Place[]
  #watch: Timer | undefined
  #stopping = false
  #emptied: (() => void) | undefined

  constructor(options: CrewOptions, owner: CrewOwner) {
    this.#options = options
    this.#owner = owner
    this.#places = Array.from({ length: options.size }, (_, i) => new Place(i + 1))
  }

  get hands(): readonly Hand[] {
    return this.#places.flatMap(({ hand }) => hand ?? [])
  }

  start(): void {
    // The kernel hands each connection to whoever takes it first; round robin would pass every one through here (ADR 13).
    cluster.schedulingPolicy = cluster.SCHED_NONE
    cluster.setupPrimary({
      execArgv: [...this.#options.execArgv, ...process.execArgv],
      serialization: 'advanced',
    })
    for (const place of this.#places) this.#open(place)
    this.#watchSilence()
  }

  #open(place: Place): void {
    const { clock, log } = this.#options
    const worker = cluster.fork()
    const hand: Hand = {
      number: place.number,
      pid: worker.process.pid ?? 0,
      send: (message) => {
        if (worker.isConnected()) worker.send(message, () => {})
      },
    }
    place.open(worker, hand, clock.nowMs())
    worker.on('message', (message: FromWorker) => {
      place.silence?.heard(clock.nowMs())
      if (message.kind !== 'turned') this.#owner.message(hand, message)
    })
    let isOver = false
    const over = (code: number | null, signal: string | null) => {
      if (isOver) return
      isOver = true
      this.#ended(place, hand, { code, signal })
    }
    worker.on('exit', over)
    worker.on('error', (error: Error) => {
      log.error('a worker process has a fault', { worker: place.number, error })
      // A process that could not be started has no exit.
      if (worker.process.pid === undefined) over(null, null)
    })
  }

  #ended(place: Place, hand: Hand, how: { code: number | null; signal: string | null }): void {
    const { clock, log } = this.#options
    place.close()
    this.#owner.left(hand)
    if (this.#stopping) {
      if (this.hands.length === 0) this.#emptied?.()
      return
    }
    const waitMs = place.policy.delayMs(clock.nowMs() - place.startedMs)
    log.error('a worker ended and is replaced', {
      worker: place.number,
      pid: hand.pid,
      ...how,
      waitMs,
    })
    if (this.hands.length === 0 && this.#places.every(({ policy }) => policy.open))
      return this.#owner.broken()
    place.waiting = clock.after(waitMs, () => {
      if (!this.#stopping) this.#open(place)
    })
  }

  #watchSilence(): void {
    this.#watch = this.#options.clock.after(turnMs, () => {
      const nowMs = this.#options.clock.nowMs()
      for (const place of this.#places)
        if (place.silence?.isTooLong(nowMs) === true) this.#endSilent(place)
      this.#watchSilence()
    })
  }

  #endSilent(place: Place): void {
    this.#options.log.error('a worker has not turned its event loop for too long and is ended', {
      worker: place.number,
    })
    place.kill()
  }

  /** Asks every worker to finish; ends after `graceMs` those that have not. Resolves when none is left. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    for (const { waiting } of this.#places) waiting?.cancel()
    for (const hand of this.hands) hand.send({ kind: 'stop' })
    if (this.hands.length > 0) await this.#untilEmpty(graceMs)
    this.#watch?.cancel()
  }

  #untilEmpty(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(graceMs, () => this.kill())
      this.#emptied = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /** Ends all at once. */
  kill(): void {
    this.#stopping = true
    for (const place of this.#places) place.kill()
  }
}

/** Where a worker works: the number stays, processes come and go. */
class Place {
  readonly number: number
  readonly policy = new RestartPolicy()
  hand: Hand | undefined
  startedMs = 0
  silence: Silence | undefined
  waiting: Timer | undefined
  #worker: Worker | undefined

  constructor(number: number) {
    this.number = number
  }

  open(worker: Worker, hand: Hand, nowMs: number): void {
    this.#worker = worker
    this.hand = hand
    this.startedMs = nowMs
    this.silence = new Silence(nowMs)
    this.waiting = undefined
  }

  close(): void {
    this.#worker = undefined
    this.hand = undefined
    this.silence = undefined
  }

  kill(): void {
    this.#worker?.process.kill('SIGKILL')
  }
}
