import type { Clock, Timer } from './clock.ts'

/**
 * A coarse timer: one slot of a ring, reused by its owner for many waits. Arming and disarming is a few
 * pointer writes, so that every request can have several without a `setTimeout` each.
 */
export class WheelTimer {
  /** Intrusive doubly linked list; a timer points at itself while it is not armed. */
  next: WheelTimer = this
  previous: WheelTimer = this
  dueMs = 0

  /** Overridden by whoever embeds the timer. */
  expire(): void {}

  get armed(): boolean {
    return this.next !== this
  }

  disarm(): void {
    this.previous.next = this.next
    this.next.previous = this.previous
    this.next = this
    this.previous = this
  }
}

class CallbackTimer extends WheelTimer {
  readonly #run: () => void

  constructor(run: () => void) {
    super()
    this.#run = run
  }

  override expire(): void {
    this.#run()
  }
}

/**
 * A deadline that is often moved and seldom reached. Moving it later costs one comparison: the wheel's
 * timer stays where it is and looks again when it expires.
 */
export class Deadline {
  readonly #wheel: Wheel
  readonly #timer: WheelTimer
  #dueMs = 0

  constructor(wheel: Wheel, reached: () => void) {
    this.#wheel = wheel
    this.#timer = new CallbackTimer(() => {
      const leftMs = this.#dueMs - this.#wheel.nowMs()
      if (this.#dueMs === 0) return
      if (leftMs > 0) return this.#wheel.arm(this.#timer, leftMs)
      this.#dueMs = 0
      reached()
    })
  }

  /** @param nowMs the clock's time, which the caller has at hand; a `delayMs` of 0 clears */
  set(nowMs: number, delayMs: number): void {
    if (delayMs <= 0) return this.clear()
    this.#dueMs = nowMs + delayMs
    if (!this.#timer.armed || this.#timer.dueMs > this.#dueMs)
      this.#wheel.arm(this.#timer, delayMs, nowMs)
  }

  /** The timer is left in the wheel and finds nothing to do. */
  clear(): void {
    this.#dueMs = 0
  }

  close(): void {
    this.#dueMs = 0
    this.#timer.disarm()
  }
}

/**
 * A hashed timer wheel. A timer expires between its delay and its delay plus one tick, never early.
 * The ring begins to turn with the first timer and never keeps the process alive.
 */
export class Wheel {
  readonly #clock: Clock
  readonly #tickMs: number
  readonly #slots: WheelTimer[]
  #tick: number
  #turning: Timer | undefined
  #nowMs: number

  /** @param tickMs resolution, by default 50 ms; `slots` × `tickMs` is one turn, longer waits go round again */
  constructor(clock: Clock, tickMs = 50, slots = 1024) {
    this.#clock = clock
    this.#tickMs = tickMs
    this.#slots = Array.from({ length: slots }, () => new WheelTimer())
    this.#nowMs = clock.nowMs()
    this.#tick = Math.floor(this.#nowMs / tickMs)
  }

  /** Arms a timer anew; one that was armed before is moved. A `delayMs` of 0 or less disarms. */
  arm(timer: WheelTimer, delayMs: number, nowMs = this.#clock.nowMs()): void {
    if (timer.next !== timer) timer.disarm()
    if (delayMs <= 0) return
    timer.dueMs = nowMs + delayMs
    this.#insert(timer)
    if (this.#turning === undefined) this.#start()
  }

  /** A timer of its own for one wait. For the slow path: it allocates. */
  after(delayMs: number, run: () => void): Timer {
    const timer = new CallbackTimer(run)
    this.arm(timer, Math.max(delayMs, 1))
    return { cancel: () => timer.disarm() }
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  close(): void {
    this.#turning?.cancel()
    this.#turning = undefined
  }

  #insert(timer: WheelTimer): void {
    const tick = Math.max(Math.ceil(timer.dueMs / this.#tickMs), this.#tick + 1)
    const slot = this.#slots[tick % this.#slots.length] as WheelTimer
    timer.next = slot
    timer.previous = slot.previous
    slot.previous.next = timer
    slot.previous = timer
  }

  #start(): void {
    this.#tick = Math.floor(this.#clock.nowMs() / this.#tickMs)
    this.#schedule()
  }

  #schedule(): void {
    this.#turning = this.#clock.after(this.#tickMs, () => this.#turn())
  }

  #turn(): void {
    this.#nowMs = this.#clock.nowMs()
    const until = Math.floor(this.#nowMs / this.#tickMs)
    const from = Math.max(this.#tick + 1, until - this.#slots.length + 1)
    this.#tick = until
    for (let tick = from; tick <= until; tick++)
      this.#expire(this.#slots[tick % this.#slots.length] as WheelTimer)
    this.#schedule()
  }

  #expire(slot: WheelTimer): void {
    let timer = slot.next
    if (timer === slot) return
    // Detached first: what expires may arm timers, into this very slot too.
    const last = slot.previous
    slot.next = slot
    slot.previous = slot
    last.next = timer
    timer.previous = last
    const head = new WheelTimer()
    head.next = timer
    head.previous = last
    timer.previous = head
    last.next = head
    while ((timer = head.next) !== head) {
      timer.disarm()
      if (timer.dueMs <= this.#nowMs) timer.expire()
      else this.#insert(timer)
    }
  }
}
