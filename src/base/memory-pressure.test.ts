import v8 from 'node:v8'
import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { MemoryPressure } from './memory-pressure.ts'

test('D8: work is refused at one share of the heap, connections are shed at another, and both end', () => {
  const limit = v8.getHeapStatistics().heap_size_limit
  const seen: string[] = []
  const pressure = new MemoryPressure(
    systemClock,
    () => ({ memoryPercent: 85, memoryShedPercent: 95 }),
    (level) => seen.push(level),
  )
  for (const share of [0.5, 0.86, 0.9, 0.96, 0.86, 0.1]) {
    pressure.sample({ heapUsed: limit * share, rss: 0 })
  }
  pressure.close()
  expect(seen).toEqual(['refuse', 'shed', 'refuse', 'none'])
})
