import fs from 'node:fs'
import path from 'node:path'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { keepStateFolder } from '../../base/state-folder.ts'
import { decodeControllerMessage, type Moment } from '../../model/push-message.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { snapshotPieces } from '../../model/snapshot-pieces.ts'

/** A configuration and when it was published. */
export interface Held extends Moment {
  readonly snapshot: Snapshot
}

const newestName = 'snapshot.json'
const previousName = 'snapshot.previous.json'
/** A change is on disk this much later: of an edit in ten thousand routes the whole is written again. */
const restMs = 1000
/** Of the time, writing takes at most one part in so many. */
const share = 20

/**
 * The last good snapshot on disk, so that a proxy starts and serves while the controller is away. Written whole or not at
 * all, readable by nobody else; the one before is kept for the day this one cannot be read (hostile-inputs K8).
 */
export class LastGoodFile {
  readonly #folder: string
  readonly #log: Log
  readonly #clock: Clock
  /** The newest file can be read: it is worth being kept as the previous one. */
  #isGood = false
  #wanted: Held | undefined
  #timer: Timer | undefined
  #writing: Promise<void> | undefined
  #tookMs = 0

  constructor(folder: string, log: Log, clock: Clock) {
    this.#folder = folder
    this.#log = log
    this.#clock = clock
  }

  /** The newest that can be read, whole and with every digest true. What cannot be used is said in the log. */
  load(): Held | undefined {
    for (const name of [newestName, previousName]) {
      const held = this.#read(path.join(this.#folder, name))
      if (held === undefined) continue
      this.#isGood = name === newestName
      return held
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

  /** Saves soon, in the background: of several only the newest. A full disk costs the file, never the traffic. */
  save(held: Held): void {
    this.#wanted = held
    if (this.#writing !== undefined) return
    this.#timer ??= this.#clock.after(Math.max(restMs, this.#tookMs * share), () => this.#begin())
  }

  /** Writes at once what is not written yet, and resolves when nothing is left. */
  async settled(): Promise<void> {
    await this.#writing
    this.#timer?.cancel()
    this.#begin()
    await this.#writing
  }

  #begin(): void {
    this.#timer = undefined
    const held = this.#wanted
    if (held === undefined || this.#writing !== undefined) return
    this.#wanted = undefined
    this.#writing = this.#try(held).finally(() => {
      this.#writing = undefined
      if (this.#wanted !== undefined) this.save(this.#wanted)
    })
  }

  async #try(held: Held): Promise<void> {
    const startedMs = this.#clock.nowMs()
    try {
      await this.#write(held)
    } catch (error) {
      this.#log.error('the last good snapshot cannot be saved: a restart would not know it', {
        folder: this.#folder,
        error,
      })
    }
    this.#tookMs = this.#clock.nowMs() - startedMs
  }

  async #write(held: Held): Promise<void> {
    const file = path.join(this.#folder, newestName)
    const fresh = `${file}.new`
    await keepStateFolder(this.#folder)
    await writePieces(fresh, snapshotPieces(held))
    if (this.#isGood) await fs.promises.rename(file, path.join(this.#folder, previousName))
    await fs.promises.rename(fresh, file)
    this.#isGood = true
  }
}

/** Requests are served between the pieces. */
async function writePieces(file: string, pieces: Iterable<string>): Promise<void> {
  await fs.promises.rm(file, { force: true })
  const handle = await fs.promises.open(file, 'wx', 0o600)
  try {
    for (const piece of pieces) await handle.writeFile(piece)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
