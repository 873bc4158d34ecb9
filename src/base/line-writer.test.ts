import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { LineWriter } from './line-writer.ts'

let folder: string
let failures: string[]
/** Wakes whoever waits for a sink to fail. */
let failed: () => void

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'fairlead-lines-'))
  failures = []
  failed = () => {}
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

const open = (file: string) =>
  new LineWriter({
    file,
    clock: systemClock,
    failed: (error) => {
      failures.push((error as NodeJS.ErrnoException).code ?? '')
      failed()
    },
  })

const line = (i: number, length = 1000) => `${String(i).padStart(length - 1, '.')}\n`

/** @returns how many were written */
function writeMany(writer: LineWriter, count: number): number {
  for (let i = 0; i < count; i++) writer.write(line(i))
  return count
}

const pipe = () => {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  return path
}

/** A reader that has the pipe open and takes nothing. */
function reader(path: string) {
  const descriptor = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
  return {
    /** Waits for one byte and takes it. */
    byte: async () => {
      const file = await fs.promises.open(path, 'r')
      await file.read(Buffer.alloc(1), 0, 1)
      await file.close()
    },
    leave: () => fs.closeSync(descriptor),
  }
}

/** Blocking: it ends when the last writer has gone. */
const readAll = (path: string) => text(fs.createReadStream(path, 'latin1'))

const countOf = (content: string) => content.split('\n').length - 1

describe('D10: a sink that does not take lines', () => {
  test('a pipe that nobody reads: opened and written to without waiting; what is over the bound is dropped and counted', async () => {
    const path = pipe()
    const writer = open(path)
    const written = writeMany(writer, 10_000)
    expect(writer.dropped).toBeGreaterThan(1000)
    const [content] = await Promise.all([readAll(path), writer.close()])
    expect(countOf(content) + writer.dropped).toBe(written)
    expect(content.startsWith(line(0))).toBe(true)
    expect(failures).toEqual([])
  })

  test('a full pipe: what is over the bound is dropped and counted, the rest arrives whole', async () => {
    const path = pipe()
    const idle = reader(path)
    const writer = open(path)
    const written = writeMany(writer, 10_000)
    expect(writer.dropped).toBeGreaterThan(1000)
    const [content] = await Promise.all([readAll(path), writer.close()])
    idle.leave()
    expect(countOf(content) + writer.dropped).toBe(written)
    expect(content).toMatch(/^(\.+\d+\n)+$/)
  })

  test('a pipe that stays full does not hold up the end', async () => {
    const path = pipe()
    const idle = reader(path)
    const writer = open(path)
    const written = writeMany(writer, 500)
    await writer.close()
    const taken = Math.floor((64 * 1024) / 1000)
    expect(writer.dropped).toBeGreaterThanOrEqual(written - taken - 1)
    idle.leave()
  })

  test('a full disk: every line is dropped and counted, and it is said once', async () => {
    const writer = open('/dev/full')
    const written = writeMany(writer, 300)
    await writer.close()
    expect(writer.dropped).toBe(written)
    expect(failures).toEqual(['ENOSPC'])
  })

  test('a reader who goes away costs what was on its way; the next one begins with a whole line', async () => {
    const path = pipe()
    const first = reader(path)
    const writer = open(path)
    const hasFailed = new Promise<void>((resolve) => {
      failed = resolve
    })
    writeMany(writer, 200)
    await first.byte()
    first.leave()
    await hasFailed
    const second = readAll(path)
    writer.write('after\n')
    await writer.close()
    expect(failures).toEqual(['EPIPE'])
    expect(writer.dropped).toBeGreaterThan(0)
    expect(await second).toMatch(/^(\.+\d+\n)*after\n$/)
  })
})

describe('rotation', () => {
  test('lines before it are in the file that was moved, lines after it in the new one', async () => {
    const path = join(folder, 'access.log')
    const writer = open(path)
    writer.write('before\n')
    fs.renameSync(path, `${path}.1`)
    writer.reopen()
    writer.write('after\n')
    await writer.close()
    expect(fs.readFileSync(`${path}.1`, 'utf8') + fs.readFileSync(path, 'utf8')).toBe(
      'before\nafter\n',
    )
    expect(fs.readFileSync(path, 'utf8')).toBe('after\n')
  })

  test('a file that cannot be opened any more is told of, and the one that is open is kept', async () => {
    const path = join(folder, 'access.log')
    const writer = open(path)
    fs.renameSync(path, `${path}.1`)
    fs.mkdirSync(path)
    writer.reopen()
    writer.write('kept\n')
    await writer.close()
    expect(fs.readFileSync(`${path}.1`, 'utf8')).toBe('kept\n')
    expect(failures).toEqual(['EISDIR'])
    expect(writer.dropped).toBe(0)
  })

  test('a file that cannot be opened at the start is an error', () => {
    expect(() => open(join(folder, 'no', 'access.log'))).toThrow('ENOENT')
  })
})
