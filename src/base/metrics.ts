import client from 'prom-client'

/** A series that only grows. */
export interface Counter {
  inc(by?: number): void
}

export interface Gauge {
  set(value: number): void
  inc(by?: number): void
}

/** Observations in the unit of the metric's name: seconds, as a rule. */
export interface Histogram {
  observe(value: number): void
}

/** A metric with its labels: `series` finds or makes the one with these values. Get it once, not per request. */
export interface Family<Series> {
  series(...values: readonly string[]): Series
}

class Cell implements Counter, Gauge {
  value = 0
  inc(by = 1): void {
    this.value += by
  }
  set(value: number): void {
    this.value = value
  }
}

class Buckets implements Histogram {
  readonly bounds: readonly number[]
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const { bounds } = this
    let at = 0
    while (at < bounds.length && value > (bounds[at] as number)) at++
    this.counts[at] = (this.counts[at] as number) + 1
    this.sum += value
  }
}

interface Entry<Series> {
  readonly values: readonly string[]
  readonly series: Series
}

class Table<Series> implements Family<Series> {
  readonly entries = new Map<string, Entry<Series>>()
  readonly #make: () => Series
  constructor(make: () => Series) {
    this.#make = make
  }
  series(...values: readonly string[]): Series {
    const key = values.join('\0')
    let entry = this.entries.get(key)
    if (entry === undefined) this.entries.set(key, (entry = { values, series: this.#make() }))
    return entry.series
  }
}

/** What a gauge is over several processes: their sum, or that of the highest or the lowest. */
export type Across = 'sum' | 'max' | 'min'

/** Latencies from half a millisecond to a minute, in seconds. */
const latencyBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]

/**
 * Counters that cost an addition on the hot path. prom-client's registry reads them when somebody scrapes;
 * its own `inc` would cost 300 ns.
 */
export class Metrics {
  readonly registry = new client.Registry()

  counter<const Labels extends readonly string[]>(
    name: string,
    help: string,
    labels: Labels,
  ): Family<Counter> {
    const table = new Table<Cell>(() => new Cell())
    const metric: client.Counter = new client.Counter({
      name,
      help,
      labelNames: labels,
      registers: [this.registry],
      collect: () => copy(metric, labels, table, true),
    })
    return table
  }

  gauge<const Labels extends readonly string[]>(
    name: string,
    help: string,
    labels: Labels,
    across: Across = 'sum',
  ): Family<Gauge> {
    const table = new Table<Cell>(() => new Cell())
    const metric: client.Gauge = new client.Gauge({
      name,
      help,
      labelNames: labels,
      aggregator: across,
      registers: [this.registry],
      collect: () => copy(metric, labels, table, false),
    })
    return table
  }

  /** A gauge that is computed when somebody scrapes. `read` answers label values and a number a row. */
  computed(
    name: string,
    help: string,
    labels: readonly string[],
    read: () => Iterable<readonly [readonly string[], number]>,
  ): void {
    const metric = new client.Gauge({
      name,
      help,
      labelNames: labels,
      registers: [this.registry],
      collect() {
        metric.reset()
        for (const [values, value] of read()) metric.set(named(labels, values), value)
      },
    })
  }

  histogram<const Labels extends readonly string[]>(
    name: string,
    help: string,
    labels: Labels,
    bounds: readonly number[] = latencyBuckets,
  ): Family<Histogram> {
    const table = new Table<Buckets>(() => new Buckets(bounds))
    this.registry.registerMetric(
      new TableHistogram(name, help, labels, table) as unknown as client.Metric,
    )
    return table
  }

  /** CPU, memory, open files and garbage collection of this process, with the event loop's delay. */
  withProcess(): this {
    client.collectDefaultMetrics({ register: this.registry })
    return this
  }

  /** The text format of Prometheus. */
  exposition(): Promise<string> {
    return this.registry.metrics()
  }

  get contentType(): string {
    return this.registry.contentType
  }
}

const named = (labels: readonly string[], values: readonly string[]): Record<string, string> =>
  Object.fromEntries(labels.map((label, i) => [label, values[i] ?? '']))

function copy(
  metric: client.Counter | client.Gauge,
  labels: readonly string[],
  table: Table<Cell>,
  isCounter: boolean,
): void {
  metric.reset()
  for (const { values, series } of table.entries.values()) {
    if (isCounter) (metric as client.Counter).inc(named(labels, values), series.value)
    else (metric as client.Gauge).set(named(labels, values), series.value)
  }
}

/** What prom-client asks of a metric, over our own counts. */
class TableHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #labels: readonly string[]
  readonly #table: Table<Buckets>

  constructor(name: string, help: string, labels: readonly string[], table: Table<Buckets>) {
    this.name = name
    this.help = help
    this.#labels = labels
    this.#table = table
  }

  get() {
    const values = [...this.#table.entries.values()].flatMap((entry) => this.#rows(entry))
    return {
      name: this.name,
      help: this.help,
      type: this.type,
      aggregator: this.aggregator,
      values,
    }
  }

  #rows({ values, series }: Entry<Buckets>) {
    const labels = named(this.#labels, values)
    let total = 0
    const rows = [...series.bounds, Number.POSITIVE_INFINITY].map((bound, i) => {
      total += series.counts[i] as number
      return {
        metricName: `${this.name}_bucket`,
        labels: { le: bound === Number.POSITIVE_INFINITY ? '+Inf' : bound, ...labels },
        value: total,
      }
    })
    return [
      ...rows,
      { metricName: `${this.name}_sum`, labels, value: series.sum },
      { metricName: `${this.name}_count`, labels, value: total },
    ]
  }

  reset(): void {}
}
