import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { Folder } from '../../../test/harness/folder.ts'
import { type Content, SteadyFiles } from './steady-files.ts'

const print = (content: Content): string =>
  content.kind === 'text'
    ? content.bytes.toString()
    : content.kind === 'fault'
      ? content.message
      : '(gone)'

/** A file is a loss when it is shorter than what is in force. */
function open(files: Readonly<Record<string, string>> = {}) {
  const folder = new Folder(files)
  const clock = fakeClock()
  const inForce = new Map<string, string>()
  const history: string[] = []
  const steady = new SteadyFiles({
    clock,
    judge: (file, content) => {
      const text = print(content)
      return {
        isHarmless: content.kind === 'text' && text.length >= (inForce.get(file)?.length ?? 0),
        accept: () => {
          history.push(text)
          inForce.set(file, content.kind === 'none' ? '' : text)
        },
      }
    },
  })
  for (const name of Object.keys(files)) steady.load(folder.at(name))
  history.length = 0
  const touch = (name: string) => steady.touch(folder.at(name))
  return { folder, clock, steady, history, touch }
}

describe('SteadyFiles', () => {
  test('what takes nothing away is believed after 25 ms of rest', () => {
    const { folder, clock, history, touch } = open({ a: 'old\n' })
    folder.write('a', 'newer\n')
    touch('a')
    clock.advance(24)
    expect(history).toEqual([])
    clock.advance(1)
    expect(history).toEqual(['newer\n'])
  })

  test('a file that is written piece by piece is read when the last piece is there', () => {
    const { folder, clock, history, touch } = open({ a: 'old\n' })
    for (const text of ['n\n', 'new\n', 'new and long\n']) {
      folder.write('a', text)
      touch('a')
      clock.advance(20)
    }
    expect(history).toEqual([])
    clock.advance(5)
    expect(history).toEqual(['new and long\n'])
  })

  test('a file that never comes to rest is read after 100 ms', () => {
    const { folder, clock, history, touch } = open({ a: '\n' })
    for (let i = 0; i < 30; i++) {
      folder.write('a', `${'x'.repeat(i + 1)}\n`)
      touch('a')
      clock.advance(10)
    }
    expect(history).toHaveLength(3)
    expect(history[0]).toBe(`${'x'.repeat(10)}\n`)
  })

  test.each([
    { what: 'an empty file', change: (folder: Folder) => folder.write('a', ''), want: '' },
    { what: 'a shorter file', change: (folder: Folder) => folder.write('a', 'o\n'), want: 'o\n' },
    {
      what: 'a file cut in mid-line',
      change: (folder: Folder) => folder.write('a', 'old and long'),
      want: 'old and long',
    },
  ])('$what is believed after 800 ms of rest', ({ change, want }) => {
    const { folder, clock, history, touch } = open({ a: 'old\n', b: '\n' })
    change(folder)
    touch('a')
    clock.advance(799)
    expect(history).toEqual([])
    clock.advance(1)
    expect(history).toEqual([want])
  })

  test('a removed file is gone after 800 ms; most of them at once (a mount that failed), after 2 s', () => {
    const { folder, clock, history, touch } = open({ a: 'a\n', b: 'b\n', c: 'c\n' })
    folder.remove('a')
    touch('a')
    clock.advance(799)
    expect(history).toEqual([])
    clock.advance(1)
    expect(history).toEqual(['(gone)'])
    folder.remove('b')
    folder.remove('c')
    touch('b')
    touch('c')
    clock.advance(1999)
    expect(history).toHaveLength(1)
    clock.advance(1)
    expect(history).toHaveLength(3)
  })

  test('an empty file that is filled in time was never empty', () => {
    const { folder, clock, history, touch } = open({ a: 'old\n' })
    folder.write('a', '')
    touch('a')
    clock.advance(700)
    folder.write('a', 'newer\n')
    touch('a')
    clock.advance(25)
    expect(history).toEqual(['newer\n'])
    clock.advance(10_000)
    expect(history).toHaveLength(1)
  })

  test('a slow writer has 800 ms for each piece, and 5 s in all', () => {
    const { folder, clock, history, touch } = open({ a: `${'x'.repeat(99)}\n` })
    for (let i = 1; i <= 11; i++) {
      folder.write('a', `${'y'.repeat(i)}\n`)
      touch('a')
      clock.advance(500)
    }
    expect(history).toHaveLength(1)
    expect(history[0]).toBe(`${'y'.repeat(11)}\n`)
  })

  test('a change without an event is seen at the next look', () => {
    const { folder, clock, history, touch } = open({ a: 'old\n' })
    folder.write('a', 'newer\n')
    touch('a')
    clock.advance(10)
    folder.write('a', 'the newest\n')
    clock.advance(100)
    expect(history).toEqual(['the newest\n'])
  })

  test('a touch without a change does nothing', () => {
    const { clock, history, touch } = open({ a: 'old\n' })
    touch('a')
    touch('never there')
    clock.advance(10_000)
    expect(history).toEqual([])
  })

  test('JSON says itself where it ends', () => {
    const { folder, clock, history, touch } = open({ 'a.json': '{}\n', 'b.yaml': '{}\n' })
    folder.write('a.json', '{"longer": 1}')
    folder.write('b.yaml', '{"longer": 1}')
    touch('a.json')
    touch('b.yaml')
    clock.advance(25)
    expect(history).toEqual(['{"longer": 1}', '{"longer": 1}'])
  })

  test('a file whose owner never ends the last line is not waited for', () => {
    const { folder, clock, history, touch } = open({ a: 'a: 1' })
    folder.write('a', 'a: 22')
    touch('a')
    clock.advance(25)
    expect(history).toEqual(['a: 22'])
  })

  test.skipIf(process.getuid?.() === 0)('a file that may not be read is told after 800 ms', () => {
    const { folder, clock, history, touch } = open({ a: 'old\n' })
    fs.chmodSync(folder.at('a'), 0)
    touch('a')
    clock.advance(800)
    expect(history).toEqual(['cannot be read: EACCES'])
  })

  test('what cannot be looked at, or is too large, is a fault; what is no file is none', () => {
    const { folder, clock, history, steady, touch } = open({ a: 'old\n', b: 'b\n', c: 'c\n' })
    fs.symlinkSync('loop', folder.at('loop'))
    fs.writeFileSync(folder.at('large'), '')
    fs.truncateSync(folder.at('large'), 32 * 1024 * 1024 + 1)
    fs.mkdirSync(folder.at('folder'))
    for (const name of ['loop', 'large', 'folder']) touch(name)
    clock.advance(800)
    expect(history.sort()).toEqual([
      'cannot be read: ELOOP',
      'is larger than 33554432 bytes; split it into several files',
    ])
    expect(steady.names).not.toContain(folder.at('folder'))
  })

  test('closed, it never calls again', () => {
    const { folder, clock, history, steady, touch } = open({ a: 'old\n' })
    folder.write('a', 'newer\n')
    touch('a')
    steady.close()
    clock.advance(10_000)
    expect(history).toEqual([])
  })
})
