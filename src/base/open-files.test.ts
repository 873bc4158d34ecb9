import { describe, expect, test } from 'vitest'
import { limitIn, openFileLimit } from './open-files.ts'

describe('the limit of open files', () => {
  test('is read from what the kernel prints', () => {
    const text =
      'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            20000                40000                files     \n'
    expect(limitIn(text)).toBe(20_000)
    expect(limitIn(text.replace('20000', 'unlimited'))).toBe(Number.POSITIVE_INFINITY)
    expect(limitIn('')).toBe(Number.POSITIVE_INFINITY)
  })

  test('of this process is one', () => {
    expect(openFileLimit()).toBeGreaterThan(100)
  })
})
