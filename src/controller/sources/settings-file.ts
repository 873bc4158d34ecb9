import fs from 'node:fs'
import path from 'node:path'
import type { Clock, Timer } from '../../base/clock.ts'
import { printProblem } from '../../model/problem.ts'
import { defaultSettings, type Settings } from '../../model/settings.ts'
import { decodeSettings } from '../api/settings.ts'
import { losesSomething } from './loses.ts'
import { parseFile, type SyntaxFault } from './parse-file.ts'
import { type Content, SteadyFiles, type Verdict } from './steady-files.ts'
import type { SourceProblem } from './stock.ts'

/** What events do not tell is found by then. */
const sweepMs = 30_000

export interface SettingsFileOptions {
  readonly clock: Clock
  readonly changed: () => void
  /** The document that was last good in an earlier run. */
  readonly saved?: unknown
}

/** The settings file, watched; a broken one keeps the last good settings in force. Without a file: the defaults. */
export class SettingsFile {
  current: Settings = defaultSettings
  problems: readonly SourceProblem[] = []
  /** What is in force, as it was written; undefined: nothing was ever good. */
  document: unknown
  readonly #file: string | undefined
  readonly #options: SettingsFileOptions
  readonly #steady: SteadyFiles
  #watcher: fs.FSWatcher | undefined
  #sweep: Timer | undefined

  constructor(file: string | undefined, options: SettingsFileOptions) {
    this.#file = file
    this.#options = options
    this.#steady = new SteadyFiles({
      clock: options.clock,
      judge: (_, content) => this.#judge(content),
    })
  }

  /** Reads it as it is. Answers whether there are settings to run with; `problems` says what is wrong. */
  open(): boolean {
    if (this.#file === undefined) return true
    const { saved } = this.#options
    const decoded = saved === undefined ? undefined : decodeSettings(saved)
    if (decoded !== undefined && 'settings' in decoded) this.#set(decoded.settings, saved)
    this.#steady.load(this.#file)
    return this.problems.length === 0 || this.document !== undefined
  }

  /** From now on, and whatever happened since `open`. */
  watch(): void {
    const file = this.#file
    if (file === undefined) return
    this.#watcher = fs.watch(path.dirname(file), { persistent: false }, () =>
      this.#steady.touch(file),
    )
    this.#watcher.on('error', () => this.#watcher?.close())
    this.#look(file)
  }

  /** What is wrong with the file, and what is wrong only in the light of all objects. */
  problemsAnd(message: string | undefined): readonly SourceProblem[] {
    if (message === undefined) return this.problems
    return [...this.problems, { file: this.#file ?? '', ...nowhere(message) }]
  }

  close(): void {
    this.#watcher?.close()
    this.#sweep?.cancel()
    this.#steady.close()
  }

  #look(file: string): void {
    this.#steady.touch(file)
    this.#sweep = this.#options.clock.after(sweepMs, () => this.#look(file))
  }

  #judge(content: Content): Verdict {
    if (content.kind === 'none') return this.#refused([nowhere('does not exist')])
    if (content.kind === 'fault') return this.#refused([nowhere(content.message)])
    const parsed = parseFile(this.#file ?? '', content.bytes)
    if ('fault' in parsed) return this.#refused([parsed.fault])
    const [document, second] = parsed.documents.map(({ value }) => value)
    if (second !== undefined) return this.#refused([nowhere('holds several documents, not one')])
    const decoded = decodeSettings(document)
    if ('problems' in decoded)
      return this.#refused(decoded.problems.map((problem) => nowhere(printProblem(problem))))
    const accept = () => {
      this.#set(decoded.settings, document ?? {})
      this.#options.changed()
    }
    return { isHarmless: !losesSomething(this.document, document), accept }
  }

  #refused(faults: readonly SyntaxFault[]): Verdict {
    const accept = () => {
      this.problems = faults.map((fault) => ({ file: this.#file ?? '', ...fault }))
      this.#options.changed()
    }
    return { isHarmless: false, accept }
  }

  #set(settings: Settings, document: unknown): void {
    this.current = settings
    this.document = document
    this.problems = []
  }
}

const nowhere = (message: string): SyntaxFault => ({ line: 0, column: 0, message })
