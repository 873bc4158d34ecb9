import fs from 'node:fs'
import path from 'node:path'
import type { Clock, Timer } from '../../base/clock.ts'
import { Folders, isIn } from './folders.ts'
import { type Document, parseFile, type SyntaxFault } from './parse-file.ts'
import { type SavedFile, Shelf } from './shelf.ts'
import { type Content, SteadyFiles, type Verdict } from './steady-files.ts'
import type { SourceProblem } from './stock.ts'

export interface DirectoryOptions {
  readonly clock: Clock
  /** Something changed: `shelf` holds what is there now. */
  readonly changed: () => void
  /** What files held before they were damaged, in an earlier run. */
  readonly saved?: readonly SavedFile[]
  /** Files and folders that hold no manifests: settings and state may lie in the same folder. */
  readonly except?: readonly string[]
}

const manifestName = /\.(yaml|yml|json)$/
const misspelt = new RegExp(manifestName, 'i')

/** What events do not tell (a link to a file elsewhere, a queue that ran over, some network file systems) is found by then. */
const sweepMs = 30_000
/** Files that a sweep looks at in one go: requests are served between two. */
const slice = 256

/**
 * Manifests of a folder and the folders in it, watched. A file is read again after every change, whichever way it was
 * written: in place, by a rename, by the swap of the symbolic link behind a mounted ConfigMap.
 */
export class Directory {
  readonly shelf: Shelf
  readonly #root: string
  readonly #options: DirectoryOptions
  readonly #except: readonly string[]
  readonly #files: SteadyFiles
  #folders = new Folders(undefined)
  #faults: ReadonlyMap<string, string> = new Map()
  /** Files that somebody may take for manifests. */
  #ignored: readonly string[] = []
  #sweep: Timer | undefined
  /** Sees the root itself being replaced. */
  #above: fs.FSWatcher | undefined

