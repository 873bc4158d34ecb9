import fs from 'node:fs'
import path from 'node:path'
import type { Log } from '../../base/log.ts'
import {
  decodeControllerMessage,
  encodeControllerMessage,
  type Moment,
} from '../../model/push-message.ts'
import type { Snapshot } from '../../model/snapshot.ts'

/** A configuration and when it was published. */
export interface Held extends Moment {
  readonly snapshot: Snapshot
}

const newestName = 'snapshot.json'
const previousName = 'snapshot.previous.json'

/**
 * The last good snapshot on disk, so that a proxy starts and serves while the controller is away. Written whole or not at
 * all, readable by nobody else; the one before is kept for the day this one cannot be read (hostile-inputs K8).
 */
export class LastGoodFile {
  readonly #folder: string
  readonly #log: Log
  #wanted: Held | undefined
  #writing: Promise<void> | undefined

  constructor(folder: string, log: Log) {
    this.#folder = folder
    this.#log = log
  }

  /** The newest that can be read, whole and with every digest true. What cannot be used is said in the log. */
  load(): Held | undefined {
    for (const name of [newestName, previousName]) {
      const held = this.#read(path.join(this.#folder, name))
      if (held !== undefined) return held
    }
    return undefined
  }

  #read(file: string): Held | undefined {
    try {
      const decoded = decodeControllerMessage(fs.readFileSync(file, 'utf8'))
      if ('message' in decoded && decoded.message.type === 'snapshot') return decoded.message
      const problem = 'problem' in decoded ? decoded.problem : 'it holds no snapshot'
      this.#log.error('a last good snapshot cannot be used', { file, problem })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.error('a last good snapshot cannot be read', { file, error })
    }
    return undefined
  }

  /** Saves in the background; of several while one is being written only the newest. A full disk costs the file, never the traffic. */
  save(held: Held): void {
    this.#wanted = held
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined
    })
  }

  /** Resolves when nothing is left to write. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  async #drain(): Promise<void> {
    for (let held = this.#wanted; held !== undefined; held = this.#wanted) {
      this.#wanted = undefined
      await this.#write(held).catch((error: unknown) =>
        this.#log.error('the last good snapshot cannot be saved: a restart would not know it', {
          folder: this.#folder,
          error,
        }),
      )
    }
  }

  async #write({ epoch, sequence, snapshot }: Held): Promise<void> {
    const file = path.join(this.#folder, newestName)
    const fresh = `${file}.new`
    const text = encodeControllerMessage({ type: 'snapshot', epoch, sequence, snapshot })
    await fs.promises.mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await fs.promises.writeFile(fresh, text, { mode: 0o600, flush: true })
    await fs.promises
      .rename(file, path.join(this.#folder, previousName))
      .catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
    await fs.promises.rename(fresh, file)
  }
}
