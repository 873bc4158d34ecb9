import { expect, test } from 'vitest'
import { newRequestId, newSpanId, newTraceId } from './request-id.ts'

const many = <T>(make: (i: number) => T): T[] => Array.from({ length: 5000 }, (_, i) => make(i))

test('a request id is a UUIDv7 of its millisecond', () => {
  const wallMs = Date.UTC(2026, 10, 24)
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  for (const id of many((i) => newRequestId(wallMs + (i % 3)))) {
    expect(id).toMatch(form)
    expect(Number.parseInt(id.slice(0, 13).replace('-', ''), 16) - wallMs).toBeLessThan(3)
  }
})

test('later ids sort behind earlier ones', () => {
  const ids = [1, 2, 10, 255, 256, 65_536, 2 ** 40].map((ms) => newRequestId(ms))
  expect(ids.toSorted()).toEqual(ids)
})

test('no id comes twice, also across refills of the pool', () => {
  expect(new Set(many(() => newRequestId(1))).size).toBe(5000)
  expect(new Set(many(newTraceId)).size).toBe(5000)
  expect(new Set(many(newSpanId)).size).toBe(5000)
})

test('trace and span ids have the lengths of W3C Trace Context', () => {
  expect(newTraceId()).toMatch(/^[0-9a-f]{32}$/)
  expect(newSpanId()).toMatch(/^[0-9a-f]{16}$/)
})

test('all digits of the random parts occur in every place', () => {
  const ids = many(() => newRequestId(1))
  for (const place of [15, 16, 17, 20, 24, 35]) {
    expect(new Set(ids.map((id) => id[place])).size, `place ${place}`).toBe(16)
  }
  expect(new Set(ids.map((id) => id[19]))).toEqual(new Set('89ab'))
})
