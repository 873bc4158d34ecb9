import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Folder } from '../../../test/harness/folder.ts'
import { snapshotOf } from '../../../test/push/set-up.ts'
import { systemClock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { type Held, LastGoodFile } from './last-good-file.ts'

const newest = 'state/snapshot.json'
const previous = 'state/snapshot.previous.json'
const held = (sequence: number, ...hostnames: string[]): Held => ({
  epoch: 1,
  sequence,
  snapshot: snapshotOf(...hostnames),
})
const one = held(1, 'one.example')
const two = held(2, 'one.example', 'two.example')
const three = held(3, 'three.example')

function open(folder: Folder, at = 'state') {
  const said: string[] = []
  const say = (message: string, fields?: Record<string, unknown>) =>
    void said.push(`${message} ${JSON.stringify(fields)}`)
  const log: Log = { error: say, warn: say, info: say, debug: say, isDebug: () => false }
  return { file: new LastGoodFile(folder.at(at), log, systemClock), said }
}

/** Saves them, one after the other. */
async function save(file: LastGoodFile, ...all: readonly Held[]): Promise<void> {
  for (const each of all) {
    file.save(each)
    await file.settled()
  }
}

const read = (folder: Folder, name: string): string => fs.readFileSync(folder.at(name), 'utf8')
const modeOf = (folder: Folder, name: string): number => fs.statSync(folder.at(name)).mode & 0o777
const momentOf = (loaded: Held | undefined) => loaded?.sequence

describe('K8: what a proxy starts from', () => {
  test('K8: the newest is given back whole; both files are their owner’s alone', async () => {
    const folder = new Folder()
    await save(open(folder).file, one, two)
    const { file, said } = open(folder)
    expect(file.load()).toMatchObject(two)
    expect(said).toEqual([])
    expect(fs.readdirSync(folder.at('state')).sort()).toEqual([
      'snapshot.json',
      'snapshot.previous.json',
    ])
    expect([newest, previous].map((name) => modeOf(folder, name))).toEqual([0o600, 0o600])
    expect(modeOf(folder, 'state')).toBe(0o700)
  })

  test('K8: a file that was left half written, with rights for everybody, does not pass them on', async () => {
    const folder = new Folder({ [`${newest}.new`]: 'half' })
    fs.chmodSync(folder.at(`${newest}.new`), 0o666)
    await save(open(folder).file, one)
    expect(modeOf(folder, newest)).toBe(0o600)
    expect(momentOf(open(folder).file.load())).toBe(1)
  })

  test('K8: cut anywhere it is not used, which is said, and the one before is', async () => {
    const folder = new Folder()
    await save(open(folder).file, one, two)
    const whole = read(folder, newest)
    const step = Math.ceil(whole.length / 100)
    for (let at = 0; at < whole.length; at += step) {
      folder.write(newest, whole.slice(0, at))
      const { file, said } = open(folder)
      expect([momentOf(file.load()), said.length]).toEqual([1, 1])
    }
  })

  test('K8: whatever byte is changed, nothing is served that was not saved', async () => {
    const folder = new Folder()
    await save(open(folder).file, one, two)
    const whole = fs.readFileSync(folder.at(newest))
    const step = Math.ceil(whole.length / 200)
    for (let at = 0; at < whole.length; at += step) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] as number) ^ 1
      folder.write(newest, damaged)
      const loaded = open(folder).file.load()
      const digests = [one, two].map(({ snapshot }) => snapshot.digest)
      expect(digests).toContain(loaded?.snapshot.digest)
    }
  })

  test.each([
    {
      what: 'a newer format',
      damage: (text: string) => text.replace('"format":1', '"format":2'),
      says: 'format',
    },
    {
      what: 'a field of a newer version that may protect something',
      damage: (text: string) => text.replace('"authorize":', '"mtls":{},"authorize":'),
      says: 'mtls: this field is not known',
    },
    {
      what: 'a rule that was opened by hand',
      damage: (text: string) => text.replace('"underscores":"Drop"', '"underscores":"Keep"'),
      says: 'digest',
    },
    { what: 'another message', damage: () => '{"type":"ping"}', says: 'no snapshot' },
    { what: 'no JSON', damage: () => '\0\0\0\0', says: 'cannot be used' },
    { what: 'nothing', damage: () => '', says: 'cannot be used' },
  ])('K8: $what is not used, which is said, and the one before is', async ({ damage, says }) => {
    const folder = new Folder()
    await save(open(folder).file, one, two)
    folder.write(newest, damage(read(folder, newest)))
    const { file, said } = open(folder)
    expect(momentOf(file.load())).toBe(1)
    expect(said).toEqual([expect.stringContaining(says)])
  })

  test('K8: with both damaged there is none, and both are told', async () => {
    const folder = new Folder()
    await save(open(folder).file, one, two)
    folder.write(newest, 'x')
    folder.write(previous, 'x')
    const { file, said } = open(folder)
    expect(file.load()).toBeUndefined()
    expect(said).toHaveLength(2)
  })

  test('K8: a damaged one does not push out the good one before it', async () => {
    const folder = new Folder()
    await save(open(folder).file, one, two)
    folder.write(newest, 'x')
    const { file } = open(folder)
    file.load()
    await save(file, three)
    expect(momentOf(open(folder).file.load())).toBe(3)
    folder.write(newest, 'x')
    expect(momentOf(open(folder).file.load())).toBe(1)
  })

  test('K8: a process that ends between the two renamings leaves the one before', async () => {
    const folder = new Folder()
    await save(open(folder).file, one, two)
    fs.renameSync(folder.at(newest), folder.at(previous))
    expect(momentOf(open(folder).file.load())).toBe(2)
  })
})