  constructor(root: string, options: DirectoryOptions) {
    this.shelf = new Shelf(options.saved)
    this.#root = path.resolve(root)
    this.#options = options
    this.#except = (options.except ?? []).map((file) => path.resolve(file))
    this.#files = new SteadyFiles({
      clock: options.clock,
      judge: (file, content) => this.#judge(file, content),
    })
  }

  /** Reads everything. Throws when the folder itself cannot be read. */
  open(): void {
    fs.readdirSync(this.#root)
    const { files, faults } = this.#folders.list(this.#root, 0)
    this.#faults = faults
    this.#ignored = files.filter((file) => this.#isMisspelt(file))
    const saved = this.shelf.files.map((name) => path.join(this.#root, name))
    for (const file of new Set([...files.filter((file) => this.#isManifest(file)), ...saved]))
      this.#files.load(file)
  }

  /** From now on, and whatever happened since `open`. */
  watch(): void {
    this.#folders = new Folders((folder, name) => this.#event(folder, name))
    this.#scan(this.#root)
    this.#watchAbove()
    this.#planSweep()
  }

  close(): void {
    this.#sweep?.cancel()
    this.#above?.close()
    this.#folders.close()
    this.#files.close()
  }

  /** What is wrong with folders, files, and documents that are no objects of ours. */
  problems(): SourceProblem[] {
    const folders = [...this.#faults].map(([folder, message]) => ({
      file: path.relative(this.#root, folder) || '.',
      line: 0,
      column: 0,
      message: `${message}; what it held stays in force, and changes are looked for every ${sweepMs / 1000} s`,
    }))
    const ignored = this.#ignored.map((file) => ({
      file: path.relative(this.#root, file),
      line: 0,
      column: 0,
      message: 'is ignored: the names of manifests end with .yaml, .yml or .json, in lower case',
    }))
    return [...folders, ...ignored, ...this.shelf.problems]
  }

  #isManifest(file: string): boolean {
    return manifestName.test(file) && !this.#isExcepted(file)
  }

  #isMisspelt(file: string): boolean {
    return misspelt.test(file) && !manifestName.test(file) && !this.#isExcepted(file)
  }

  #isExcepted(file: string): boolean {
    return this.#except.some((excepted) => isIn(file, excepted))
  }

  #judge(file: string, content: Content): Verdict {
    const name = path.relative(this.#root, file)
    switch (content.kind) {
      case 'fault':
        return this.#refused(name, content.message)
      case 'none':
        return fs.existsSync(this.#root)
          ? this.#gone(name)
          : this.#refused(name, 'is gone, and the whole folder with it')
      case 'text': {
        const parsed = parseFile(name, content.bytes)
        return 'fault' in parsed
          ? this.#refused(name, parsed.fault)
          : this.#parsed(name, parsed.documents)
      }
    }
  }

  #refused(name: string, fault: SyntaxFault | string): Verdict {
    const at = typeof fault === 'string' ? { line: 0, column: 0, message: fault } : fault
    return { isHarmless: false, accept: () => this.#tell(this.shelf.refuse(name, at)) }
  }

  #gone(name: string): Verdict {
    this.shelf.doubt(name, { items: [] })
    return {
      isHarmless: this.shelf.isEmpty(name),
      accept: () => this.#tell(this.shelf.remove(name)),
    }
  }

  #parsed(name: string, documents: readonly Document[]): Verdict {
    const weighed = this.shelf.weigh(name, documents)
    if (weighed.isLoss) this.shelf.doubt(name, weighed)
    return {
      isHarmless: !weighed.isLoss,
      accept: () => this.#tell(this.shelf.put(name, weighed)),
    }
  }

  #tell(isChange: boolean): void {
    if (isChange) this.#options.changed()
  }

  #event(folder: string, name: string | null): void {
    const file = name === null ? folder : path.join(folder, name)
    // Kubernetes swaps the link `..data` when a mounted ConfigMap changes.
    if (name === null || name === '..data') return this.#scan(folder)
    if (path.basename(file).startsWith('.')) return
    if (this.#isManifest(file)) this.#files.touch(file)
    if (this.#isMisspelt(file)) return this.#scan(folder)
    if (this.#folders.isWatched(file) || isFolder(file)) this.#scan(file)
  }

  #scan(folder: string): void {
    for (const file of this.#list(folder)) this.#files.touch(file)
  }

  /** Manifests that are in a folder, and those that were there until lately. */
  #list(folder: string): Set<string> {
    const depth = path.relative(this.#root, folder).split(path.sep).filter(Boolean).length
    const { files, faults } = this.#folders.list(folder, depth)
    const others = [...this.#faults].filter(([each]) => !isIn(each, folder))
    const before = JSON.stringify([[...this.#faults], this.#ignored])
    this.#faults = new Map([...others, ...faults])
    this.#ignored = [
      ...this.#ignored.filter((each) => !isIn(each, folder)),
      ...files.filter((file) => this.#isMisspelt(file)),
    ]
    this.#tell(JSON.stringify([[...this.#faults], this.#ignored]) !== before)
    const known = this.#files.names.filter((file) => isIn(file, folder))
    return new Set([...files.filter((file) => this.#isManifest(file)), ...known])
  }

  #planSweep(): void {
    this.#sweep = this.#options.clock.after(sweepMs, () =>
      this.#sweepFrom([...this.#list(this.#root)]),
    )
  }

  #sweepFrom(files: readonly string[]): void {
    if (files.length === 0) return this.#planSweep()
    for (const file of files.slice(0, slice)) this.#files.touch(file)
    this.#sweep = this.#options.clock.after(1, () => this.#sweepFrom(files.slice(slice)))
  }

  #watchAbove(): void {
    const name = path.basename(this.#root)
    try {
      this.#above = fs.watch(path.dirname(this.#root), { persistent: false }, (_, changed) => {
        if (changed === name) this.#scan(this.#root)
      })
      this.#above.on('error', () => this.#above?.close())
    } catch {
      // Not ours to read: the sweep finds a new root.
    }
  }
}

function isFolder(file: string): boolean {
  try {
    return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    return false
  }
}
