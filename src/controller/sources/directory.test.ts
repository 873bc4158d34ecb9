import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type FakeClock, fakeClock } from '../../../test/harness/fake-clock.ts'
import { fastClock } from '../../../test/harness/fast-clock.ts'
import { Folder } from '../../../test/harness/folder.ts'
import { route, yamlOf } from '../../../test/harness/manifests.ts'
import { Directory } from './directory.ts'
import { printSourceProblem } from './stock.ts'

/** What stands on the shelf: `a: body of its first rule, …`. */
const stockOf = ({ shelf }: Directory): string =>
  shelf.world.routes
    .map(({ meta, spec }) => {
      const bodies = spec.rules.map((rule) => ('respond' in rule ? rule.respond?.body : 'broken'))
      return `${meta.name}: ${bodies.join('|')}`
    })
    .join(', ')

const problemsOf = (directory: Directory): string[] => directory.problems().map(printSourceProblem)

/** A directory that is watched, in time that passes ten times as fast. */
class Watched {
  readonly folder: Folder
  readonly directory: Directory
  /** What stood on the shelf after each change. */
  readonly history: string[] = []
  #waiting: (() => void)[] = []

  constructor(files: Readonly<Record<string, string>> = {}, root?: string) {
    this.folder = new Folder(files)
    this.directory = new Directory(root ?? this.folder.path, {
      clock: fastClock(10),
      changed: () => {
        this.history.push(stockOf(this.directory))
        for (const resolve of this.#waiting.splice(0)) resolve()
      },
    })
    this.directory.open()
    this.directory.watch()
    this.history.length = 0
    onTestFinished(() => this.directory.close())
  }

  /** Resolves when the shelf, or the list of problems, is as wanted. */
  async until(isSo: (stock: string, problems: readonly string[]) => boolean): Promise<void> {
    while (!isSo(stockOf(this.directory), problemsOf(this.directory)))
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  untilStock(wanted: string): Promise<void> {
    return this.until((stock) => stock === wanted)
  }
}

const one = (body: string) => yamlOf(route('a', { body }))

describe('a directory takes over what is written', () => {
  test.each<{ how: string; write: (folder: Folder) => void }>([
    { how: 'in place', write: (folder) => folder.write('a.yaml', one('2')) },
    {
      how: 'under another name that is renamed',
      write: (folder) => folder.replace('a.yaml', one('2')),
    },
    {
      how: 'as vim does: probe, backup, new file, backup removed',
      write: (folder) => {
        folder.write('4913', '')
        folder.remove('4913')
        folder.write('.a.yaml.swp', 'b0VIM')
        fs.renameSync(folder.at('a.yaml'), folder.at('a.yaml~'))
        folder.write('a.yaml', one('2'))
        folder.remove('a.yaml~')
        folder.remove('.a.yaml.swp')
      },
    },
    {
      how: 'as sed -i does',
      write: (folder) => {
        folder.write('sedA1b2C3', one('2'))
        fs.renameSync(folder.at('sedA1b2C3'), folder.at('a.yaml'))
      },
    },
    {
      how: 'in several writes after the file was truncated',
      write: (folder) => {
        const file = fs.openSync(folder.at('a.yaml'), 'w')
        for (const line of one('2').split(/(?<=\n)/)) fs.writeSync(file, line)
        fs.closeSync(file)
      },
    },
    {
      how: 'into a copy that takes the place of a removed file',
      write: (folder) => {
        folder.remove('a.yaml')
        folder.write('a.yaml', one('2'))
      },
    },
    {
      how: 'with the times of another file',
      write: (folder) => {
        folder.write('a.yaml', one('2'))
        fs.utimesSync(folder.at('a.yaml'), new Date(0), new Date(0))
      },
    },
  ])('$how', async ({ write }) => {
    const watched = new Watched({ 'a.yaml': one('1'), 'b.json': JSON.stringify(route('b')) })
    write(watched.folder)
    await watched.untilStock('a: 2, b: b')
    expect(watched.history.filter((stock) => !/^a: [12], b: b$/.test(stock))).toEqual([])
    expect(problemsOf(watched.directory)).toEqual([])
  })

  test('in *.yaml, *.yml and *.json, many documents a file, lists, and folders in folders', async () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [route('c'), route('d')] }
    const watched = new Watched({
      'a.yaml': yamlOf(route('a'), route('b')),
      'deep/er/list.json': JSON.stringify(list),
      'deep/e.yml': yamlOf(route('e')),
      'notes.txt': 'not a manifest: [',
      '.hidden.yaml': 'not a manifest: [',
      '.git/config.yaml': 'not a manifest: [',
    })
    expect(stockOf(watched.directory)).toBe('a: a, b: b, e: e, c: c, d: d')
    watched.folder.write('.git/more.yaml', '[')
    watched.folder.write('deep/er/f.yaml', yamlOf(route('f')))
    await watched.untilStock('a: a, b: b, e: e, f: f, c: c, d: d')
    expect(problemsOf(watched.directory)).toEqual([])
  })

  test('in a ConfigMap that Kubernetes mounts and swaps', async () => {
    const folder = new Folder()
    mount(folder, '..1', {
      'a.yaml': one('1'),
      'old.yaml': yamlOf(route('old')),
      'sub/s.yaml': yamlOf(route('s', { body: '1' })),
    })
    const watched = new Watched({}, folder.path)
    expect(stockOf(watched.directory)).toBe('a: 1, old: old, s: 1')
    mount(folder, '..2', {
      'a.yaml': one('2'),
      'new.yaml': yamlOf(route('new')),
      'sub/s.yaml': yamlOf(route('s', { body: '2' })),
    })
    await watched.untilStock('a: 2, new: new, s: 2')
    mount(folder, '..3', {
      'a.yaml': one('3'),
      'new.yaml': yamlOf(route('new')),
      'sub/s.yaml': yamlOf(route('s', { body: '3' })),
    })
    await watched.untilStock('a: 3, new: new, s: 3')
    expect(watched.history.every((stock) => /a: [123].*s: [123]/.test(stock))).toBe(true)
    expect(problemsOf(watched.directory)).toEqual([])
  })

  test('in a folder that is moved in, and its folders', async () => {
    const watched = new Watched()
    const other = new Folder({
      'new/x.yaml': yamlOf(route('x')),
      'new/deep/y.yaml': yamlOf(route('y')),
    })
    fs.renameSync(other.at('new'), watched.folder.at('new'))
    await watched.untilStock('y: y, x: x')
    watched.folder.write('new/deep/y.yaml', yamlOf(route('y', { body: '2' })))
    await watched.untilStock('y: 2, x: x')
    watched.folder.write('at/once/z.yaml', yamlOf(route('z')))
    await watched.untilStock('z: z, y: 2, x: x')
  })

  test('behind a link that is swapped for another release', async () => {
    const folder = new Folder({ 'releases/1/a.yaml': one('1'), 'releases/2/a.yaml': one('2') })
    fs.symlinkSync('releases/1', folder.at('current'))
    const watched = new Watched({}, folder.at('current'))
    expect(stockOf(watched.directory)).toBe('a: 1')
    fs.symlinkSync('releases/2', folder.at('next'))
    fs.renameSync(folder.at('next'), folder.at('current'))
    await watched.untilStock('a: 2')
    folder.write('releases/2/a.yaml', one('3'))
    await watched.untilStock('a: 3')
  })

  test('between the first reading and the watch', async () => {
    const folder = new Folder({ 'a.yaml': one('1') })
    const clock = fakeClock()
    const directory = new Directory(folder.path, { clock, changed: () => {} })
    onTestFinished(() => directory.close())
    directory.open()
    folder.write('a.yaml', one('2'))
    directory.watch()
    clock.advance(25)
    expect(stockOf(directory)).toBe('a: 2')
  })

  test('in two hundred quick edits: the last one counts, and none tears', async () => {
    const watched = new Watched({ 'a.yaml': one('0') })
    for (let i = 1; i <= 200; i++) {
      if (i % 2 === 0) watched.folder.write('a.yaml', one(String(i)))
      else watched.folder.replace('a.yaml', one(String(i)))
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await watched.untilStock('a: 200')
    expect(watched.history.every((stock) => /^a: \d+$/.test(stock))).toBe(true)
  })

  test('while other files come and go under its hands', async () => {
    const watched = new Watched({ 'a.yaml': one('1') })
    for (let i = 0; i < 300; i++) {
      watched.folder.write(`gone-${i}.yaml`, yamlOf(route(`gone-${i}`)))
      if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
      watched.folder.remove(`gone-${i}.yaml`)
    }
    watched.folder.write('a.yaml', one('2'))
    await watched.untilStock('a: 2')
    expect(problemsOf(watched.directory)).toEqual([])
  })

  test('through a link to a file elsewhere: at the next sweep', () => {
    const elsewhere = new Folder({ 'a.yaml': one('1') })
    const folder = new Folder()
    fs.symlinkSync(elsewhere.at('a.yaml'), folder.at('a.yaml'))
    const clock = fakeClock()
    const directory = new Directory(folder.path, { clock, changed: () => {} })
    onTestFinished(() => directory.close())
    directory.open()
    directory.watch()
    elsewhere.write('a.yaml', one('2'))
    clock.advance(30_026)
    expect(stockOf(directory)).toBe('a: 2')
  })
})

/** What kubelet's atomic writer does: a new folder, the link `..data` swapped, links for new names, the old folder removed. */
function mount(folder: Folder, version: string, files: Readonly<Record<string, string>>): void {
  const before = fs.existsSync(folder.at('..data'))
    ? fs.readlinkSync(folder.at('..data'))
    : undefined
  for (const [name, text] of Object.entries(files)) folder.write(`${version}/${name}`, text)
  fs.symlinkSync(version, folder.at('..data_tmp'))
  fs.renameSync(folder.at('..data_tmp'), folder.at('..data'))
  const names = new Set(Object.keys(files).map((name) => name.split('/')[0]!))
  for (const name of names)
    if (!fs.existsSync(folder.at(name))) fs.symlinkSync(path.join('..data', name), folder.at(name))
  for (const name of fs.readdirSync(folder.path))
    if (!name.startsWith('..') && !names.has(name)) fs.rmSync(folder.at(name))
  if (before !== undefined) folder.remove(before)
}

describe('a directory loses nothing that is still wanted', () => {
  test.each<{ what: string; move: (folder: Folder) => void; want: string }>([
    {
      what: 'a file that is renamed',
      move: (folder) => fs.renameSync(folder.at('a.yaml'), folder.at('z.yaml')),
      want: 'b: b, a: 1',
    },
    {
      what: 'an object that is taken out of one file and then put into another',
      move: (folder) => {
        folder.write('a.yaml', '# moved\n')
        folder.write('z.yaml', one('2'))
      },
      want: 'b: b, a: 2',
    },
    {
      what: 'an object that is put into another file and then taken out of the first',
      move: (folder) => {
        folder.write('z.yaml', one('2'))
        folder.write('a.yaml', '# moved\n')
      },
      want: 'b: b, a: 2',
    },
    {
      what: 'all files, removed and written anew by a script',
      move: (folder) => {
        folder.remove('a.yaml')
        folder.remove('b.yaml')
        folder.write('out/all.yaml', yamlOf(route('b'), route('a', { body: '3' })))
      },
      want: 'b: b, a: 3',
    },
  ])('$what', async ({ move, want }) => {
    const watched = new Watched({ 'a.yaml': one('1'), 'b.yaml': yamlOf(route('b')) })
    move(watched.folder)
    await watched.until((stock, problems) => stock === want && problems.length === 0)
    expect(watched.history.filter((stock) => !(/a: /.test(stock) && /b: /.test(stock)))).toEqual([])
  })

  test('what moved is live in its new file before the old one is believed to be without it', async () => {
    const folder = new Folder({ 'a.yaml': yamlOf(route('a', { body: '1' }), route('b')) })
    const clock = fakeClock()
    const directory = new Directory(folder.path, { clock, changed: () => {} })
    onTestFinished(() => directory.close())
    directory.open()
    directory.watch()
    const move = () => {
      folder.write('a.yaml', yamlOf(route('b')))
      folder.write('z.yaml', one('2'))
    }
    await seen(clock, move, 2)
    clock.advance(25)
    expect(stockOf(directory)).toBe('b: b, a: 2')
    expect(problemsOf(directory)).toEqual([])
    clock.advance(800)
    expect(stockOf(directory)).toBe('b: b, a: 2')
  })

  test('a folder that is gone, as with a mount that failed, and comes back', async () => {
    const parent = new Folder({ 'root/a.yaml': one('1'), 'root/b.yaml': yamlOf(route('b')) })
    const watched = new Watched({}, parent.at('root'))
    fs.renameSync(parent.at('root'), parent.at('away'))
    await watched.until((_, problems) => problems.length === 3)
    expect(stockOf(watched.directory)).toBe('a: 1, b: b')
    expect(problemsOf(watched.directory)[0]).toBe(
      '.: cannot be read: ENOENT; what it held stays in force, and changes are looked for every 30 s',
    )
    fs.renameSync(parent.at('away'), parent.at('root'))
    await watched.until((_, problems) => problems.length === 0)
    parent.write('root/a.yaml', one('2'))
    await watched.untilStock('a: 2, b: b')
  })

  test('a file cut short at any byte', async () => {
    const [before, after] = [halves('1'), halves('2')]
    const folder = new Folder({ 'all.yaml': before })
    const clock = fakeClock()
    const directory = new Directory(folder.path, { clock, changed: () => {} })
    onTestFinished(() => directory.close())
    directory.open()
    directory.watch()
    for (let at = 0; at < after.length; at++) {
      await seen(clock, () => folder.write('all.yaml', after.slice(0, at)))
      clock.advance(700)
      const whole = ['a: 1|y', 'a: 2|y']
      expect(whole, after.slice(0, at)).toContain(stockOf(directory))
      expect(directory.shelf.world.namespaces).toHaveLength(1)
      await seen(clock, () => folder.write('all.yaml', at % 2 === 0 ? before : after))
      clock.advance(25)
      expect(stockOf(directory)).toBe(whole[at % 2])
      expect(problemsOf(directory)).toEqual([])
    }
  })

  test('a file that cannot be parsed', async () => {
    const watched = new Watched({ 'a.yaml': one('1'), 'b.yaml': yamlOf(route('b')) })
    watched.folder.write('a.yaml', `${one('2')}oops: [\n`)
    await watched.until((_, problems) => problems.length > 0)
    expect(problemsOf(watched.directory)).toEqual([
      expect.stringMatching(
        /^a\.yaml:\d+:1: unexpected end of the stream within a flow collection$/,
      ),
    ])
    expect(stockOf(watched.directory)).toBe('a: 1, b: b')
    watched.folder.write('a.yaml', one('3'))
    await watched.until((_, problems) => problems.length === 0)
    expect(stockOf(watched.directory)).toBe('a: 3, b: b')
  })

  test('a Service that is no Service any more', async () => {
    const service = (port: unknown) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'shop' },
      spec: { ports: [{ port }] },
    })
    const watched = new Watched({ 's.yaml': yamlOf(service(80)) })
    watched.folder.write('s.yaml', yamlOf(service('eighty')))
    await watched.until((_, problems) => problems.length > 0)
    expect(problemsOf(watched.directory)).toEqual([
      's.yaml: Service shop/s: spec.ports[0].port: must be a number, not "eighty"; what it was before stays in force',
    ])
    expect(watched.directory.shelf.world.services.map(({ ports }) => ports[0]?.port)).toEqual([80])
  })
})

