import type { Counter, Family, Histogram, Metrics } from '../base/metrics.ts'
import type { ClusterController } from './cluster-controller.ts'
import type { ControllerState } from './state.ts'

/** What a controller counts (data-plane.md, Metrics). */
export class ControllerMetrics {
  readonly #metrics: Metrics
  readonly #compiles: Histogram
  readonly #restarts: Family<Counter>
  #state: ControllerState | undefined

  constructor(metrics: Metrics) {
    this.#metrics = metrics
    this.#compiles = metrics
      .histogram('fairlead_compile_seconds', 'Time that a compile took.', [])
      .series()
    this.#restarts = metrics.counter(
      'fairlead_watch_restarts_total',
      'Watches that were interrupted.',
      ['kind'],
    )
    metrics.computed(
      'fairlead_objects',
      'Objects of ours by whether they are accepted.',
      ['kind', 'state'],
      () => this.#objects(),
    )
  }

  compiled(state: ControllerState): void {
    this.#state = state
    this.#compiles.observe(state.compileMs / 1000)
  }

  restarted(kind: string): void {
    this.#restarts.series(kind).inc()
  }

  watch(controller: ClusterController): void {
    this.#metrics.computed('fairlead_leader', '1 for the controller that leads.', [], () => [
      [[], controller.leads ? 1 : 0],
    ])
    this.#metrics.computed(
      'fairlead_push_proxies',
      'Subscribed proxies by what they said last.',
      ['state'],
      () => {
        const refused = controller.proxies.filter((proxy) => proxy.refused !== undefined).length
        return [
          [['serving'], controller.proxies.length - refused],
          [['refusing'], refused],
        ]
      },
    )
  }

  #objects(): (readonly [readonly string[], number])[] {
    const counts = new Map<string, number>()
    for (const { kind, conditions } of this.#state?.statuses ?? []) {
      const isAccepted = conditions.some(
        ({ type, status }) => type === 'Accepted' && status === 'True',
      )
      const key = `${kind} ${isAccepted ? 'accepted' : 'refused'}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    return [...counts].map(([key, count]) => [key.split(' '), count] as const)
  }
}
