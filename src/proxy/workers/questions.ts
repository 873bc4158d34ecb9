import type { Clock } from '../../base/clock.ts'
import type { Hand } from './crew.ts'
import type { Answer, Question } from './messages.ts'

/** A worker that has not answered by then is left out: a page must not wait for one that is busy. */
const patienceMs = 1000

/** Questions to workers, each with a bounded wait. */
export class Questions {
  readonly #clock: Clock
  readonly #open = new Map<number, (answer: Answer | undefined) => void>()
  #last = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Undefined when no answer came in time. */
  ask(hand: Hand, question: Question): Promise<Answer | undefined> {
    const id = ++this.#last
    return new Promise((resolve) => {
      const timer = this.#clock.after(patienceMs, () => settle(undefined))
      const settle = (answer: Answer | undefined) => {
        timer.cancel()
        this.#open.delete(id)
        resolve(answer)
      }
      this.#open.set(id, settle)
      hand.send({ kind: 'question', id, question })
    })
  }

  answered(id: number, answer: Answer): void {
    this.#open.get(id)?.(answer)
  }
}
