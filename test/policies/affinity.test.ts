import { afterEach, describe, expect, test } from 'vitest'
import type { Forward } from '../../src/model/snapshot.ts'
import { onlyRule, startGateway } from './set-up.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

/** A gateway whose one rule balances by the cookie `pin`. */
async function start(own: { readonly issue: boolean; readonly ttlMs: number }) {
  const gateway = await startGateway((forward) =>
    onlyRule({
      action: {
        ...forward,
        balance: {
          policy: 'Hash',
          on: { kind: 'cookie', name: 'pin', ...own },
          locality: 'Ignore',
        },
      } satisfies Forward,
    })(forward),
  )
  open.push(gateway)
  return gateway
}

describe('Hash by a cookie that the gateway issues', () => {
  test('a client without the cookie gets one, for the time that the rule says', async () => {
    const { ask } = await start({ issue: true, ttlMs: 3_600_000 })
    const { fields } = await ask('GET /')
    const issued = fields.filter((field) => field.startsWith('set-cookie: '))
    expect(issued).toHaveLength(1)
    expect(issued[0]).toMatch(
      /^set-cookie: pin=[0-9a-f]{32}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/,
    )
  })

  test('without a time it lasts as long as the browser session', async () => {
    const { ask } = await start({ issue: true, ttlMs: 0 })
    expect((await ask('GET /')).field('set-cookie')).toMatch(
      /^pin=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Lax$/,
    )
  })

  test('two clients get two', async () => {
    const { ask } = await start({ issue: true, ttlMs: 0 })
    const [first, second] = [await ask('GET /'), await ask('GET /')]
    expect(first.field('set-cookie')).not.toBe(second.field('set-cookie'))
  })

  test('a client that has the cookie keeps it', async () => {
    const { ask } = await start({ issue: true, ttlMs: 0 })
    expect((await ask('GET /\ncookie: a=b; pin=7')).field('set-cookie')).toBeUndefined()
  })

  test('a cookie that is not issued is only read', async () => {
    const { ask } = await start({ issue: false, ttlMs: 0 })
    expect((await ask('GET /')).field('set-cookie')).toBeUndefined()
  })

  test('what is issued does not reach the backend with this request', async () => {
    const gateway = await start({ issue: true, ttlMs: 0 })
    await gateway.ask('GET /')
    expect(gateway.lastHead().filter((line) => line.includes('pin'))).toEqual([])
  })
})
