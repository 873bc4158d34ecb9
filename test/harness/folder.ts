import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder for one test. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'fairlead-'))

  constructor(files: Readonly<Record<string, string>> = {}) {
    // What is written last may still be on its way, and needs its turns to get there.
    const how = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }
    onTestFinished(() => rm(this.path, how))
    for (const [name, text] of Object.entries(files)) this.write(name, text)
  }

  at(name: string): string {
    return join(this.path, name)
  }

  /** In place: truncates and writes. */
  write(name: string, text: string | Buffer): void {
    mkdirSync(dirname(this.at(name)), { recursive: true })
    writeFileSync(this.at(name), text)
  }

  /** The way that leaves no moment without a whole file. */
  replace(name: string, text: string): void {
    writeFileSync(this.at(`.${name}.new`), text)
    renameSync(this.at(`.${name}.new`), this.at(name))
  }

  remove(name: string): void {
    rmSync(this.at(name), { recursive: true })
  }
}
