import type { Clock, Timer } from './clock.ts'
import { openSink, type Sink } from './sink.ts'

const batchBytes = 64 * 1024
const batchMs = 100
/** What waits for a sink that does not take it; beyond this lines are dropped and counted. */
const mostWaiting = 8 * 1024 * 1024
/** What a pipe takes whole, however many write to it (PIPE_BUF of Linux). */
const pipeBytes = 4096
/** At the end a sink that takes nothing for this long is given up. */
const closeMs = 1000

export interface LineWriterOptions {
  /** A path, or '-' for standard output. */
  readonly file: string
  readonly clock: Clock
  /** `several`: other processes write to the same, and the lines of each must stay whole. */
  readonly writers?: 'one' | 'several'
  /** The sink fails, after it last worked. Not called again before it works. */
  readonly failed: (error: Error) => void
}

/**
 * Writes lines in batches, off the path of whoever writes them. A sink that is full, stuck or broken loses lines,
 * counted, and never holds anything up. Throws Node's error when the file cannot be opened.
 */
export class LineWriter {
  /** Lines that the sink did not take whole; of a pipe that breaks, all that were on their way. */
  dropped = 0
  readonly #options: LineWriterOptions
  /** A line over this many bytes may be torn by another process; Infinity where none can be. */
  readonly longestLine: number
  /** Undefined for a pipe that nobody reads yet, and one whose reader has gone. */
  #sink: Sink | undefined
  #lines = ''
  /** Bytes in `#lines` and `#queue`. */
  #waiting = 0
  #queue: Buffer[] = []
  #timer: Timer | undefined
  #retry: Timer | undefined
  #writing = false
  #reopening = false
  #working = true
  /** The last byte that was written ends no line. */
  #midLine = false
  /** The rest of that line was lost: what comes next must not continue it. */
  #torn = false
  /** Set while `close` waits: a batch has left the queue, or a part of one. */
  #moved: (() => void) | undefined

  constructor(options: LineWriterOptions) {
    this.#options = options
    this.#sink = openSink(options.file)
    const shared = options.writers === 'several' && this.#sink?.isFile !== true
    this.longestLine = shared ? pipeBytes : Number.POSITIVE_INFINITY
  }

  /** @param line ASCII, with its newline */
  write(line: string): void {
    if (this.#waiting + line.length > mostWaiting) {
      this.dropped++
      return
    }
    this.#waiting += line.length
    this.#lines += line
    if (this.#lines.length >= batchBytes) this.#cut()
    else this.#timer ??= this.#options.clock.after(batchMs, () => this.#cut())
  }

  /** After a rotation: what is written from now on goes to the file that has the name now. */
  reopen(): void {
    this.#cut()
    this.#reopening = true
    this.#retry?.cancel()
    this.#retry = undefined
    this.#next()
  }

  /** Writes what is left, and resolves when it is written or given up. Nothing may be written after. */
  async close(): Promise<void> {
    this.#cut()
    while (this.#queue.length > 0 && (await this.#moves()));
    this.#retry?.cancel()
    for (const batch of this.#queue.splice(0)) this.dropped += countLines(batch)
    this.#leave()
  }

  #leave(): void {
    this.#sink?.close()
    this.#sink = undefined
  }

  /** What is left, in the last moment of a process: at once, as far as the sink takes it. */
  closeNow(): void {
    const rest = [...this.#queue.slice(this.#writing ? 1 : 0), Buffer.from(this.#lines, 'latin1')]
    this.#queue = []
    this.#lines = ''
    const parts = wholeLines(Buffer.concat(rest), this.longestLine)
    try {
      for (let part = parts[0]; part !== undefined; part = parts[0]) {
        this.#sink?.writeNow(part)
        parts.shift()
      }
    } catch {
      for (const part of parts) this.dropped += countLines(part)
    }
  }

  /** Unlike a Clock's, this timer keeps the process alive: what it waits for is worth it. */
  #moves(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), closeMs)
      this.#moved = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  #cut(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#lines === '') return
    this.#queue.push(...wholeLines(Buffer.from(this.#lines, 'latin1'), this.longestLine))
    this.#lines = ''
    this.#next()
  }

  /** A sink is changed only between two writes: the number of its descriptor may be somebody else's once it is closed. */
  #next(): void {
    if (this.#writing || this.#retry !== undefined) return
    if (this.#reopening || this.#sink === undefined) this.#open()
    const batch = this.#queue[0]
    if (batch === undefined) return
    if (this.#sink === undefined) return this.#later()
    this.#writing = true
    const bytes = this.#torn ? Buffer.concat([newline, batch]) : batch
    this.#sink.write(bytes, (error, written) => {
      this.#writing = false
      // Closed meanwhile, with what was in the queue.
      if (this.#queue[0] !== batch) return
      if (error === undefined) this.#wrote(batch, bytes, written)
      else if (error.code === 'EAGAIN') this.#later()
      else this.#lost(batch, error)
    })
  }

  #open(): void {
    try {
      const fresh = openSink(this.#options.file)
      this.#sink?.close()
      this.#sink = fresh
      if (this.#reopening) this.#torn = false
      this.#reopening = false
    } catch (error) {
      this.#reopening = false
      this.#fails(error as Error)
    }
  }

  #wrote(batch: Buffer, bytes: Buffer, written: number): void {
    this.#working = true
    const rest = bytes.subarray(written)
    this.#waiting -= batch.length - rest.length
    this.#midLine = bytes[written - 1] !== 10
    this.#torn = false
    if (rest.length > 0) this.#queue[0] = rest
    else this.#queue.shift()
    this.#moved?.()
    this.#next()
  }

  #lost(batch: Buffer, error: NodeJS.ErrnoException): void {
    this.dropped += countLines(batch)
    this.#waiting -= batch.length
    this.#queue.shift()
    this.#torn = this.#midLine
    this.#fails(error)
    if (this.#sink?.isPipe === true) this.#leave()
    this.#moved?.()
    this.#next()
  }

  #fails(error: Error): void {
    if (this.#working) this.#options.failed(error)
    this.#working = false
  }

  #later(): void {
    this.#retry = this.#options.clock.after(batchMs, () => {
      this.#retry = undefined
      this.#next()
    })
  }
}

const newline = Buffer.from('\n')

const countLines = (batch: Buffer): number =>
  batch.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0)

/** Parts of whole lines, as large as they may be; a longer line is a part of its own. */
function wholeLines(lines: Buffer, mostBytes: number): Buffer[] {
  const parts: Buffer[] = []
  let from = 0
  while (lines.length - from > mostBytes) {
    const last = lines.lastIndexOf(10, from + mostBytes - 1)
    const end = (last >= from ? last : lines.indexOf(10, from)) + 1
    parts.push(lines.subarray(from, end))
    from = end
  }
  if (from < lines.length) parts.push(lines.subarray(from))
  return parts
}
