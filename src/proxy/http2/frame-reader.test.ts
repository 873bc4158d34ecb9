import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameReader } from './frame-reader.ts'

interface Written {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Uint8Array
}

function printed(frames: readonly Written[]): Buffer {
  return Buffer.concat(
    frames.map(({ type, flags, stream, payload }) => {
      const head = Buffer.alloc(9)
      head.writeUIntBE(payload.length, 0, 3)
      head[3] = type
      head[4] = flags
      head.writeUInt32BE(stream, 5)
      return Buffer.concat([head, payload])
    }),
  )
}

/** What is said of bytes that arrive in pieces that end at the cuts. Parts of DATA are told as one. */
function eventsOf(bytes: Buffer, cuts: readonly number[]): string[] {
  const events: string[] = []
  let content = ''
  const reader = new FrameReader({
    frame: ({ type, flags, stream }, from, start, end) =>
      void events.push(`${type} ${flags} ${stream} ${from.toString('hex', start, end)}`),
    data: ({ flags, stream, length }, size) => {
      events.push(`DATA ${flags} ${stream} ${length} ${size}`)
      content = ''
    },
    part: (stream, from, start, end) => {
      expect(end).toBeGreaterThan(start)
      content += `${stream}:${from.toString('hex', start, end)}`.replace(
        content === '' ? '' : /^\d+:/,
        '',
      )
    },
    dataEnd: ({ stream }) => void events.push(`END ${stream} ${content}`),
    broken: (error) => void events.push(error),
  })
  let at = 0
  for (const cut of [...cuts, bytes.length]) {
    // A read lends its buffer: whatever becomes of it later does not matter.
    const lent = Buffer.from(bytes.subarray(at, cut))
    reader.read(lent, 0, lent.length)
    lent.fill(0xee)
    at = cut
  }
  return events
}

const frameOf = fc.record({
  type: fc.nat({ max: 12 }),
  flags: fc.nat({ max: 255 }),
  stream: fc.nat({ max: 5 }),
  payload: fc.uint8Array({ maxLength: 40 }),
})

describe('frames', () => {
  test('are the same however their bytes are cut', () => {
    const property = fc.property(fc.array(frameOf, { maxLength: 6 }), (frames) => {
      const bytes = printed(frames)
      const whole = eventsOf(bytes, [])
      for (let at = 1; at < bytes.length; at++) expect(eventsOf(bytes, [at])).toEqual(whole)
      expect(
        eventsOf(
          bytes,
          Array.from({ length: bytes.length }, (_, i) => i),
        ),
      ).toEqual(whole)
    })
    fc.assert(property, { numRuns: 150 })
  })

  test('any bytes at all are frames, an unfinished one, or broken', () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.nat(300)),
      (given, places) => {
        const bytes = Buffer.from(given)
        const cuts = places.filter((place) => place < bytes.length).sort((a, b) => a - b)
        expect(eventsOf(bytes, cuts)).toEqual(eventsOf(bytes, []))
      },
    )
    fc.assert(property, { numRuns: 500 })
  })

  test.each([
    [
      'a frame of 16,385 bytes',
      { type: 4, flags: 0, stream: 0, payload: new Uint8Array(16_385) },
      'frame_size_error',
    ],
    [
      'padding as long as the frame',
      { type: 0, flags: 8, stream: 1, payload: Uint8Array.of(4, 0, 0, 0) },
      'protocol_error',
    ],
    [
      'padded without a length',
      { type: 0, flags: 8, stream: 1, payload: new Uint8Array() },
      'frame_size_error',
    ],
  ])('%s is broken, and nothing behind it is looked at', (_, bad, error) => {
    const good = { type: 6, flags: 0, stream: 0, payload: new Uint8Array(8) }
    expect(eventsOf(printed([good, bad, good]), [])).toEqual([`6 0 0 ${'00'.repeat(8)}`, error])
  })

  test('padding is not content', () => {
    const payload = Uint8Array.of(2, 0x61, 0x62, 0, 0)
    expect(eventsOf(printed([{ type: 0, flags: 9, stream: 1, payload }]), [])).toEqual([
      'DATA 9 1 5 2',
      'END 1 1:6162',
    ])
  })

  test('the reserved bit of a stream says nothing', () => {
    const bytes = printed([{ type: 6, flags: 0, stream: 0x80000003, payload: new Uint8Array(8) }])
    expect(eventsOf(bytes, [])[0]).toMatch(/^6 0 3 /)
  })
})
