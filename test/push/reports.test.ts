import { afterEach, describe, expect, test } from 'vitest'
import type { ProxyReport } from '../../src/model/proxy-report.ts'
import { encodeControllerMessage } from '../../src/model/push-message.ts'
import { keepTelling } from '../../src/proxy/feed/reporting.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { connectAs, startRecorded } from './recorded.ts'
import { snapshotOf, startFeed, startServer, until } from './set-up.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const good: ProxyReport = { whole: true, pending: [], issuers: [], failovers: [] }
const bad: ProxyReport = {
  ...good,
  failovers: [{ route: 'shop/orders', rule: 'all', backend: 'eu' }],
}
const a = snapshotOf('a.example')

async function leading() {
  let told = 0
  const { server, port } = await startServer({ reported: () => void told++ })
  open.push(() => server.close())
  server.lead(1)
  return { server, port, told: () => told }
}

describe('what only a proxy knows', () => {
  test('reaches the controller, of the configuration in force, and again when it has changed', async () => {
    const { server, port } = await leading()
    server.publish({ epoch: 1, sequence: 4, snapshot: a, changedMs: 0 })
    let now = good
    const { feed } = startFeed([port], { report: () => now })
    open.push(() => feed.close())
    await until(() => server.proxies[0]?.report !== undefined)
    expect(server.proxies[0]?.report).toMatchObject({
      epoch: 1,
      sequence: 4,
      digest: a.digest,
      ...good,
    })
    now = bad
    await until(() => server.proxies[0]?.report?.failovers.length === 1)
    expect(server.proxies[0]?.report).toMatchObject(bad)
  })

  test('is told anew to the controller that it comes to next', async () => {
    const first = await leading()
    const { feed } = startFeed([first.port], { report: () => good })
    open.push(() => feed.close())
    first.server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    await until(() => first.server.proxies[0]?.report !== undefined)
    first.server.follow('another')
    await until(() => first.server.proxies.length === 0)
    first.server.lead(2)
    await until(() => first.server.proxies[0]?.report !== undefined)
    expect(first.told()).toBe(3)
  })

  test('is not told before there is a configuration', async () => {
    const { server, port, told } = await leading()
    const { feed } = startFeed([port], { report: () => good })
    open.push(() => feed.close())
    await until(() => server.proxies.length === 1)
    server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
    await until(() => told() > 0)
    expect(server.proxies[0]?.acknowledged?.sequence).toBe(1)
  })

  test('K10 is not told to a controller that does not say that it takes it', async () => {
    const { port, answers, close } = await startRecorded([
      encodeControllerMessage({ type: 'hello', protocol: 1, version: '0', epoch: 1 }),
      encodeControllerMessage({ type: 'snapshot', epoch: 1, sequence: 1, snapshot: a }),
      encodeControllerMessage({ type: 'ping' }),
    ])
    open.push(close)
    const asked: number[] = []
    const { feed } = startFeed([port], {
      report: () => {
        asked.push(1)
        return good
      },
    })
    open.push(() => feed.close())
    await until(() => answers.some((text) => text.includes('"pong"')))
    expect(answers.map((text) => (JSON.parse(text) as { type: string }).type)).toEqual([
      'hello',
      'ack',
      'pong',
    ])
    expect(asked).toEqual([])
  })

  test('K11 a report that does not read ends the connection, and nothing of it is kept', async () => {
    const { server, port, told } = await leading()
    const raw = connectAs(port, 'one')
    open.push(raw.close)
    raw.say(
      '{"type":"hello","protocol":1,"version":"1","name":"one","namespace":"shop","digest":"","epoch":0,"sequence":0}',
    )
    await until(() => server.proxies.length === 1)
    raw.say('{"type":"report","epoch":1,"sequence":1,"digest":"","whole":true,"pending":{}}')
    await raw.over
    await until(() => server.proxies.length === 0)
    expect(told()).toBe(1)
  })
})

describe('telling', () => {
  /** What is said second by second of a state that changes each 100 ms. */
  test('is once a second at most, however often things change, and silent when they do not', () => {
    const clock = fakeClock()
    const said: string[] = []
    let now = 0
    const end = keepTelling(
      clock,
      () => String(now),
      (text) => said.push(text),
    )
    for (let i = 0; i < 100; i++) {
      clock.advance(100)
      if (i < 50) now = i
    }
    expect(said.length).toBeGreaterThan(3)
    expect(said.length).toBeLessThanOrEqual(7)
    expect(said.at(-1)).toBe('49')
    end()
    now = 100
    clock.advance(10_000)
    expect(said.at(-1)).toBe('49')
  })
})
