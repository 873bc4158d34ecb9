import { describe, expect, test } from 'vitest'
import type { KeySet } from './key-set.ts'
import { type Verified, VerifiedTokens } from './verified-tokens.ts'

const keys = { version: 1 } as KeySet
const verified = (token: string, own: Partial<Verified> = {}): Verified => ({
  token,
  claims: {},
  principal: '',
  scopes: [],
  groups: [],
  headers: [],
  keys,
  keysVersion: 1,
  fromWallMs: 1000,
  untilWallMs: 2000,
  ...own,
})
const signature = (i: number): string => String(i).padStart(86, 'A')

describe('J17 what is found', () => {
  const tokens = new VerifiedTokens()
  const token = `h.p.${signature(1)}`
  tokens.remember(verified(token), 'RS256')

  test.each([
    ['at once', 1000, token, true],
    ['just before its end', 1999, token, true],
    ['at its end', 2000, token, false],
    ['when the clock was set back', 999, token, false],
    ['for another token with its signature', 1500, `h.q.${signature(1)}`, false],
    ['for the end of it', 1500, token.slice(-43), false],
    ['for nothing', 1500, '', false],
  ] as const)('J17 %s', (_, wallMs, asked, isFound) => {
    expect(tokens.find(asked, wallMs)?.token).toBe(isFound ? token : undefined)
  })

  test('J17 nothing, once the keys changed', () => {
    const changing = { version: 1 }
    const own = new VerifiedTokens()
    own.remember(verified(token, { keys: changing as KeySet }), 'RS256')
    expect(own.find(token, 1500)?.token).toBe(token)
    changing.version++
    expect(own.find(token, 1500)).toBeUndefined()
  })

  test('J17 nothing that was over before it began', () => {
    const own = new VerifiedTokens()
    own.remember(verified(token, { untilWallMs: 1000 }), 'RS256')
    expect(own.size).toBe(0)
  })
})

describe('J17 what is kept is bounded', () => {
  test('J17 by number', () => {
    const tokens = new VerifiedTokens()
    for (let i = 0; i < 10_500; i++) tokens.remember(verified(`h.p.${signature(i)}`), 'RS256')
    expect(tokens.size).toBe(10_000)
    expect(tokens.find(`h.p.${signature(499)}`, 1500)).toBeUndefined()
    expect(tokens.find(`h.p.${signature(500)}`, 1500)?.token).toBe(`h.p.${signature(500)}`)
  })

  test('J17 by bytes', () => {
    const tokens = new VerifiedTokens()
    const payload = 'x'.repeat(16_000)
    for (let i = 0; i < 2000; i++)
      tokens.remember(verified(`h.${payload}.${signature(i)}`), 'RS256')
    expect(tokens.size).toBeLessThan((32 * 1024 * 1024) / 48_000)
    expect(tokens.size).toBeGreaterThan(600)
  })

  test('J17 one entry for two tokens with one end', () => {
    const tokens = new VerifiedTokens()
    const [first, second] = [`h.p.${signature(1)}`, `h.q.${signature(1)}`] as const
    tokens.remember(verified(first), 'RS256')
    tokens.remember(verified(second), 'RS256')
    expect(tokens.size).toBe(1)
    expect(tokens.find(first, 1500)).toBeUndefined()
    expect(tokens.find(second, 1500)?.token).toBe(second)
  })
})
