import fs from 'node:fs'
import v8 from 'node:v8'
import type { Clock, Timer } from './clock.ts'

export type Pressure = 'none' | 'refuse' | 'shed'

const sampleMs = 250
const mebibyte = 2 ** 20
/** V8's own, where no flag says otherwise: Node 20 and 22 have 16 MiB, Node 24 has 64. */
const usualSemiSpace = (Number(process.versions.v8.split('.')[0]) < 13 ? 16 : 64) * mebibyte

interface Measurement {
  readonly heapUsed: number
  readonly rss: number
  readonly youngUsed?: number
}

/**
 * How near the process is to the memory it may have: of the heap, V8's limit, and that of its old generation alone, which
 * is what V8 ends the process for (D8); of all it holds (buffers are outside the
 * heap), the cgroup's, which it may have to share with other processes of the same program.
 */
export class MemoryPressure {
  level: Pressure = 'none'
  readonly #clock: Clock
  readonly #percents: () => { readonly memoryPercent: number; readonly memoryShedPercent: number }
  readonly #changed: (level: Pressure) => void
  readonly #heapLimit = v8.getHeapStatistics().heap_size_limit
  readonly #oldLimit = this.#heapLimit - mostYoung()
  readonly #groupLimit: number
  #rss = 0
  #timer: Timer | undefined

  constructor(
    clock: Clock,
    percents: () => { readonly memoryPercent: number; readonly memoryShedPercent: number },
    changed: (level: Pressure) => void,
    processes = 1,
  ) {
    this.#clock = clock
    this.#groupLimit = cgroupLimit() / processes
    this.#percents = percents
    this.#changed = changed
    this.#plan()
  }

  close(): void {
    this.#timer?.cancel()
  }

  #plan(): void {
    this.#timer = this.#clock.after(sampleMs, () => {
      this.sample(this.#measure())
      this.#plan()
    })
  }

  #measure(): Measurement {
    const heapUsed = v8.getHeapStatistics().used_heap_size
    return { heapUsed, rss: this.#residentSet(), youngUsed: youngSpace()?.space_used_size ?? 0 }
  }

  /** Node opens a file for it, and throws when no more may be open: then it is as it was (D7). */
  #residentSet(): number {
    try {
      this.#rss = process.memoryUsage.rss()
    } catch {
      // The next look may be luckier.
    }
    return this.#rss
  }

  /** Takes one measurement into account. */
  sample({ heapUsed, rss, youngUsed = 0 }: Measurement): void {
    const { memoryPercent, memoryShedPercent } = this.#percents()
    const old = (heapUsed - youngUsed) / this.#oldLimit
    const used = 100 * Math.max(heapUsed / this.#heapLimit, old, rss / this.#groupLimit)
    const level = used >= memoryShedPercent ? 'shed' : used >= memoryPercent ? 'refuse' : 'none'
    if (level === this.level) return
    this.level = level
    this.#changed(level)
  }
}

const youngSpace = () =>
  v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')

/** Bytes of `heap_size_limit` that only the young generation may take: three semi-spaces, a third of a small heap. */
function mostYoung(): number {
  const sizes = process.execArgv.flatMap(
    (each) => /^--max-semi-space-size=(\d+)$/.exec(each)?.[1] ?? [],
  )
  const told = Number(sizes[0] ?? 0) * mebibyte
  const inUse = (youngSpace()?.space_size ?? 0) / 2
  return 3 * Math.max(told === 0 ? usualSemiSpace : told, inUse)
}

/** Bytes that the control group allows, v2 or v1; infinite without a limit. */
function cgroupLimit(): number {
  for (const file of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    try {
      const limit = Number(fs.readFileSync(file, 'utf8'))
      // v1 says "none" by a number near 2^63.
      if (limit > 0 && limit < 2 ** 50) return limit
    } catch {
      // Another kind of control group, or none.
    }
  }
  return Number.POSITIVE_INFINITY
}
