import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameReader, frame } from './frame.ts'

describe('frames', () => {
  test('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.array(fc.nat(20)), (texts, cuts) => {
        const stream = Buffer.concat(texts.map(frame))
        const reader = new FrameReader(1000)
        const got: string[] = []
        let at = 0
        for (let i = 0; at < stream.length; i++) {
          const end = at + 1 + (cuts[i % Math.max(cuts.length, 1)] ?? 0)
          got.push(...(reader.push(stream.subarray(at, end)) ?? []))
          at = end
        }
        expect(got).toEqual(texts.map((text) => Buffer.from(text).toString()))
      }),
    )
  })

  test('one that is announced too large ends the stream before it arrives', () => {
    expect(new FrameReader(10).push(frame('12345678901').subarray(0, 4))).toBeUndefined()
    expect(new FrameReader(11).push(frame('12345678901'))).toEqual(['12345678901'])
  })
})
