import { afterEach, expect, test } from 'vitest'
import { encodeControllerMessage } from '../../src/model/push-message.ts'
import type { SavedKeys } from '../../src/model/saved-keys.ts'
import { connectAs, startRecorded } from './recorded.ts'
import { snapshotOf, startFeed, startServer, until } from './set-up.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const a = snapshotOf('a.example')
const first: readonly SavedKeys[] = [
  { source: 'discovery https://a/', fetchedMs: 7, jwks: '{"keys":[]}' },
]
const second: readonly SavedKeys[] = [{ ...first[0]!, fetchedMs: 8 }]

async function leading() {
  const started = await startServer()
  open.push(() => started.server.close())
  started.server.lead(1)
  return started
}

test('J20 keys of issuers reach a proxy before the configuration that they are for, and again when there are others', async () => {
  const { server, port } = await leading()
  server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
  server.give(first)
  const seen: unknown[] = []
  const { feed } = startFeed([port], {
    given: (sets) => void seen.push(sets),
    applied: ({ snapshot }) => void seen.push(snapshot.digest),
  })
  open.push(() => feed.close())
  await until(() => seen.length === 2)
  server.give(second)
  await until(() => seen.length === 3)
  expect(seen).toEqual([first, a.digest, second])
  // They are no configuration: nothing is acknowledged but that.
  expect(server.proxies[0]?.acknowledged?.sequence).toBe(1)
})

test('J20 a standby forgets them: another leader has newer ones', async () => {
  const { server, port } = await leading()
  server.give(first)
  server.follow('another')
  server.lead(2)
  server.publish({ epoch: 2, sequence: 1, snapshot: a, changedMs: 0 })
  const seen: unknown[] = []
  const { feed, applied } = startFeed([port], { given: (sets) => void seen.push(sets) })
  open.push(() => feed.close())
  await until(() => applied.length === 1)
  expect(seen).toEqual([])
})

test('K10 a proxy that does not say that it takes them is not sent any', async () => {
  const { server, port } = await leading()
  server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
  server.give(first)
  const old = connectAs(port, 'old')
  open.push(old.close)
  old.say(
    '{"type":"hello","protocol":1,"version":"0","name":"old","namespace":"shop","digest":"","epoch":0,"sequence":0}',
  )
  await until(() => old.heard.length === 2)
  server.give(second)
  server.publish({ epoch: 1, sequence: 2, snapshot: snapshotOf('b.example'), changedMs: 0 })
  old.say(`{"type":"ack","epoch":1,"sequence":1,"digest":"${a.digest}"}`)
  await until(() => old.heard.length === 3)
  expect(old.heard.map((text) => (JSON.parse(text) as { type: string }).type)).toEqual([
    'hello',
    'snapshot',
    'delta',
  ])
})

test.each([
  ['without a time', { source: 'a', jwks: '{}' }],
  ['with something else in it', { ...first[0], ca: 'x' }],
])('K5 a key set %s is refused, and what is in force stays', async (_, set) => {
  const { port, answers, close } = await startRecorded([
    encodeControllerMessage({ type: 'hello', protocol: 1, version: '1', epoch: 1 }),
    encodeControllerMessage({ type: 'snapshot', epoch: 1, sequence: 1, snapshot: a }),
    JSON.stringify({ type: 'keys', sets: [set] }),
  ])
  open.push(close)
  const seen: unknown[] = []
  const { feed, intake } = startFeed([port], { given: (sets) => void seen.push(sets) })
  open.push(() => feed.close())
  await until(() => answers.some((text) => text.includes('"nack"')))
  expect([seen, intake.held?.snapshot.digest]).toEqual([[], a.digest])
})
