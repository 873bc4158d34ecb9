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
  /** Forgets every series; those that somebody holds count for nobody. */
  clear(): void
}

export class Cell implements Counter, Gauge {
  value = 0
  inc(by = 1): void {
    this.value += by
  }
  set(value: number): void {
    this.value = value
  }
}

export class Buckets implements Histogram {
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

export type Labels = Readonly<Record<string, string>>

export interface Entry<Series> {
  readonly labels: Labels
  readonly series: Series
}

export interface TableOptions<Series> {
  readonly labels: readonly string[]
  readonly make: () => Series
  /** Label sets that may be there. */
  readonly most: number
  /** What nobody will count in again: it makes room when the table is full. */
  readonly isStale: ((labels: Labels) => boolean) | undefined
}

/** What every label says of the series that counts for all that had no room. */
const overflowLabel = 'other'

/** After this many label sets without room it is worth looking again for what is stale. */
const sweepEvery = 1024

/** The series of one metric. Bounded: what is over the bound is counted in one series, so that nothing is lost from a sum. */
export class SeriesTable<Series> implements Family<Series> {
  /** Times that a label set was asked for and had no room. */
  turnedAway = 0
  readonly #options: TableOptions<Series>
  readonly #entries = new Map<string, Entry<Series>>()
  #overflow: Entry<Series> | undefined

  constructor(options: TableOptions<Series>) {
    this.#options = options
  }

  series(...values: readonly string[]): Series {
    const key = values.join('\0')
    const known = this.#entries.get(key)
    if (known !== undefined) return known.series
    if (!this.#hasRoom()) return this.#turnAway()
    const entry = this.#entry((i) => values[i] ?? '')
    this.#entries.set(key, entry)
    return entry.series
  }

  *[Symbol.iterator](): Iterator<Entry<Series>> {
    yield* this.#entries.values()
    if (this.#overflow !== undefined) yield this.#overflow
  }

  clear(): void {
    this.#entries.clear()
    this.#overflow = undefined
  }

  #entry(value: (i: number) => string): Entry<Series> {
    const { labels, make } = this.#options
    return {
      labels: Object.fromEntries(labels.map((label, i) => [label, value(i)])),
      series: make(),
    }
  }

  #hasRoom(): boolean {
    const { most, isStale } = this.#options
    if (this.#entries.size < most) return true
    if (isStale === undefined || this.turnedAway % sweepEvery !== 0) return false
    for (const [key, { labels }] of this.#entries) if (isStale(labels)) this.#entries.delete(key)
    return this.#entries.size < most
  }

  #turnAway(): Series {
    this.turnedAway++
    this.#overflow ??= this.#entry(() => overflowLabel)
    return this.#overflow.series
  }
}
