import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../../test/harness/fake-clock.ts'
import { KeySet } from './key-set.ts'
import type { Share } from './share.ts'

const { publicKey } = generateKeyPairSync('ed25519')
const value = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] }

interface Own {
  readonly staleForMs?: number
  readonly maxAgeMs?: number
  readonly share?: Share
  readonly dice?: number
}

/** A set whose source answers at once, or fails, and says how old its answer may get. */
function start(own: Own = {}) {
  const clock = fakeClock()
  const source = { asked: 0, isDown: false, maxAgeMs: own.maxAgeMs }
  let wake = () => {}
  const set = new KeySet({
    clock,
    dice: () => own.dice ?? 0,
    source: 'test',
    fetch: async () => {
      source.asked++
      if (source.isDown) throw new Error('down')
      return { value, maxAgeMs: source.maxAgeMs }
    },
    given: undefined,
    saved: undefined,
    ...(own.share !== undefined && { share: own.share }),
    fetched: () => wake(),
  })
  /** Runs something that makes it fetch, until that is over. */
  const during = (act: () => void) =>
    new Promise<void>((resolve) => {
      wake = resolve
      act()
    })
  const begin = () =>
    during(() =>
      set.update([{ authorizer: 'a', issuer: 'i', staleForMs: own.staleForMs ?? 86_400_000 }]),
    )
  return { clock, source, set, during, begin }
}

describe('when keys are fetched again', () => {
  test.each<[string, Own, number]>([
    ['after ten minutes where nothing is said', {}, 8 * 60_000],
    ['at four fifths of their age', { maxAgeMs: 3_600_000 }, 48 * 60_000],
    ['not within a minute', { maxAgeMs: 0 }, 60_000],
    ['twice before anybody takes them for stale', { maxAgeMs: 31_536_000_000 }, 12 * 3_600_000],
    ['twice before, where that is soon', { maxAgeMs: 3_600_000, staleForMs: 60_000 }, 30_000],
    [
      'twice before, in each of many workers',
      { maxAgeMs: 3_600_000, staleForMs: 60_000, share: { index: 0, of: 16 } },
      30_000,
    ],
  ])('%s', async (_, own, dueMs) => {
    const early = start(own)
    await early.begin()
    early.clock.leap(dueMs * 0.9 - 1)
    expect(early.source.asked).toBe(1)
    await early.during(() => early.clock.leap(1))
    expect(early.source.asked).toBe(2)
    const late = start({ ...own, dice: 0.999_999 })
    await late.begin()
    await late.during(() => late.clock.leap(dueMs))
    expect([late.source.asked, late.set.isUsable(own.staleForMs ?? 86_400_000)]).toEqual([2, true])
  })

  test('J22 after a failure not within ten seconds, and by each of four workers not within forty', async () => {
    for (const share of [
      { index: 0, of: 1 },
      { index: 3, of: 4 },
    ]) {
      const { clock, source, set, during, begin } = start({ share })
      await begin()
      source.isDown = true
      await during(() => clock.leap(600_000))
      clock.leap(10_000 * share.of - 1)
      expect([source.asked, set.fault, set.size]).toEqual([2, 'down', 1])
      await during(() => clock.leap(1))
      expect(source.asked).toBe(3)
    }
  })

  test('not after it was closed', async () => {
    const { clock, source, set, begin } = start()
    await begin()
    set.close()
    clock.leap(86_400_000)
    await set.search('other', 'EdDSA', 1)
    expect(source.asked).toBe(1)
  })
})
