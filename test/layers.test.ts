import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What a room may import: other rooms (`*` = those below it too), packages, and parts of Node. */
interface Room {
  readonly rooms: readonly string[]
  readonly packages?: readonly string[]
  readonly node: 'all' | readonly string[]
}

const pure = ['node:crypto'] as const

/** The drawing of docs/ARCHITECTURE.md. `import type` counts. A file belongs to the longest name that fits. */
const rooms: Readonly<Record<string, Room>> = {
  'src/base': { rooms: [], packages: ['winston', 'prom-client'], node: 'all' },
  'src/model': { rooms: [], packages: ['ipaddr.js'], node: pure },
  'src/controller/api': { rooms: ['src/model'], packages: ['zod'], node: pure },
  'src/controller/compile': {
    rooms: ['src/model', 'src/controller/api'],
    packages: ['re2js'],
    node: pure,
  },
  'src/controller/sources': {
    rooms: ['src/model', 'src/base', 'src/controller/api'],
    packages: ['js-yaml'],
    node: 'all',
  },
  'src/controller/publish': {
    rooms: ['src/model', 'src/base', 'src/controller/api'],
    packages: ['@peculiar/x509', 'reflect-metadata'],
    node: 'all',
  },
  'src/controller': {
    rooms: ['src/model', 'src/base', 'src/controller/*'],
    node: 'all',
  },
  'src/proxy/http1': { rooms: ['src/model'], node: pure },
  'src/proxy/http2': { rooms: ['src/model', 'src/proxy/http1'], node: pure },
  'src/proxy/feed': { rooms: ['src/model', 'src/base'], node: 'all' },
  'src/proxy/runtime': {
    rooms: ['src/model', 'src/base', 'src/proxy/http1', 'src/proxy/http2'],
    packages: ['jose', 'lru-cache', 'ipaddr.js', 're2js'],
    node: 'all',
  },
  'src/proxy/stages': {
    rooms: ['src/model', 'src/base', 'src/proxy/http1', 'src/proxy/runtime'],
    packages: ['ipaddr.js'],
    node: pure,
  },
  'src/proxy/server': {
    rooms: ['src/model', 'src/base', 'src/proxy/http1', 'src/proxy/http2'],
    node: 'all',
  },
  'src/proxy/workers': {
    rooms: ['src/model', 'src/base', 'src/proxy/runtime'],
    node: 'all',
  },
  'src/proxy': { rooms: ['src/model', 'src/base', 'src/proxy/*'], node: 'all' },
  'src/cli': {
    rooms: [
      'src/model',
      'src/base',
      'src/controller',
      'src/controller/*',
      'src/proxy',
      'src/proxy/*',
    ],
    packages: ['commander', 'picocolors', '@kubernetes/client-node'],
    node: 'all',
  },
}

/** What `fairlead proxy` loads besides Node and our own files. Controller and CLI libraries stay out of it. */
const proxyPackages = /^(jose|lru-cache|ipaddr\.js|re2js|prom-client|winston)$/
const neverInProxy = [
  'zod',
  'js-yaml',
  'yaml',
  'commander',
  '@kubernetes/client-node',
  'http-proxy',
]

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((name) => posix.join('src', name))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .sort()

interface Import {
  readonly from: string
  readonly to: string
  readonly dynamic: boolean
}

const textOf = (file: string) => readFileSync(join(root, file), 'utf8')

function importsOf(file: string): Import[] {
  const text = textOf(file)
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName, pos }) => ({
    from: file,
    to: fileName.startsWith('.') ? posix.join(dirname(file), fileName) : fileName,
    dynamic: /import\(\s*['"]?$/.test(text.slice(0, pos)),
  }))
}

const imports = sources.flatMap(importsOf)
const print = ({ from, to }: Import) => `${from} imports ${to}`

const roomOf = (file: string): string | undefined =>
  Object.keys(rooms)
    .filter((room) => file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0]

const packageOf = (name: string) => name.split('/', name.startsWith('@') ? 2 : 1).join('/')

function isAllowed({ from, to }: Import): boolean {
  const home = roomOf(from) ?? ''
  const room = rooms[home]
  if (room === undefined) return false
  if (to.startsWith('node:')) return room.node === 'all' || room.node.includes(to)
  // The version has one home.
  if (to === 'package.json') return home === 'src/cli'
  if (!to.startsWith('src/')) return room.packages?.includes(packageOf(to)) ?? false
  const target = roomOf(to) ?? ''
  if (target === home) return true
  return room.rooms.some((name) =>
    name.endsWith('/*') ? target.startsWith(name.slice(0, -1)) : target === name,
  )
}

