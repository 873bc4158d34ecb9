import type { Answer } from './client.ts'

/** One request of a load. Times are milliseconds since the load began. */
export interface Sample {
  readonly n: number
  /** When it should have been sent, and how much later it was. */
  readonly dueMs: number
  readonly lateMs: number
  /** From when it was due to the last byte of its answer. */
  tookMs: number
  status: number
  /** What the backend said of itself; '' when it was not reached. */
  region: string
  version: string
  /** Undefined for a good answer; of a request that was never answered it says so. */
  failure: string | undefined
}

/** All requests of a load and what became of them. */
export class Samples {
  readonly all: Sample[] = []
  /** When the load itself stood still (its garbage collector, another process on its core): from, to. */
  readonly pauses: (readonly [fromMs: number, toMs: number])[] = []

  /** @returns to be called once, when the request is over */
  begin(n: number, dueMs: number, nowMs: number) {
    const lateMs = nowMs - dueMs
    const rest = { tookMs: 0, status: 0, region: '', version: '', failure: 'no answer' }
    const sample: Sample = { n, dueMs, lateMs, ...rest }
    const startMs = performance.now() - lateMs
    this.all.push(sample)
    return (failure: string | undefined, answer: Answer | undefined): void => {
      sample.tookMs = performance.now() - startMs
      sample.failure = failure
      if (answer === undefined) return
      sample.status = answer.status
      sample.region = /"region":"([\w-]+)"/.exec(answer.body)?.[1] ?? ''
      sample.version = /"version":"(\d+)"/.exec(answer.body)?.[1] ?? ''
    }
  }

  /** Those that were due in a span of time. */
  between(fromMs: number, toMs: number): Samples {
    const part = new Samples()
    part.pauses.push(...this.pauses.filter(([from, to]) => to >= fromMs && from < toMs + 60_000))
    for (const sample of this.all)
      if (sample.dueMs >= fromMs && sample.dueMs < toMs) part.all.push(sample)
    return part
  }

  /** From when a request was sent until its answer was there, without what the load itself stood still. */
  servedMs({ dueMs, lateMs, tookMs }: Sample): number {
    const sentMs = dueMs + lateMs
    const doneMs = dueMs + tookMs
    const still = this.pauses.reduce(
      (sum, [from, to]) => sum + Math.max(0, Math.min(to, doneMs) - Math.max(from, sentMs)),
      0,
    )
    return tookMs - lateMs - still
  }

  get failed(): readonly Sample[] {
    return this.all.filter(({ failure }) => failure !== undefined)
  }

  /** `0 of 30000 failed`, or what failed how often. */
  printFailed(): string {
    const { failed } = this
    const counts = new Map<string, number>()
    for (const { failure } of failed)
      counts.set(failure ?? '', (counts.get(failure ?? '') ?? 0) + 1)
    const reasons = [...counts].map(([reason, count]) => `${count} x ${reason}`).join(', ')
    return `${failed.length} of ${this.all.length} failed${reasons === '' ? '' : ` (${reasons})`}`
  }

  /** Share of the good answers that came from a region. */
  shareOf(region: string): number {
    const good = this.all.filter(({ failure }) => failure === undefined)
    return good.filter((sample) => sample.region === region).length / Math.max(good.length, 1)
  }

  /** Latency in milliseconds that this share of the requests does not exceed. */
  percentileMs(share: number): number {
    return percentile(
      this.all.map(({ tookMs }) => tookMs),
      share,
    )
  }

  /** How late the load itself was. */
  latenessMs(share: number): number {
    return percentile(
      this.all.map(({ lateMs }) => lateMs),
      share,
    )
  }
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)

function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(Math.ceil(share * sorted.length), sorted.length) - 1] ?? 0
}
