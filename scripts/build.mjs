// npm run build: bundles the program into dist/. `fairlead.js` is the one entry: a few lines of CommonJS that settle the
// process (src/cli/launch.ts) and load `main.mjs`; what only some commands need (controller, proxy) sits in chunks that
// are loaded when asked for. Safe to run while others run what it built:
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
import { rememberBuild } from './built.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const entry = join(dist, 'fairlead.js')

const options = /** @type {const} @satisfies {import('esbuild').BuildOptions} */ ({
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
})

const program = await bundle({
  entryPoints: { main: 'src/cli/main.ts' },
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  // CommonJS dependencies ask for Node's own modules with `require`, which a module does not have.
  banner: {
    js: "import { createRequire as createRequire0 } from 'node:module';const require = createRequire0(import.meta.url);",
  },
})
const launcher = await bundle({
  entryPoints: { fairlead: 'src/cli/launch.ts' },
  format: 'cjs',
  banner: { js: '#!/usr/bin/env node' },
  plugins: [
    {
      name: 'program',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: './main.mjs', external: true })),
    },
  ],
})
const outputFiles = [...program.outputFiles, ...launcher.outputFiles]
const files = new Map(outputFiles.map((file) => [file.path, Buffer.from(file.contents)]))
files.set(join(dist, 'licenses.txt'), Buffer.from(licenses(Object.keys(program.metafile.inputs))))
files.set(join(dist, 'package.json'), Buffer.from('{ "type": "commonjs" }\n'))

/** What others load comes last, the entry at the very end. @param {string} path */
const rank = (path) => [join(dist, 'main.mjs'), entry].indexOf(path)
const order = [...files.keys()].sort((a, b) => rank(a) - rank(b))
for (const path of order)
  replace(path, /** @type {Buffer} */ (files.get(path)), path === entry ? 0o755 : 0o644)
removeStrays(dist)
rememberBuild(
  [program, launcher].flatMap(({ metafile }) => Object.keys(metafile.inputs)),
  [...files.keys()],
)

/**
 * @param {import('esbuild').BuildOptions} own
 * @returns {Promise<import('esbuild').BuildResult<typeof options>>}
 */
async function bundle(own) {
  // esbuild has already said what is wrong.
  return await build({ ...own, ...options }).catch(() => process.exit(1))
}

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
