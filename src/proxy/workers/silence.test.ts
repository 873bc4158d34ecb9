import { expect, test } from 'vitest'
import { Silence } from './silence.ts'

test.each([
  ['it is heard every five seconds', [5, 10, 15, 20, 25, 30, 35, 40, 45], [5, 10, 20, 30, 40]],
  ['it is busy for half a minute', [29], [30, 35]],
  ['the one who looks was busy: the news is read after the first look', [5, 101], [100, 105]],
])('a worker lives when %s', (_, heard, looks) => {
  expect(lookedAt(heard, looks)).not.toContain(true)
})

test('a worker that is silent for over thirty seconds, at two looks, has ended', () => {
  expect(lookedAt([5], [30, 35, 40, 45])).toEqual([false, false, false, true])
})

/** What each look finds; all times in seconds. */
function lookedAt(heard: readonly number[], looks: readonly number[]): boolean[] {
  const silence = new Silence(0)
  const moments = [
    ...heard.map((at) => ({ at, isLook: false })),
    ...looks.map((at) => ({ at, isLook: true })),
  ].sort((a, b) => a.at - b.at)
  const found: boolean[] = []
  for (const { at, isLook } of moments)
    if (isLook) found.push(silence.isTooLong(at * 1000))
    else silence.heard(at * 1000)
  return found
}
