import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededDice } from '../../src/base/dice.ts'
import { RawClient } from '../harness/client.ts'
import { ruleOf } from '../harness/rules.ts'
import { answerOf, type Gateway, headsOf, startGateway } from './set-up.ts'

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway((forward) => [
    ['/admin', ruleOf('admin', { action: forward, authorize: { kind: 'deny' } })],
    ['/', ruleOf('public', { action: forward })],
  ])
})
afterAll(() => gateway.close())

const dots = [
  '..',
  '.',
  '%2e%2e',
  '.%2e',
  '%2E.',
  '..;',
  '.;',
  '..;x=1',
  '..%00',
  '..%0d',
  '%252e%252e',
  '%c0%ae%c0%ae',
  '...',
  '..%3b',
]
const slashes = ['/', '//', '/./', '%2f', '%5c', '\\', '/;/', '%252f', '%c0%af', '%ef%bc%8f']
const targets = [
  'admin',
  '%61dmin',
  'admin/',
  'admin;x',
  'Admin',
  'admin%2f',
  'admin/users',
  'adm%69n?x',
  'admin%20',
  'admin#',
]

/** About 70 KB of ways to say /admin. */
function* spellings(): Generator<string> {
  const dice = seededDice(10)
  const any = <T>(list: readonly T[]): T => list[Math.floor(dice() * list.length)] as T
  for (let size = 0; size < 70_000; ) {
    let path = any(['', '/public', '/admin', '/a/b'])
    for (let i = Math.floor(dice() * 3); i >= 0; i--) path += any(slashes) + any(dots)
    path += any(slashes) + any(targets)
    const target = path.startsWith('/') ? path : `/${path}`
    size += target.length
    yield target
  }
}

async function statusOf(target: string): Promise<number> {
  const client = new RawClient(gateway.proxy.port)
  const text = await client
    .send(`GET ${target} HTTP/1.1\r\nhost: api.shop.example\r\nconnection: close\r\n\r\n`)
    .untilOver()
  client.close()
  return answerOf(text).status
}

/** The path as a backend may read it: decoded once, parameters cut off, dots resolved. */
function meant(target: string): string {
  const path = target.split('?')[0] as string
  const text = path.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  const segments: string[] = []
  for (const part of text.replaceAll('\\', '/').split('/')) {
    const segment = part.split(';')[0] as string
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

test('P10: of 70 KB of traversals none reaches /admin of the backend', async () => {
  const list = [...spellings()]
  const statuses = new Map<number, number>()
  const worker = async () => {
    for (let target = list.pop(); target !== undefined; target = list.pop()) {
      const status = await statusOf(target)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  const arrived = headsOf(gateway.upstream).map(([line = '']) => line.split(' ')[1] as string)
  expect(arrived.filter((target) => /^\/admin(\/|$)/.test(meant(target)))).toEqual([])
  expect(arrived).toHaveLength(statuses.get(200) ?? 0)
  // Otherwise the test would show nothing.
  expect(statuses.get(200)).toBeGreaterThan(50)
  expect(statuses.get(400)).toBeGreaterThan(1000)
  expect([...statuses.keys()].every((status) => [200, 400, 401, 403, 503].includes(status))).toBe(
    true,
  )
})
