import { expect, test } from 'vitest'
import { bounded } from './proxy-report.ts'
import { decodeProxyMessage, encodeProxyMessage } from './push-message.ts'

const trouble = (i: number) => ({
  authorizer: `shop/authorizer-${i}`,
  issuer: `https://login-${i}.shop.example/`,
  reason: 'ECONNREFUSED',
  fetchedMs: 1,
})
const failover = (i: number) => ({ route: `shop/route-${i}`, rule: 'all', backend: 'eu' })

const report = (count: number) =>
  bounded({
    pending: Array.from({ length: count }, (_, i) => `shop/pending-${i}`),
    issuers: Array.from({ length: count }, (_, i) => trouble(i)),
    failovers: Array.from({ length: count }, (_, i) => failover(i)),
  })

test('what has room is told whole, and reads as it was written', () => {
  const message = { type: 'report', epoch: 1, sequence: 2, digest: 'd', ...report(10) } as const
  expect(message.whole).toBe(true)
  expect(decodeProxyMessage(encodeProxyMessage(message))).toEqual({ message })
})

test('K11 ten thousand troubles fit into a message that a controller takes, and it says that there were more', () => {
  const message = { type: 'report', epoch: 1, sequence: 2, digest: 'd', ...report(10_000) } as const
  expect(message.whole).toBe(false)
  expect(message.issuers.length).toBeGreaterThan(100)
  expect(encodeProxyMessage(message).length).toBeLessThan(64 * 1024)
  expect(decodeProxyMessage(encodeProxyMessage(message))).toEqual({ message })
})

test.each([
  ['a trouble without a reason', { issuers: [{ authorizer: 'a/b', issuer: 'i' }] }],
  ['a time that is none', { issuers: [{ ...trouble(1), fetchedMs: -1 }] }],
  ['a failover with something else in it', { failovers: [{ ...failover(1), to: 'x' }] }],
  ['a field that is not known', { more: [] }],
  ['a list that is none', { pending: 'shop/a' }],
])('K11 %s: refused', (_, own) => {
  const message = { type: 'report', epoch: 1, sequence: 2, digest: 'd', ...report(1), ...own }
  expect(decodeProxyMessage(JSON.stringify(message))).toHaveProperty('problem')
})
