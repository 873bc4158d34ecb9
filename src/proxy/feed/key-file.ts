import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type { Log } from '../../base/log.ts'
import { keepStateFolder } from '../../base/state-folder.ts'
import type { SavedKeys } from '../../model/saved-keys.ts'

const fileName = 'keys.json'
const format = 1

/**
 * Fetched key sets on disk, so that a process that starts during an outage of an issuer goes on verifying (J20). Public
 * keys only, yet what is in here is believed: readable and writable for its owner alone, written whole or not at all. One
 * that is damaged or of another version counts as none. Several workers may share it: each writes all that it knows.
 */
export class KeyFile {
  readonly #file: string
  readonly #log: Log
  readonly #loaded: ReadonlyMap<string, SavedKeys>
  #wanted: readonly SavedKeys[] | undefined
  #writing: Promise<void> | undefined

  constructor(folder: string, log: Log) {
    this.#file = path.join(folder, fileName)
    this.#log = log
    this.#loaded = new Map(this.#read().map((saved) => [saved.source, saved]))
  }

  /** What an earlier process had fetched from there. */
  load(source: string): SavedKeys | undefined {
    return this.#loaded.get(source)
  }

  /** Saves in the background; of several while one is being written only the newest. */
  save(all: readonly SavedKeys[]): void {
    this.#wanted = all
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined
    })
  }

  /** Resolves when nothing is left to write. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  #read(): readonly SavedKeys[] {
    try {
      return decode(fs.readFileSync(this.#file, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn('saved keys are not used: issuers have to be reached first', {
          file: this.#file,
          reason: (error as Error).message,
        })
      return []
    }
  }

  async #drain(): Promise<void> {
    for (let all = this.#wanted; all !== undefined; all = this.#wanted) {
      this.#wanted = undefined
      await this.#write(all).catch((error: unknown) =>
        this.#log.error('keys cannot be saved: a restart during an outage would not know them', {
          file: this.#file,
          error,
        }),
      )
    }
  }

  async #write(all: readonly SavedKeys[]): Promise<void> {
    const sets = JSON.stringify(all)
    const fresh = `${this.#file}.${process.pid}.new`
    await keepStateFolder(path.dirname(this.#file))
    // One that was left over may have other rights.
    await fs.promises.rm(fresh, { force: true })
    const text = JSON.stringify({ format, digest: digestOf(sets), sets })
    await fs.promises.writeFile(fresh, text, { mode: 0o600, flag: 'wx', flush: true })
    await fs.promises.rename(fresh, this.#file)
  }
}

function decode(text: string): readonly SavedKeys[] {
  const file = JSON.parse(text) as Readonly<Record<string, unknown>> | null
  if (file?.['format'] !== format) throw new Error('it is of another version')
  const { digest, sets } = file
  if (typeof sets !== 'string' || digestOf(sets) !== digest) throw new Error('it is damaged')
  return JSON.parse(sets) as readonly SavedKeys[]
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')