describe('a directory lets go', () => {
  test('of a removed file, a removed folder, a removed document and a removed rule', async () => {
    const watched = new Watched({
      'a.yaml': yamlOf(
        route('a', { name: 'x', path: '/x' }, { name: 'y', path: '/y' }),
        route('b'),
      ),
      'c.yaml': yamlOf(route('c')),
      'deep/d.yaml': yamlOf(route('d')),
      'e.yaml': yamlOf(route('e')),
    })
    watched.folder.remove('c.yaml')
    await watched.untilStock('a: a|a, b: b, d: d, e: e')
    watched.folder.remove('deep')
    await watched.untilStock('a: a|a, b: b, e: e')
    watched.folder.write(
      'a.yaml',
      yamlOf(route('a', { name: 'x', path: '/x' }, { name: 'y', path: '/y' })),
    )
    await watched.untilStock('a: a|a, e: e')
    watched.folder.write('a.yaml', yamlOf(route('a', { name: 'x', path: '/x' })))
    await watched.untilStock('a: a, e: e')
    watched.folder.write('a.yaml', '')
    await watched.untilStock('e: e')
  })
})

describe('a directory says', () => {
  test('that an object is there twice, and uses the first one by file name', async () => {
    const watched = new Watched({
      'a.yaml': yamlOf(route('x', { body: '1' }), route('x', { body: '2' })),
      'b.yaml': yamlOf(route('x', { body: '3' })),
    })
    expect(stockOf(watched.directory)).toBe('x: 1')
    expect(problemsOf(watched.directory)).toEqual([
      'a.yaml: document 2: ApiRoute shop/x is in this file already; the first one is used',
      'b.yaml: ApiRoute shop/x is in a.yaml already; that one is used',
    ])
    watched.folder.remove('a.yaml')
    await watched.until((stock, problems) => stock === 'x: 3' && problems.length === 0)
  })

  test('which document is none of ours, and what it could be', () => {
    const { directory } = new Watched({
      'a.yaml': 'a: 1\n---\n- 2\n---\nkind: Deployment\n---\n7\n',
    })
    expect(problemsOf(directory)).toEqual([
      'a.yaml: document 1: kind: absent; it must be one of ApiRoute, ApiAuthorizer, Service, EndpointSlice, Secret, ConfigMap, Namespace, ReferenceGrant',
      'a.yaml: document 2: must be an object with apiVersion, kind and metadata',
      'a.yaml: document 3: kind: "Deployment"; it must be one of ApiRoute, ApiAuthorizer, Service, EndpointSlice, Secret, ConfigMap, Namespace, ReferenceGrant',
      'a.yaml: document 4: must be an object with apiVersion, kind and metadata',
    ])
  })

  test('nothing of settings and state that lie in the same folder', () => {
    const folder = new Folder({
      'a.yaml': one('1'),
      'settings.yaml': 'limits: {}\n',
      'state/last-good.json': '{',
    })
    const except = [folder.at('settings.yaml'), folder.at('state')]
    const directory = new Directory(folder.path, { clock: fakeClock(), changed: () => {}, except })
    directory.open()
    expect(problemsOf(directory)).toEqual([])
  })

  test('nothing of folders that lead to themselves or go too deep', () => {
    const deep = 'd/'.repeat(9)
    const folder = new Folder({ 'a.yaml': one('1'), [`${deep}x.yaml`]: yamlOf(route('x')) })
    fs.symlinkSync('.', folder.at('loop'))
    const directory = new Directory(folder.path, { clock: fakeClock(), changed: () => {} })
    directory.open()
    expect(stockOf(directory)).toBe('a: 1')
    expect(problemsOf(directory)).toEqual([])
  })

  test.each<{ what: string; put: (file: string) => void; message: string }>([
    {
      what: 'a link to nothing',
      put: (file) => fs.symlinkSync('nowhere.yaml', file),
      message: 'is a symbolic link to what does not exist',
    },
    {
      what: 'a link to itself',
      put: (file) => fs.symlinkSync(file, file),
      message: 'cannot be read: ELOOP',
    },
    {
      what: 'a FIFO',
      put: (file) => void execFileSync('mkfifo', [file]),
      message: 'is a FIFO; manifests are read from files',
    },
    {
      what: 'a device',
      put: (file) => fs.symlinkSync('/dev/null', file),
      message: 'is a device; manifests are read from files',
    },
  ])(
    'what is under the name of a manifest and cannot be read as a file: $what',
    async ({ put, message }) => {
      const watched = new Watched({ 'a.yaml': one('1'), 'b.yaml': yamlOf(route('b')) })
      watched.folder.remove('a.yaml')
      put(watched.folder.at('a.yaml'))
      await watched.until((_, problems) => problems.length > 0)
      expect(problemsOf(watched.directory)).toEqual([`a.yaml: ${message}`])
      expect(stockOf(watched.directory), 'what it held stays').toBe('a: 1, b: b')
      const later = new Directory(watched.folder.path, { clock: fakeClock(), changed: () => {} })
      later.open()
      expect(problemsOf(later)).toEqual([`a.yaml: ${message}`])
      watched.folder.replace('a.yaml', one('2'))
      await watched.untilStock('a: 2, b: b')
      expect(problemsOf(watched.directory)).toEqual([])
    },
  )

  test('what is under the name of a manifest and cannot be read as a file: a socket', async () => {
    const watched = new Watched({ 'b.yaml': yamlOf(route('b')) })
    const server = net.createServer().listen(watched.folder.at('a.yaml'))
    onTestFinished(() => void server.close())
    await watched.until((_, problems) => problems.length > 0)
    expect(problemsOf(watched.directory)).toEqual([
      'a.yaml: is a socket; manifests are read from files',
    ])
  })

  test('that a name in upper case is ignored', async () => {
    const watched = new Watched({ 'A.YAML': one('1'), 'b.yaml': yamlOf(route('b')) })
    const ignored =
      'is ignored: the names of manifests end with .yaml, .yml or .json, in lower case'
    expect(stockOf(watched.directory)).toBe('b: b')
    expect(problemsOf(watched.directory)).toEqual([`A.YAML: ${ignored}`])
    watched.folder.write('c/B.Json', '{}')
    await watched.until((_, problems) => problems.includes(`c/B.Json: ${ignored}`))
    watched.folder.remove('A.YAML')
    await watched.until((_, problems) => problems.length === 1)
    watched.folder.remove('c')
    await watched.until((_, problems) => problems.length === 0)
  })

  test('that the folder does not exist, at the start', () => {
    const directory = new Directory(new Folder().at('missing'), {
      clock: fakeClock(),
      changed: () => {},
    })
    expect(() => directory.open()).toThrow(/ENOENT/)
  })
})

/** What stays public, and what does not, is in the last lines of each object. */
const halves = (body: string) => `apiVersion: fairlead.dev/v1alpha1
kind: ApiRoute
metadata: { name: a, namespace: shop }
spec:
  hostnames: [a.example]
  defaults: { authorize: { public: true } }
  rules:
  - name: x
    matches: [{ path: { prefix: /x } }]
    respond: { status: 200, body: "${body}" }
  - name: y
    respond: { status: 200, body: "y" }
    authorize: { allOf: [{ authorizer: { name: staff } }] }
---
apiVersion: v1
kind: Namespace
metadata: { name: shop }
`

/** Does something to so many files and waits for the events: each has set a timer by then. */
async function seen(clock: FakeClock, change: () => void, files = 1): Promise<void> {
  const before = clock.planned
  change()
  while (clock.planned < before + files) await new Promise((resolve) => setImmediate(resolve))
}
