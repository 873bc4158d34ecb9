import { expect, test } from 'vitest'
import { RestartPolicy } from './restart-policy.ts'

/** @param lives how long each worker ran, in seconds */
const waits = (lives: readonly number[], policy = new RestartPolicy()) =>
  lives.map((seconds) => policy.delayMs(seconds * 1000))

test.each([
  ['the first end is followed at once', [3600], [0]],
  [
    'ends in a row are followed later and later, within a second',
    [0, 0, 0, 0, 0],
    [0, 100, 200, 400, 800],
  ],
  ['then the breaker opens', [0, 0, 0, 0, 0, 0, 0], [0, 100, 200, 400, 800, 30_000, 30_000]],
  ['a worker that lasted begins a new count', [0, 0, 0, 60, 0], [0, 100, 200, 0, 100]],
  [
    'one that lasted closes the breaker',
    [0, 0, 0, 0, 0, 0, 61, 1],
    [0, 100, 200, 400, 800, 30_000, 0, 100],
  ],
])('%s', (_, lives, wanted) => expect(waits(lives)).toEqual(wanted))

test('the breaker is open only while ends are in a row', () => {
  const policy = new RestartPolicy()
  waits([0, 0, 0, 0, 0], policy)
  expect(policy.open).toBe(false)
  waits([0], policy)
  expect(policy.open).toBe(true)
  waits([60], policy)
  expect(policy.open).toBe(false)
})