describe('rooms', () => {
  test('every source file stands in a room', () => {
    expect(sources.filter((file) => roomOf(file) === undefined)).toEqual([])
    expect(sources.length).toBeGreaterThan(10)
  })

  test('a room imports only what the drawing allows', () => {
    expect(imports.filter((each) => !isAllowed(each)).map(print)).toEqual([])
  })

  test('only the command line loads a main.ts, and only when its command is called', () => {
    const mains = imports.filter(({ to }) => /^src\/(proxy|controller)\/main\.ts$/.test(to))
    expect(
      mains.filter((each) => !each.from.startsWith('src/cli/') || !each.dynamic).map(print),
    ).toEqual([])
  })

  test('files are named for what is inside', () => {
    const banned = /(^|[-/])(utils?|helpers?|common|types|misc|index)\.ts$/
    expect(sources.filter((file) => banned.test(file))).toEqual([])
    expect(sources.filter((file) => !/^[a-z0-9/-]+(\.[a-z]+)?\.ts$/.test(file))).toEqual([])
  })

  test('a planted import is caught', () => {
    const planted = (from: string, to: string) => isAllowed({ from, to, dynamic: false })
    expect(planted('src/proxy/stages/x.ts', 'src/controller/api/y.ts')).toBe(false)
    expect(planted('src/controller/api/x.ts', 'src/proxy/http1/y.ts')).toBe(false)
    expect(planted('src/model/x.ts', 'src/base/clock.ts')).toBe(false)
    expect(planted('src/model/x.ts', 'node:fs')).toBe(false)
    expect(planted('src/proxy/http1/x.ts', 'node:net')).toBe(false)
    expect(planted('src/controller/compile/x.ts', 'zod')).toBe(false)
    expect(planted('src/proxy/stages/x.ts', 'src/proxy/runtime/y.ts')).toBe(true)
  })
})

describe('what the proxy loads', () => {
  const entry = 'src/proxy/main.ts'

  test.runIf(sources.includes(entry))(
    'holds no library of the controller or the command line',
    async () => {
      const { metafile } = await build({
        absWorkingDir: root,
        entryPoints: [entry],
        bundle: true,
        format: 'esm',
        platform: 'node',
        metafile: true,
        write: false,
        logLevel: 'silent',
      })
      const inputs = Object.keys(metafile.inputs)
      const packages = new Set(
        inputs.flatMap((path) => packageOf(path.split('node_modules/').at(-1) ?? '')),
      )
      expect(neverInProxy.filter((name) => packages.has(name))).toEqual([])
      expect(
        inputs.filter((path) => path.startsWith('src/controller/') || path.startsWith('src/cli/')),
      ).toEqual([])
      const direct = sources.filter((file) => inputs.includes(file)).flatMap(importsOf)
      const named = direct
        .map(({ to }) => to)
        .filter((to) => !to.startsWith('src/') && !to.startsWith('node:'))
      expect(
        [...new Set(named.map(packageOf))].filter((name) => !proxyPackages.test(name)),
      ).toEqual([])
    },
  )
})

describe('what is installed', () => {
  const lock = JSON.parse(textOf('package-lock.json')) as {
    packages: Record<string, { resolved?: string; hasInstallScript?: boolean; dev?: boolean }>
  }
  const manifest = JSON.parse(textOf('package.json')) as Record<string, Record<string, string>>

  test('versions are exact', () => {
    const versions = Object.entries({ ...manifest['dependencies'], ...manifest['devDependencies'] })
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  test('the lock file names no registry', () => {
    expect(Object.values(lock.packages).filter((entry) => entry.resolved !== undefined)).toEqual([])
  })

  test('no runtime dependency has an install script, and none is run', () => {
    const scripted = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript)
    expect(scripted.filter(([, entry]) => entry.dev !== true)).toEqual([])
    expect(textOf('.npmrc')).toContain('ignore-scripts=true')
  })

  test('every runtime dependency has a decision record', () => {
    const records = readdirSync(join(root, 'docs/adr'))
      .map((name) => textOf(`docs/adr/${name}`))
      .join('\n')
    const names = Object.keys(manifest['dependencies'] ?? {})
    expect(names.filter((name) => !records.includes(`\`${name}\``))).toEqual([])
  })
})
