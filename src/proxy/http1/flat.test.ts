import { expect, test } from 'vitest'
import { flat } from './flat.ts'

test('flat: the same text, every byte of it', () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
  expect(flat(all)).toBe(all)
  expect(flat('')).toBe('')
  expect(flat(`${'x'.repeat(1000)}needle`.slice(1000))).toBe('needle')
})
