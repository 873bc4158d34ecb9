import fs from 'node:fs'
import path from 'node:path'
import { printProblem } from '../../model/problem.ts'
import { defaultSettings, type Settings } from '../../model/settings.ts'
import { decodeSettings } from '../api/settings.ts'
import { parseFile } from './parse-file.ts'
import type { SourceProblem } from './shelf.ts'

/** The settings file, watched; a broken one keeps the last good settings in force. */
export class SettingsFile {
  current: Settings = defaultSettings
  problems: readonly SourceProblem[] = []
  readonly #file: string | undefined
  readonly #changed: () => void
  #watcher: fs.FSWatcher | undefined
  #text = ''

  constructor(file: string | undefined, changed: () => void) {
    this.#file = file
    this.#changed = changed
  }

  /** Throws when the first settings are broken: there is no last good to fall back to. */
  open(): void {
    if (this.#file === undefined) return
    this.#read(fs.readFileSync(this.#file, 'utf8'))
    const [problem] = this.problems
    if (problem !== undefined)
      throw new Error(`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`)
  }

  watch(): void {
    const file = this.#file
    if (file === undefined) return
    this.#watcher = fs.watch(path.dirname(file), () => this.#look(file))
    this.#watcher.on('error', () => {})
  }

  close(): void {
    this.#watcher?.close()
  }

  #look(file: string): void {
    let text: string
    try {
      text = fs.readFileSync(file, 'utf8')
    } catch {
      // Between a removal and the rename that follows: what is in force stays.
      return
    }
    if (text === this.#text) return
    this.#read(text)
    this.#changed()
  }

  #read(text: string): void {
    this.#text = text
    const file = this.#file ?? ''
    const parsed = parseFile(file, text)
    if ('fault' in parsed) {
      this.problems = [{ file, ...parsed.fault }]
      return
    }
    const decoded = decodeSettings(parsed.documents[0])
    if ('settings' in decoded) this.current = decoded.settings
    this.problems =
      'problems' in decoded
        ? decoded.problems.map((problem) => ({
            file,
            line: 0,
            column: 0,
            message: printProblem(problem),
          }))
        : []
  }
}
