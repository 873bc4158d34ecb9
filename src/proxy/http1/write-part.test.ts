import { describe, expect, test } from 'vitest'
import { writePart } from './write-part.ts'

/** A socket that remembers what it was given, and takes it at once or keeps it waiting. */
class FakeSocket {
  readonly writes: (string | Buffer)[] = []
  writableLength = 0
  readonly #isSlow: boolean

  constructor(isSlow: boolean) {
    this.#isSlow = isSlow
  }

  write(data: string | Buffer): boolean {
    this.writes.push(data)
    if (this.#isSlow) this.writableLength += data.length
    return !this.#isSlow
  }

  get text(): string {
    return this.writes
      .map((data) => (typeof data === 'string' ? data : data.toString('latin1')))
      .join('')
  }
}

const sizes = [0, 1, 100, 4000, 4096, 5000, 80 * 1024 - 10, 80 * 1024, 200 * 1024]

describe('writePart', () => {
  test.each(sizes)('%d bytes between two texts leave in one write', (size) => {
    const socket = new FakeSocket(false)
    const chunk = Buffer.alloc(size, 'c\xff', 'latin1')
    expect(writePart(socket, 'head\xe9', chunk, '\r\n')).toBe(true)
    expect(socket.writes).toHaveLength(1)
    expect(socket.text).toBe(`head\xe9${chunk.toString('latin1')}\r\n`)
  })

  test.each([10, 10_000, 100_000])('with %d bytes waiting it asks for a pause', (size) => {
    expect(writePart(new FakeSocket(true), '', Buffer.alloc(size), '')).toBe(false)
  })

  test.each([10, 10_000, 100_000])(
    'a chunk of %d bytes is borrowed: what becomes of it later does not matter',
    (size) => {
      const slow = new FakeSocket(true)
      const chunk = Buffer.alloc(size, 'a')
      writePart(slow, '<', chunk, '>')
      chunk.fill('b')
      expect(slow.text).toBe(`<${'a'.repeat(size)}>`)
    },
  )

  test('what waits on one socket is not overwritten by what is written on another', () => {
    const slow = new FakeSocket(true)
    const quick = new FakeSocket(false)
    writePart(slow, '', Buffer.alloc(10_000, 'a'), '')
    writePart(quick, '', Buffer.alloc(10_000, 'b'), '')
    writePart(slow, '', Buffer.alloc(10_000, 'c'), '')
    expect(slow.text).toBe('a'.repeat(10_000) + 'c'.repeat(10_000))
  })
})
