import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type { Log } from '../base/log.ts'
import { makeStateFolder } from '../base/state-folder.ts'
import type { ApiAuthorizerObject, ApiRouteObject } from './api/objects.ts'
import type { SavedFile } from './sources/shelf.ts'

export type OurObject = ApiRouteObject | ApiAuthorizerObject

/** What outlives the process: what is served in the place of something broken. */
export interface State {
  /** The last good version of each object whose current one is broken. */
  readonly objects: readonly OurObject[]
  /** What files held that are damaged now. */
  readonly files: readonly SavedFile[]
  /** The settings file as it was last good; only while it is broken. */
  readonly settings?: unknown
}

const fileName = 'last-good.json'
/** Raised whenever a decoded object gets another form: a state of another format is not used. */
const format = 2
const notUsed =
  'the last good state is not used: what is broken holds with 503 what can be read of its place, and the rest is left to other objects'
const nothing: State = { objects: [], files: [] }

/**
 * The file of `--state`. Written whole or not at all, readable for its owner only (files may hold Secrets). One that
 * is damaged or of another version counts as none: what is broken then holds what can be read of its place (ADR 2).
 */
export class StateFile {
  readonly #file: string | undefined
  readonly #log: Log
  #saved = JSON.stringify(nothing)

  /** @param folder undefined: nothing is kept */
  constructor(folder: string | undefined, log: Log) {
    this.#file = folder === undefined ? undefined : path.join(folder, fileName)
    this.#log = log
  }

  load(): State {
    if (this.#file === undefined) return nothing
    try {
      const state = decode(fs.readFileSync(this.#file, 'utf8'))
      this.#saved = JSON.stringify(state)
      return state
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nothing
      this.#log.warn(notUsed, { file: this.#file, reason: (error as Error).message })
      // Whatever is there is replaced by the first state that is saved.
      this.#saved = ''
      return nothing
    }
  }

  /** Before anything is published. A state that cannot be saved is told, and served all the same. */
  save(state: State): void {
    if (this.#file === undefined) return
    const text = JSON.stringify(state)
    if (text === this.#saved) return
    try {
      replace(this.#file, JSON.stringify({ format, digest: digestOf(text), state: text }))
      this.#saved = text
    } catch (error) {
      this.#log.error('the last good state cannot be saved: a restart would not know it', {
        file: this.#file,
        error,
      })
    }
  }
}

function decode(file: string): State {
  const saved = JSON.parse(file) as Record<string, unknown> | null
  if (saved?.['format'] !== format) throw new Error('it is of another version')
  const { digest, state } = saved
  if (typeof state !== 'string' || digestOf(state) !== digest) throw new Error('it is damaged')
  return JSON.parse(state) as State
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A new file takes the place of the old one, and both are on the disk before anybody relies on it. */
function replace(file: string, text: string): void {
  const folder = path.dirname(file)
  const fresh = `${file}.new`
  makeStateFolder(folder)
  // One that was left over may have other rights.
  fs.rmSync(fresh, { force: true })
  fs.writeFileSync(fresh, text, { mode: 0o600, flag: 'wx', flush: true })
  fs.renameSync(fresh, file)
  const opened = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(opened)
  } finally {
    fs.closeSync(opened)
  }
}
