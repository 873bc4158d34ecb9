import fs from 'node:fs'
import path from 'node:path'
import type { Clock, Timer } from '../../base/clock.ts'
import { largestFile, parseFile } from './parse-file.ts'
import { Shelf } from './shelf.ts'

export interface DirectoryOptions {
  readonly clock: Clock
  /** Something changed: `shelf` holds what is there now. */
  readonly changed: () => void
}

const manifestName = /\.(yaml|yml|json)$/
const deepest = 8
/** What an event may have missed is found by then. */
const rescanMs = 30_000

interface Seen {
  readonly stamp: string
}

/**
 * Manifests of a folder and the folders in it, watched. A file is read again when its time, size or number changes,
 * whichever way it was written: in place, by a rename, by a swap of the symbolic link that Kubernetes mounts.
 */
export class Directory {
  readonly shelf = new Shelf()
  readonly #root: string
  readonly #options: DirectoryOptions
  readonly #files = new Map<string, Seen>()
  readonly #watchers = new Map<string, fs.FSWatcher>()
  #timer: Timer | undefined
  #closed = false

  constructor(root: string, options: DirectoryOptions) {
    this.#root = path.resolve(root)
    this.#options = options
  }

  /** Reads everything. Throws when the folder itself cannot be read. */
  open(): void {
    fs.readdirSync(this.#root)
    this.#scan()
  }

  watch(): void {
    this.#watchAll(this.#root, 0)
    this.#plan()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    for (const watcher of this.#watchers.values()) watcher.close()
  }

  #plan(): void {
    this.#timer = this.#options.clock.after(rescanMs, () => {
      if (this.#scan()) this.#options.changed()
      this.#plan()
    })
  }

  /** True when something differs from before. */
  #scan(): boolean {
    const found = new Set<string>()
    let isChanged = false
    for (const file of filesIn(this.#root, 0)) {
      found.add(file)
      if (this.#read(file)) isChanged = true
    }
    for (const file of this.#files.keys())
      if (!found.has(file) && this.#forget(file)) isChanged = true
    return isChanged
  }

  #read(file: string): boolean {
    const stats = fs.statSync(file, { throwIfNoEntry: false })
    if (stats === undefined || !stats.isFile()) return this.#forget(file)
    const stamp = `${stats.mtimeMs} ${stats.ctimeMs} ${stats.size} ${stats.ino}`
    if (this.#files.get(file)?.stamp === stamp) return false
    this.#files.set(file, { stamp })
    const name = path.relative(this.#root, file)
    if (stats.size > largestFile)
      return this.shelf.refuse(name, {
        line: 0,
        column: 0,
        message: `is larger than ${largestFile} bytes`,
      })
    try {
      const parsed = parseFile(file, fs.readFileSync(file, 'utf8'))
      return 'fault' in parsed
        ? this.shelf.refuse(name, parsed.fault)
        : this.shelf.put(name, parsed.documents)
    } catch (error) {
      return this.shelf.refuse(name, {
        line: 0,
        column: 0,
        message: `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`,
      })
    }
  }

  #forget(file: string): boolean {
    if (!this.#files.delete(file)) return false
    this.shelf.remove(path.relative(this.#root, file))
    return true
  }

  #watchAll(folder: string, depth: number): void {
    if (this.#closed || depth > deepest || this.#watchers.has(folder)) return
    try {
      const watcher = fs.watch(folder, (_, name) => this.#event(folder, name))
      watcher.on('error', () => this.#unwatch(folder))
      this.#watchers.set(folder, watcher)
    } catch {
      // Gone between two looks: the rescan finds what matters.
      return
    }
    for (const entry of readFolder(folder)) {
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        this.#watchAll(path.join(folder, entry.name), depth + 1)
    }
  }

  #unwatch(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }

  #event(folder: string, name: string | null): void {
    if (this.#closed) return
    const file = name === null ? undefined : path.join(folder, name)
    const isPlain = file !== undefined && manifestName.test(file) && !name?.startsWith('.')
    if (isPlain ? this.#read(file) : this.#folderEvent(file)) this.#options.changed()
  }

  /** A folder came or went, or the link behind a mounted ConfigMap was swapped: look at everything. */
  #folderEvent(file: string | undefined): boolean {
    const isOther =
      file !== undefined &&
      !path.basename(file).startsWith('..') &&
      fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true
    if (isOther) return false
    this.#watchAll(this.#root, 0)
    for (const entry of readFolder(this.#root)) {
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        this.#watchAll(path.join(this.#root, entry.name), 1)
    }
    return this.#scan()
  }
}

function readFolder(folder: string): fs.Dirent[] {
  try {
    return fs
      .readdirSync(folder, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch {
    return []
  }
}

function filesIn(folder: string, depth: number): string[] {
  if (depth > deepest) return []
  return readFolder(folder).flatMap((entry) => {
    const file = path.join(folder, entry.name)
    if (entry.name.startsWith('.')) return []
    if (entry.isDirectory()) return filesIn(file, depth + 1)
    return manifestName.test(entry.name) ? [file] : []
  })
}
