import fs from 'node:fs'
import type { Clock, Timer } from './clock.ts'

const batchBytes = 64 * 1024
const batchMs = 100
/** What waits for a sink that does not take it; beyond this lines are dropped and counted. */
const mostWaiting = 8 * 1024 * 1024

/** What a pipe takes whole, however many write to it (PIPE_BUF of Linux). */
const pipeBytes = 4096

/**
 * Writes lines in batches, off the path of whoever writes them. A sink that blocks loses lines, counted, and
 * never holds anything up.
 */
export class LineWriter {
  readonly #clock: Clock
  readonly #open: () => number
  readonly #mostBytes: number
  #descriptor: number
  #lines = ''
  #waiting = 0
  #timer: Timer | undefined
  #writing = false
  #queue: Buffer[] = []
  dropped = 0

  /**
   * @param file a path, or '-' for standard output
   * @param writers `several`: other processes write to the same, and the lines of each must stay whole
   */
  constructor(file: string, clock: Clock, writers: 'one' | 'several' = 'one') {
    this.#clock = clock
    this.#open = () => (file === '-' ? 1 : fs.openSync(file, 'a', 0o640))
    this.#descriptor = this.#open()
    const isFile = fs.fstatSync(this.#descriptor).isFile()
    this.#mostBytes = writers === 'several' && !isFile ? pipeBytes : Number.POSITIVE_INFINITY
  }

  /** A line over this many bytes may be torn by another process; Infinity where none can be. */
  get longestLine(): number {
    return this.#mostBytes
  }

  write(line: string): void {
    if (this.#waiting + line.length > mostWaiting) {
      this.dropped++
      return
    }
    this.#waiting += line.length
    this.#lines += line
    if (this.#lines.length >= batchBytes) this.#cut()
    else this.#timer ??= this.#clock.after(batchMs, () => this.#cut())
  }

  /** After a rotation: lines from now on go to the file of that name. */
  reopen(): void {
    const old = this.#descriptor
    if (old === 1) return
    this.#descriptor = this.#open()
    fs.close(old, () => {})
  }

  #cut(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#lines === '') return
    const lines = Buffer.from(this.#lines, 'utf8')
    this.#lines = ''
    this.#queue.push(...wholeLines(lines, this.#mostBytes))
    this.#next()
  }

  #next(): void {
    const batch = this.#queue[0]
    if (batch === undefined || this.#writing) return
    this.#writing = true
    fs.write(this.#descriptor, batch, (error, written) => {
      this.#writing = false
      if (error !== null && error.code !== 'EAGAIN') this.dropped += countLines(batch)
      const rest =
        error === null
          ? batch.subarray(written)
          : error.code === 'EAGAIN'
            ? batch
            : batch.subarray(batch.length)
      this.#waiting -= batch.length - rest.length
      if (rest.length > 0) this.#queue[0] = rest
      else this.#queue.shift()
      if (error?.code === 'EAGAIN') this.#clock.after(batchMs, () => this.#next())
      else this.#next()
    })
  }

  /** Writes what is left, at once. */
  close(): void {
    this.#timer?.cancel()
    const rest = Buffer.concat([
      ...this.#queue.slice(this.#writing ? 1 : 0),
      Buffer.from(this.#lines, 'utf8'),
    ])
    this.#queue = []
    this.#lines = ''
    try {
      for (const part of wholeLines(rest, this.#mostBytes)) fs.writeSync(this.#descriptor, part)
      if (this.#descriptor !== 1) fs.closeSync(this.#descriptor)
    } catch {
      this.dropped += countLines(rest)
    }
  }
}

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
