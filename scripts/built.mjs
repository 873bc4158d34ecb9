// What the last build was made of. A file counts as unchanged by its size and its time, as make has it.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const memory = join(root, 'node_modules/.cache/fairlead/built.json')
const always = ['package.json', 'package-lock.json', 'scripts/build.mjs']

/**
 * @param {readonly string[]} inputs relative to the root
 * @param {readonly string[]} outputs
 */
export function rememberBuild(inputs, outputs) {
  mkdirSync(dirname(memory), { recursive: true })
  const stamps = [...always, ...inputs, ...outputs].map((path) => [path, stampOf(path)])
  writeFileSync(`${memory}.${process.pid}`, JSON.stringify(stamps))
  renameSync(`${memory}.${process.pid}`, memory)
}

/** Whether nothing has changed since: neither what was read nor what was written. */
export function isBuilt() {
  try {
    const stamps = /** @type {[string, string][]} */ (JSON.parse(readFileSync(memory, 'utf8')))
    return stamps.every(([path, stamp]) => stampOf(path) === stamp)
  } catch {
    return false
  }
}

/** @param {string} path */
function stampOf(path) {
  const { mtimeMs, size } = statSync(
    join(root, path.startsWith(root) ? path.slice(root.length) : path),
  )
  return `${Math.round(mtimeMs)} ${size}`
}
