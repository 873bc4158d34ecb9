import { lasting, type Samples, samplesOf, sumOf } from '../../base/metric-sum.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Hand } from './crew.ts'
import type { Questions } from './questions.ts'

/**
 * The metrics of all processes as those of one. Counts never fall: a worker that does not answer in time counts with its
 * last answer, and one that has ended with its last answer for good.
 */
export class MetricCollector {
  readonly #metrics: Metrics
  readonly #questions: Questions
  readonly #last = new Map<Hand, Samples>()
  /** An answer may come after its worker has left. */
  readonly #gone = new WeakSet<Hand>()
  #ended: Samples = []

  /** @param metrics the supervisor's own */
  constructor(metrics: Metrics, questions: Questions) {
    this.#metrics = metrics
    this.#questions = questions
  }

  async exposition(hands: readonly Hand[]): Promise<string> {
    const answers = await Promise.all(
      hands.map((hand) => this.#questions.ask(hand, { kind: 'samples' })),
    )
    answers.forEach((answer, i) => {
      const hand = hands[i]
      if (answer?.kind === 'samples' && hand !== undefined && !this.#gone.has(hand))
        this.#last.set(hand, answer.samples)
    })
    const own = await samplesOf(this.#metrics.registry)
    return sumOf([own, this.#ended, ...this.#last.values()]).metrics()
  }

  async left(hand: Hand): Promise<void> {
    this.#gone.add(hand)
    const last = this.#last.get(hand)
    if (last === undefined) return
    this.#last.delete(hand)
    this.#ended = await sumOf([this.#ended, lasting(last)]).getMetricsAsJSON()
  }
}
