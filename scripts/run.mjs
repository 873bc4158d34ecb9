// node scripts/run.mjs FILE.ts [args]: runs a TypeScript file of this repository, from its root, on every Node that
// the project supports (Node 20 cannot read TypeScript by itself).
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const [file, ...args] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: node scripts/run.mjs FILE.ts [args]')

const cache = join(root, 'node_modules', '.cache', 'fairlead')
const outfile = join(cache, `${file.replaceAll(/[^a-z0-9]+/gi, '-')}-${process.pid}.mjs`)
mkdirSync(cache, { recursive: true })
await build({
  entryPoints: [resolve(file)],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
})
process.on('exit', () => rmSync(outfile, { force: true }))
process.chdir(root)
process.argv = [process.execPath, resolve(root, file), ...args]
process.setSourceMapsEnabled(true)
await import(pathToFileURL(outfile).href)
