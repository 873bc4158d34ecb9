import client from 'prom-client'
import {
  Buckets,
  Cell,
  type Counter,
  type Family,
  type Gauge,
  type Histogram,
  type Labels,
  SeriesTable,
} from './series.ts'

/** What a value is over several processes: their sum, or that of the highest or the lowest. */
export type Across = 'sum' | 'max' | 'min'

interface FamilyOptions {
  readonly isStale?: (labels: Labels) => boolean
}

interface Computed {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly type?: 'gauge' | 'counter'
  readonly aggregator?: Across
}

/** Latencies from half a millisecond to a minute, in seconds. */
const latencyBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]

/** Label sets that one metric may have; a histogram makes a dozen series and more of each. */
export const mostLabelSets = 8000
export const mostHistograms = 1000

interface Row {
  readonly metricName?: string
  /** The bound of a bucket. */
  readonly le?: string | number
  readonly labels: Labels
  readonly value: number
}

interface About {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labelNames: readonly string[]
  readonly aggregator: Across
}

/**
 * Counters that cost an addition on the hot path. prom-client's registry reads them when somebody scrapes;
 * its own `inc` would cost 300 ns.
 */
export class Metrics {
  readonly registry = new client.Registry()
  readonly #tables = new Map<string, { readonly turnedAway: number }>()

  counter(
    name: string,
    help: string,
    labels: readonly string[],
    options: FamilyOptions = {},
  ): Family<Counter> {
    const about: About = { name, help, type: 'counter', labelNames: labels, aggregator: 'sum' }
    return this.#cells(about, options)
  }

  gauge(
    name: string,
    help: string,
    labels: readonly string[],
    aggregator: Across = 'sum',
  ): Family<Gauge> {
    return this.#cells({ name, help, type: 'gauge', labelNames: labels, aggregator }, {})
  }

  /** A value that is computed when somebody scrapes. `read` answers label values and a number a row. */
  computed(
    { name, help, labels, type = 'gauge', aggregator = 'sum' }: Computed,
    read: () => Iterable<readonly [values: readonly string[], value: number]>,
  ): void {
    const table = { turnedAway: 0 }
    this.#tables.set(name, table)
    this.#register({ name, help, type, labelNames: labels, aggregator }, () => {
      const rows: Row[] = []
      table.turnedAway = 0
      for (const [values, value] of read()) {
        if (rows.length === mostLabelSets) table.turnedAway++
        else rows.push({ labels: named(labels, values), value })
      }
      return rows
    })
  }

  histogram(
    name: string,
    help: string,
    labels: readonly string[],
    options: FamilyOptions = {},
  ): Family<Histogram> {
    const table = new SeriesTable({
      labels,
      make: () => new Buckets(latencyBuckets),
      most: mostHistograms,
      isStale: options.isStale,
    })
    this.#tables.set(name, table)
    if (labels.length === 0) table.series()
    const about: About = { name, help, type: 'histogram', labelNames: labels, aggregator: 'sum' }
    this.#register(about, () =>
      [...table].flatMap(({ labels: own, series }) => bucketRows(name, own, series)),
    )
    return table
  }

  /** How many label sets each metric had no room for, where it is any. */
  overflows(name: string, help: string): void {
    this.computed({ name, help, labels: ['metric'] }, () =>
      [...this.#tables]
        .filter(([, { turnedAway }]) => turnedAway > 0)
        .map(([metric, { turnedAway }]) => [[metric], turnedAway] as const),
    )
  }

  /** CPU, memory, open files and garbage collection of this process. */
  withProcess(): this {
    client.collectDefaultMetrics({ register: this.registry })
    // Gauges with the name of a counter; what they list takes long with many connections.
    for (const what of ['handles', 'requests', 'resources'])
      for (const suffix of ['', '_total'])
        this.registry.removeSingleMetric(`nodejs_active_${what}${suffix}`)
    return this
  }

  /** The text format of Prometheus. Metric by metric: a scrape of many series holds nothing up for long. */
  async exposition(): Promise<string> {
    const parts: string[] = []
    for (const { name } of this.registry.getMetricsAsArray()) {
      parts.push(await this.registry.getSingleMetricAsString(name))
      await nextTurn()
    }
    return `${parts.join('\n\n')}\n`
  }

  get contentType(): string {
    return this.registry.contentType
  }

  #cells(about: About, { isStale }: FamilyOptions): SeriesTable<Cell> {
    const { labelNames: labels } = about
    const table = new SeriesTable({ labels, make: () => new Cell(), most: mostLabelSets, isStale })
    this.#tables.set(about.name, table)
    // What has no labels is there from the start: an alert tells 0 from nothing.
    if (labels.length === 0) table.series()
    this.#register(about, () =>
      [...table].map(({ labels: own, series }) => ({ labels: own, value: series.value })),
    )
    return table
  }

  /** What prom-client asks of a metric, over our own counts. It prints an object of shared labels only once. */
  #register(about: About, rows: () => Row[]): void {
    const metric = {
      ...about,
      get: () => ({
        ...about,
        values: rows().map(({ le, ...row }) =>
          le === undefined ? row : { ...row, labels: { le, ...row.labels } },
        ),
      }),
      getForPromString: () => ({
        ...about,
        values: rows().map(({ le, labels, ...row }) => ({
          ...row,
          labels: le === undefined ? {} : { le },
          sharedLabels: labels,
        })),
      }),
      reset: () => {},
    }
    this.registry.registerMetric(metric as unknown as client.Metric)
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const named = (labels: readonly string[], values: readonly string[]): Labels =>
  Object.fromEntries(labels.map((label, i) => [label, values[i] ?? '']))

function bucketRows(name: string, labels: Labels, { bounds, counts, sum }: Buckets): Row[] {
  let total = 0
  const rows = [...bounds, Number.POSITIVE_INFINITY].map((bound, i) => {
    total += counts[i] as number
    const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : bound
    return { metricName: `${name}_bucket`, le, labels, value: total }
  })
  return [
    ...rows,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ]
}