/** A file system of 64 KiB, in memory. Only root may. */
function mountSmall(path: string): void {
  fs.mkdirSync(path)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { stdio: 'ignore' })
}

const mayMount = ((): boolean => {
  const path = fs.mkdtempSync(join(tmpdir(), 'fairlead-mount-'))
  try {
    mountSmall(join(path, 'disk'))
    execFileSync('umount', [join(path, 'disk')])
    return true
  } catch {
    process.stderr.write('!! SKIPPED, mounting is not allowed: a full disk\n')
    return false
  } finally {
    fs.rmSync(path, { recursive: true })
  }
})()

describe('K8: a disk that takes nothing', () => {
  test('K8: a folder that cannot be written costs the file; it is said, and the next one is saved', async () => {
    const folder = new Folder({ state: 'a file in the way' })
    const { file, said } = open(folder)
    await save(file, one)
    expect(said).toEqual([expect.stringContaining('a restart would not know it')])
    folder.remove('state')
    await save(file, two)
    expect(momentOf(open(folder).file.load())).toBe(2)
  })

  test.skipIf(!mayMount)(
    'K8: a full disk: what was saved before stays and can be loaded; with room again the newest is saved',
    async () => {
      const folder = new Folder()
      mountSmall(folder.at('disk'))
      onTestFinished(() => void execFileSync('umount', [folder.at('disk')]))
      const { file, said } = open(folder, 'disk/state')
      await save(file, one)
      fs.writeFileSync(folder.at('disk/filler'), '')
      try {
        fs.writeFileSync(folder.at('disk/filler'), Buffer.alloc(1024 * 1024))
      } catch {
        // As much as there is room for has been written.
      }
      await save(file, two, three)
      expect(said).toHaveLength(2)
      expect(said[0]).toContain('ENOSPC')
      expect(momentOf(open(folder, 'disk/state').file.load())).toBe(1)
      fs.rmSync(folder.at('disk/filler'))
      await save(file, three)
      expect(momentOf(open(folder, 'disk/state').file.load())).toBe(3)
    },
  )
})
