import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Folder } from '../../test/harness/folder.ts'
import type { Log } from '../base/log.ts'
import type { State } from './state-file.ts'
import { StateFile } from './state-file.ts'

const nothing: State = { objects: [], files: [] }
const state = {
  objects: [{ kind: 'ApiRoute', meta: { uid: 'u', name: 'x' }, spec: {}, problems: [] }],
  files: [],
  settings: { limits: { target: '16Ki' } },
} as unknown as State

/** A log that remembers what was said. */
function listen(): { log: Log; said: string[] } {
  const said: string[] = []
  const say = (message: string, fields?: Record<string, unknown>) =>
    void said.push(`${message} ${JSON.stringify(fields)}`)
  return { said, log: { error: say, warn: say, info: say, debug: say, isDebug: () => false } }
}

function open(folder: Folder) {
  const { log, said } = listen()
  return { file: new StateFile(folder.at('state'), log), said }
}

describe('the state file', () => {
  test('keeps what it was given, for its owner only', () => {
    const folder = new Folder()
    const { file } = open(folder)
    expect(file.load()).toEqual(nothing)
    file.save(state)
    expect(open(folder).file.load()).toEqual(state)
    expect(fs.statSync(folder.at('state/last-good.json')).mode & 0o777).toBe(0o600)
    expect(fs.statSync(folder.at('state')).mode & 0o777).toBe(0o700)
    expect(fs.readdirSync(folder.at('state'))).toEqual(['last-good.json'])
  })

  test("a file that was left half written, with rights for everybody, is in nobody's way", () => {
    const folder = new Folder({ 'state/last-good.json.new': 'half' })
    fs.chmodSync(folder.at('state/last-good.json.new'), 0o666)
    const { file, said } = open(folder)
    file.save(state)
    expect(fs.statSync(folder.at('state/last-good.json')).mode & 0o777).toBe(0o600)
    expect(open(folder).file.load()).toEqual(state)
    expect(said).toEqual([])
  })

  test('is not touched while nothing changes, and not created for nothing', () => {
    const folder = new Folder()
    const { file } = open(folder)
    file.load()
    file.save(nothing)
    expect(fs.existsSync(folder.at('state'))).toBe(false)
    file.save(state)
    const { ino } = fs.statSync(folder.at('state/last-good.json'))
    file.save(state)
    const again = open(folder).file
    again.load()
    again.save(state)
    expect(fs.statSync(folder.at('state/last-good.json')).ino).toBe(ino)
  })

  test('K8: cut at any byte it counts as none, is told once, and is replaced', () => {
    const folder = new Folder()
    open(folder).file.save(state)
    const whole = fs.readFileSync(folder.at('state/last-good.json'), 'utf8')
    for (let at = 0; at < whole.length; at++) {
      folder.write('state/last-good.json', whole.slice(0, at))
      const { file, said } = open(folder)
      expect(file.load()).toEqual(nothing)
      expect(said).toEqual([
        expect.stringContaining(
          'what is broken holds with 503 what can be read of its place, and the rest is left to other objects',
        ),
      ])
    }
    const { file } = open(folder)
    file.load()
    file.save(nothing)
    expect(open(folder).file.load()).toEqual(nothing)
    expect(fs.readFileSync(folder.at('state/last-good.json'), 'utf8')).not.toBe(whole)
  })

  test.each([
    {
      what: 'a flipped bit',
      damage: (text: string) => text.replace('16Ki', '26Ki'),
      says: 'it is damaged',
    },
    {
      what: 'a newer version',
      damage: (text: string) => text.replace(/"format":\d+/, '"format":99'),
      says: 'it is of another version',
    },
    { what: 'something else', damage: () => 'null', says: 'it is of another version' },
    { what: 'no JSON', damage: () => '\0\0\0\0', says: 'not valid JSON' },
  ])('K8: $what counts as none', ({ damage, says }) => {
    const folder = new Folder()
    open(folder).file.save(state)
    folder.write(
      'state/last-good.json',
      damage(fs.readFileSync(folder.at('state/last-good.json'), 'utf8')),
    )
    const { file, said } = open(folder)
    expect(file.load()).toEqual(nothing)
    expect(said.join()).toContain(says)
  })

  test('K8: a disk that does not take it is told, and nothing else happens', () => {
    const folder = new Folder({ state: 'a file in the way' })
    const { file, said } = open(folder)
    file.save(state)
    expect(said.join()).toMatch(/cannot be saved/)
    folder.remove('state')
    file.save(state)
    expect(open(folder).file.load()).toEqual(state)
  })

  test('without a folder nothing is kept', () => {
    const { log, said } = listen()
    const file = new StateFile(undefined, log)
    file.save(state)
    expect(file.load()).toEqual(nothing)
    expect(said).toEqual([])
  })
})
