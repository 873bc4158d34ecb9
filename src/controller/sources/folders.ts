import fs from 'node:fs'
import path from 'node:path'

/** Deeper folders are not looked into. */
const deepest = 8

export interface Listing {
  readonly files: readonly string[]
  /** Folders that cannot be read or watched, and why. */
  readonly faults: ReadonlyMap<string, string>
}

/** Something happened to an entry of a folder; null when the system does not say to which. */
export type FolderEvent = (folder: string, name: string | null) => void

interface Watched {
  /** Of the folder itself: another one can take its place under the same name. */
  readonly id: string
  readonly watcher: fs.FSWatcher
}

/** A folder and those in it, through symbolic links, without what begins with a dot. Watched, when there is an event to call. */
export class Folders {
  readonly #event: FolderEvent | undefined
  readonly #watched = new Map<string, Watched>()

  constructor(event: FolderEvent | undefined) {
    this.#event = event
  }

  isWatched(folder: string): boolean {
    return this.#watched.has(folder)
  }

  /** Each folder is watched before it is listed: what comes in between is an event. */
  list(folder: string, depth: number): Listing {
    const visit: Visit = { files: [], faults: new Map(), folders: new Set() }
    this.#visit(
      folder,
      Array.from({ length: depth }, () => ''),
      visit,
    )
    for (const each of this.#watched.keys())
      if (isIn(each, folder) && !visit.folders.has(each)) this.#unwatch(each)
    return visit
  }

  #visit(folder: string, above: readonly string[], visit: Visit): void {
    const id = idOf(folder)
    if (above.length > deepest || (id !== '' && above.includes(id))) return
    visit.folders.add(folder)
    try {
      if (this.#event !== undefined) this.#watch(folder, id, this.#event)
    } catch (error) {
      visit.faults.set(folder, `cannot be watched: ${codeOf(error)}`)
    }
    for (const entry of read(folder, visit)) {
      const file = path.join(folder, entry.name)
      if (entry.name.startsWith('.')) continue
      if (isFolder(file, entry)) this.#visit(file, [...above, id], visit)
      else visit.files.push(file)
    }
  }

  #watch(folder: string, id: string, event: FolderEvent): void {
    if (this.#watched.get(folder)?.id === id) return
    this.#unwatch(folder)
    const watcher = fs.watch(folder, { persistent: false }, (_, name) => event(folder, name))
    watcher.on('error', () => this.#unwatch(folder))
    this.#watched.set(folder, { id, watcher })
  }

  #unwatch(folder: string): void {
    this.#watched.get(folder)?.watcher.close()
    this.#watched.delete(folder)
  }

  close(): void {
    for (const folder of this.#watched.keys()) this.#unwatch(folder)
  }
}

interface Visit {
  readonly files: string[]
  readonly faults: Map<string, string>
  readonly folders: Set<string>
}

function read(folder: string, { faults }: Visit): readonly fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    faults.set(folder, `cannot be read: ${codeOf(error)}`)
    return []
  }
}

function isFolder(file: string, entry: fs.Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  return idOf(file) !== ''
}

/** '' when there is no such folder. */
function idOf(folder: string): string {
  try {
    const stats = fs.statSync(folder, { throwIfNoEntry: false })
    return stats?.isDirectory() === true ? `${stats.dev}:${stats.ino}` : ''
  } catch {
    return ''
  }
}

export const isIn = (file: string, folder: string): boolean =>
  file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)
