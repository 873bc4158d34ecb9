// npm run build: bundles the program into dist/. `fairlead.js` is the one entry; what only some commands need
// (controller, proxy) sits in chunks that are loaded when asked for. Safe to run while others run what it built:
// unchanged files are not touched, changed ones are replaced whole, and the entry comes last.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const entry = join(dist, 'fairlead.js')

const options = /** @type {const} @satisfies {import('esbuild').BuildOptions} */ ({
  absWorkingDir: root,
  entryPoints: { fairlead: 'src/cli/main.ts' },
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
  // CommonJS dependencies ask for Node's own modules with `require`, which a module does not have.
  banner: {
    js: "import { createRequire as createRequire0 } from 'node:module';const require = createRequire0(import.meta.url);",
  },
})

// esbuild has already said what is wrong.
const { outputFiles, metafile } = await build(options).catch(() => process.exit(1))
const files = new Map(outputFiles.map((file) => [file.path, Buffer.from(file.contents)]))
files.set(join(dist, 'licenses.txt'), Buffer.from(licenses(Object.keys(metafile.inputs))))

const order = [...files.keys()].sort((a, b) => Number(a === entry) - Number(b === entry))
for (const path of order)
  replace(path, /** @type {Buffer} */ (files.get(path)), path === entry ? 0o755 : 0o644)
removeStrays(dist)

/**
 * @param {string} path
 * @param {Buffer} content
 * @param {number} mode
 */
function replace(path, content, mode) {
  if (isSame(path, content)) return
  mkdirSync(dirname(path), { recursive: true })
  const fresh = `${path}.${process.pid}`
  writeFileSync(fresh, content, { mode })
  renameSync(fresh, path)
}

/**
 * @param {string} path
 * @param {Buffer} content
 */
function isSame(path, content) {
  try {
    return readFileSync(path).equals(content)
  } catch {
    return false
  }
}

/**
 * Removes what an earlier build left. A minute of grace: somebody may be loading it now.
 * @param {string} dir
 */
function removeStrays(dir) {
  for (const found of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    const path = join(found.parentPath, found.name)
    if (!found.isFile() || files.has(path)) continue
    if (Date.now() - statSync(path).mtimeMs > 60_000) rmSync(path, { force: true })
  }
}

/**
 * The licence texts of everything that was bundled.
 * @param {readonly string[]} inputs
 */
function licenses(inputs) {
  const packages = new Set(
    inputs.flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  )
  return [...packages].sort().map(licenseOf).join('\n')
}

/** @param {string} dir */
function licenseOf(dir) {
  const { name, version, license } = JSON.parse(
    readFileSync(join(root, dir, 'package.json'), 'utf8'),
  )
  const text = readdirSync(join(root, dir)).find((file) => /^licen[cs]e/i.test(basename(file)))
  return `## ${name} ${version} (${license})\n\n${text ? readFileSync(join(root, dir, text), 'utf8').trim() : ''}\n`
}
