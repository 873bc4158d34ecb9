import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Modules that are loaded before the program (`node --import`), to be told what only the machine could do otherwise.
 * The program itself is not touched.
 */
const modules = {
  /** The time of day jumps when the drill says so; what is monotonic in Node does not. */
  clock: `
    const Real = Date
    let shiftMs = 0
    globalThis.Date = class Date extends Real {
      constructor(...given) { super(...(given.length === 0 ? [Real.now() + shiftMs] : given)) }
      static now() { return Real.now() + shiftMs }
    }
    process.on('message', (message) => { shiftMs += message.jumpMs })
    process.channel?.unref()`,
  /** Names are asked of the drill's own server, and of nobody else. */
  names: (server: string) => `
    import dns from 'node:dns'
    const { Resolver } = dns.promises
    dns.promises.Resolver = class extends Resolver {
      constructor(options) { super(options); this.setServers(['${server}']) }
    }
    dns.promises.lookup = async (name) => { throw Object.assign(new Error(name), { code: 'ENOTFOUND' }) }`,
}

/** Writes one of them to a file. @returns what `--import` takes, and how to remove the file */
export function preloadOf(text: string): { readonly url: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-preload-'))
  const file = join(folder, 'preload.mjs')
  writeFileSync(file, text)
  return { url: pathToFileURL(file).href, remove: () => rmSync(folder, { recursive: true }) }
}

export const { clock: clockModule, names: namesModule } = modules
