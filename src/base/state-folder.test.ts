import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepStateFolder, openStateFolder } from './state-folder.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'fairlead-state-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

test('a folder that is missing is made for its owner alone, and nothing is left in it', () => {
  const state = join(folder, 'state')
  openStateFolder(state)
  openStateFolder(state)
  expect(fs.statSync(state).mode & 0o777).toBe(0o700)
  expect(fs.readdirSync(state)).toEqual([])
})

test('one that was taken away is put back, and one that is there stays as it is', async () => {
  const state = join(folder, 'state')
  await keepStateFolder(state)
  fs.chmodSync(state, 0o750)
  await keepStateFolder(state)
  expect(fs.statSync(state).mode & 0o777).toBe(0o750)
})

test.each([
  { what: 'a file', at: ['file'], says: /file is no folder; give a folder$/ },
  {
    what: 'a way through a file',
    at: ['file', 'state'],
    says: /leads through a file; give a folder$/,
  },
  {
    what: 'a parent that is missing',
    at: ['no', 'state'],
    says: /state has no \/.*\/no to be in; make that first$/,
  },
])('$what is refused, with what would be right', ({ at, says }) => {
  fs.writeFileSync(join(folder, 'file'), '')
  expect(() => openStateFolder(join(folder, ...at))).toThrow(says)
  expect(() => openStateFolder(join(folder, ...at))).toThrow(/^--state: \//)
})

test.runIf(process.platform === 'linux')(
  'a file system that holds no folders is refused, and does not hang',
  () => {
    expect(() => openStateFolder('/proc/fairlead')).toThrow(
      /^--state: \/proc\/fairlead (cannot|may not) be /,
    )
    expect(() => openStateFolder('/sys/fairlead/state')).toThrow(/make that first$/)
  },
)

test.runIf(process.getuid?.() !== 0)('one that may not be written is refused', () => {
  fs.chmodSync(folder, 0o500)
  expect(() => openStateFolder(folder)).toThrow(/may not be written by this user/)
  fs.chmodSync(folder, 0o700)
})
