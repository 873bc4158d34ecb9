import type { Metrics } from '../base/metrics.ts'
import type { Counter, Family, Histogram } from '../base/series.ts'
import type { ObjectStatus } from '../model/problem.ts'
import type { ClusterController } from './cluster-controller.ts'
import type { ControllerState } from './state.ts'

/** What a controller counts of its compiles and its objects (data-plane.md, Metrics). */
export class ControllerMetrics {
  readonly #metrics: Metrics
  readonly #compiles: Histogram
  readonly #restarts: Family<Counter>
  readonly #propagations: Histogram
  #state: ControllerState | undefined

  constructor(metrics: Metrics) {
    this.#metrics = metrics
    this.#compiles = metrics
      .histogram('fairlead_compile_seconds', 'Time to compile all objects.', [])
      .series()
    this.#propagations = metrics
      .histogram(
        'fairlead_propagation_seconds',
        'From the first change that was seen to its acknowledgement by a proxy.',
        [],
      )
      .series()
    this.#restarts = metrics.counter(
      'fairlead_watch_restarts_total',
      'Watches of the API server that were interrupted.',
      ['kind'],
    )
    metrics.computed(
      {
        name: 'fairlead_objects',
        help: 'Objects that are configured: good, with a problem, or served as they last were.',
        labels: ['kind', 'state'],
      },
      () => objectRows(this.#state?.statuses ?? []),
    )
    metrics.computed(
      {
        name: 'fairlead_source_problems',
        help: 'Problems with files and with documents that are no objects.',
        labels: [],
      },
      () => [[[], this.#state?.problems.length ?? 0]],
    )
  }

  compiled(state: ControllerState): void {
    this.#state = state
    this.#compiles.observe(state.compileMs / 1000)
  }

  propagated(seconds: number): void {
    this.#propagations.observe(seconds)
  }

  restarted(kind: string): void {
    this.#restarts.series(kind).inc()
  }

  watch(controller: ClusterController): void {
    this.#metrics.computed(
      { name: 'fairlead_leader', help: '1 for the controller that leads.', labels: [] },
      () => [[[], controller.leads ? 1 : 0]],
    )
    this.#metrics.computed(
      {
        name: 'fairlead_push_proxies',
        help: 'Subscribed proxies by what they said last.',
        labels: ['state'],
      },
      () => {
        const refused = controller.proxies.filter((proxy) => proxy.refused !== undefined).length
        return [
          [['serving'], controller.proxies.length - refused],
          [['refusing'], refused],
        ]
      },
    )
  }
}

const states = ['good', 'problem', 'last_good'] as const

function objectRows(statuses: readonly ObjectStatus[]): (readonly [string[], number])[] {
  const counts = new Map<string, number>()
  for (const status of statuses) {
    const key = `${status.kind} ${stateOf(status)}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...new Set(statuses.map(({ kind }) => kind))].flatMap((kind) =>
    states.map((state) => [[kind, state], counts.get(`${kind} ${state}`) ?? 0] as const),
  )
}

function stateOf({ conditions }: ObjectStatus): (typeof states)[number] {
  const bad = conditions.filter(({ type, status }) =>
    type === 'ServingLastGood' ? status === 'True' : status === 'False',
  )
  if (bad.length === 0) return 'good'
  return bad.some(({ type }) => type === 'ServingLastGood') ? 'last_good' : 'problem'
}
