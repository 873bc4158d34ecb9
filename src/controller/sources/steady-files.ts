import fs from 'node:fs'
import type { Clock, Timer } from '../../base/clock.ts'

/** Who writes in several steps (truncate, then piece by piece) is rarely slower between two of them. */
const settleMs = 25
/** A file that never comes to rest is read all the same. */
const longestSettleMs = 100
/** What would take something away must stay so long. */
const doubtMs = 800
const longestDoubtMs = 5000
/** With most of the files gone: rather a mount that failed than a wish (K3). */
const massDoubtMs = 2000

/** More than an API server would take. */
const largestFile = 32 * 1024 * 1024

/** A file as it was read. */
export type Content =
  | { readonly kind: 'text'; readonly bytes: Buffer }
  | { readonly kind: 'fault'; readonly message: string }
  | { readonly kind: 'none' }

/** What a content comes to. Nothing of it is in force before `accept`. */
export interface Verdict {
  /** It takes nothing away from what is in force: no reason to wait. */
  readonly isHarmless: boolean
  accept(): void
}

export interface SteadyFilesOptions {
  readonly clock: Clock
  readonly judge: (file: string, content: Content) => Verdict
}

/** What was read and is not believed yet. */
interface Reading {
  readonly content: Content
  readonly verdict: Verdict
}

interface Entry {
  /** Another one after every change; '' without a file. */
  stamp: string
  /** When the stamp was first seen. */
  changedMs: number
  /** Since when there is a change that was not read. */
  unreadMs: number | undefined
  /** Since when what is there is not believed. */
  doubtedMs: number | undefined
  reading: Reading | undefined
  /** The content in force ended with a line break. */
  endsLine: boolean
  timer: Timer | undefined
}

/**
 * Files that somebody may be writing just now. A change is read when the file has come to rest. It is believed at once
 * if it takes nothing away; if it does (or the file is gone, unreadable, or ends in mid-line) only when it stays so: a
 * file that is half written or on its way to another name costs nothing.
 */
export class SteadyFiles {
  readonly #clock: Clock
  readonly #judge: SteadyFilesOptions['judge']
  readonly #entries = new Map<string, Entry>()
  #gone = 0

  constructor({ clock, judge }: SteadyFilesOptions) {
    this.#clock = clock
    this.#judge = judge
  }

  /** Every file that is, or was until lately. */
  get names(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** Reads and believes a file as it is. */
  load(file: string): void {
    const entry = this.#entry(file)
    this.#stamp(entry, stampOf(file))
    const content = contentOf(file)
    this.#accept(file, entry, { content, verdict: this.#judge(file, content) })
  }

  /** Something may have happened to a file. */
  touch(file: string): void {
    const stamp = stampOf(file)
    if (stamp === (this.#entries.get(file)?.stamp ?? '')) return
    const entry = this.#entry(file)
    this.#stamp(entry, stamp)
    entry.unreadMs ??= entry.changedMs
    entry.reading = undefined
    this.#plan(file, entry)
  }

  close(): void {
    for (const { timer } of this.#entries.values()) timer?.cancel()
  }

  #entry(file: string): Entry {
    const known = this.#entries.get(file)
    if (known !== undefined) return known
    const entry: Entry = {
      stamp: 'new',
      changedMs: 0,
      unreadMs: undefined,
      doubtedMs: undefined,
      reading: undefined,
      endsLine: true,
      timer: undefined,
    }
    this.#entries.set(file, entry)
    return entry
  }

  #stamp(entry: Entry, stamp: string): void {
    this.#gone += Number(stamp === '') - Number(entry.stamp === '')
    entry.stamp = stamp
    entry.changedMs = this.#clock.nowMs()
  }

  #plan(file: string, entry: Entry): void {
    entry.timer?.cancel()
    const waitMs = Math.max(1, this.#dueMs(entry) - this.#clock.nowMs())
    entry.timer = this.#clock.after(waitMs, () => this.#look(file, entry))
  }

  #dueMs({ reading, changedMs, unreadMs, doubtedMs }: Entry): number {
    if (reading === undefined)
      return Math.min(changedMs + settleMs, (unreadMs ?? changedMs) + longestSettleMs)
    const quietMs = this.#gone > this.#entries.size / 2 ? massDoubtMs : doubtMs
    return Math.min(changedMs + quietMs, (doubtedMs ?? changedMs) + longestDoubtMs)
  }

  #look(file: string, entry: Entry): void {
    if (stampOf(file) !== entry.stamp) return this.touch(file)
    if (this.#dueMs(entry) > this.#clock.nowMs()) return this.#plan(file, entry)
    if (entry.reading !== undefined) return this.#accept(file, entry, entry.reading)
    const content = contentOf(file)
    // Written while it was read: this may be the half of two versions.
    if (stampOf(file) !== entry.stamp) return this.touch(file)
    entry.unreadMs = undefined
    const reading = { content, verdict: this.#judge(file, content) }
    if (reading.verdict.isHarmless && !isCut(file, content, entry))
      return this.#accept(file, entry, reading)
    entry.reading = reading
    entry.doubtedMs ??= this.#clock.nowMs()
    this.#plan(file, entry)
  }

  #accept(file: string, entry: Entry, { content, verdict }: Reading): void {
    entry.reading = undefined
    entry.doubtedMs = undefined
    if (content.kind === 'text') entry.endsLine = endsLine(content.bytes)
    if (content.kind === 'none') {
      this.#entries.delete(file)
      this.#gone--
    }
    verdict.accept()
  }
}

/** A text without its last line break, where there used to be one, may go on. JSON says itself where it ends. */
function isCut(file: string, content: Content, before: Entry): boolean {
  if (content.kind !== 'text' || content.bytes.length === 0 || file.endsWith('.json')) return false
  const isJson = /^\s*[[{]/.test(content.bytes.toString('latin1', 0, 64))
  return before.endsLine && !endsLine(content.bytes) && !isJson
}

const endsLine = (bytes: Buffer): boolean => bytes.at(-1) === 0x0a

function stampOf(file: string): string {
  try {
    const stats = fs.statSync(file, { throwIfNoEntry: false })
    return stats?.isFile() === true
      ? [stats.mtimeMs, stats.ctimeMs, stats.size, stats.dev, stats.ino].join(' ')
      : (oddity(file, stats) ?? '')
  } catch (error) {
    return codeOf(error)
  }
}

function contentOf(file: string): Content {
  try {
    const stats = fs.statSync(file, { throwIfNoEntry: false })
    const odd = oddity(file, stats)
    if (odd !== undefined) return fault(odd)
    if (stats?.isFile() !== true) return { kind: 'none' }
    if (stats.size > largestFile)
      return fault(`is larger than ${largestFile} bytes; split it into several files`)
    return { kind: 'text', bytes: fs.readFileSync(file) }
  } catch (error) {
    return fault(`cannot be read: ${codeOf(error)}`)
  }
}

/** What has the name and can hold no text; undefined for a file, a folder, and where nothing is. */
function oddity(file: string, stats: fs.Stats | undefined): string | undefined {
  if (stats === undefined) {
    const link = fs.lstatSync(file, { throwIfNoEntry: false })
    return link && 'is a symbolic link to what does not exist'
  }
  if (stats.isFile() || stats.isDirectory()) return undefined
  const what = stats.isFIFO() ? 'FIFO' : stats.isSocket() ? 'socket' : 'device'
  return `is a ${what}; manifests are read from files`
}

const fault = (message: string): Content => ({ kind: 'fault', message })

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)
