import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { samplesOf } from '../../base/metric-sum.ts'
import { Metrics } from '../../base/metrics.ts'
import type { Hand } from './crew.ts'
import { MetricCollector } from './metric-collector.ts'
import { Questions } from './questions.ts'

/** A worker with metrics of its own. */
class TestWorker implements Hand {
  readonly pid = 1
  isBusy = false
  readonly metrics = new Metrics()
  readonly requests = this.metrics.counter('requests_total', 'Requests.', ['route']).series('a')
  readonly seconds = this.metrics.histogram('seconds', 'Seconds.', []).series()
  readonly open = this.metrics.gauge('open', 'Open.', []).series()
  readonly applied = this.metrics.gauge('applied', 'When.', [], 'min').series()
  readonly number: number
  readonly #questions: Questions

  constructor(number: number, questions: Questions) {
    this.number = number
    this.#questions = questions
  }

  send(message: Parameters<Hand['send']>[0]): void {
    if (this.isBusy || message.kind !== 'question') return
    void samplesOf(this.metrics.registry).then((samples) =>
      this.#questions.answered(message.id, { kind: 'samples', samples }),
    )
  }
}

function started() {
  const clock = fakeClock()
  const questions = new Questions(clock)
  const own = new Metrics()
  own.gauge('workers', 'Workers.', []).series().set(2)
  const collector = new MetricCollector(own, questions)
  const workers = [new TestWorker(1, questions), new TestWorker(2, questions)] as const
  return { collector, workers, clock }
}

describe('metrics over all workers', () => {
  test('counts and histograms are added; a gauge is what it says it is', async () => {
    const { collector, workers } = started()
    const [one, two] = workers
    one.requests.inc(2)
    two.requests.inc(3)
    one.seconds.observe(0.5)
    two.seconds.observe(4)
    one.open.set(10)
    two.open.set(1)
    one.applied.set(1000)
    two.applied.set(900)
    const lines = (await collector.exposition(workers)).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'requests_total{route="a"} 5',
        'seconds_bucket{le="1"} 1',
        'seconds_bucket{le="+Inf"} 2',
        'seconds_sum 4.5',
        'seconds_count 2',
        'open 11',
        'applied 900',
        'workers 2',
      ]),
    )
  })

  test('a worker that does not answer in time counts with its last answer', async () => {
    const { collector, workers, clock } = started()
    const [one, two] = workers
    one.requests.inc(2)
    two.requests.inc(3)
    await collector.exposition(workers)
    two.isBusy = true
    one.requests.inc()
    // What answers has answered before the second is over.
    const text = collector.exposition(workers)
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(1000)
    expect(await text).toContain('requests_total{route="a"} 6')
  })

  test('a count never falls: what a worker had counted stays when it has ended, its gauges go', async () => {
    const { collector, workers } = started()
    const [one, two] = workers
    one.requests.inc(2)
    two.requests.inc(3)
    two.seconds.observe(4)
    one.open.set(10)
    two.open.set(1)
    await collector.exposition(workers)
    await collector.left(two)
    one.requests.inc()
    const text = await collector.exposition([one])
    expect(text).toContain('requests_total{route="a"} 6')
    expect(text).toContain('seconds_count 1')
    expect(text).toMatch(/^open 10$/m)
  })
})
