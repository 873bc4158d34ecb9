import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { fleetOf, programmedOf } from '../../src/controller/publish/programmed.ts'
import { frame } from '../../src/model/frame.ts'
import {
  decodeControllerMessage,
  decodeProxyMessage,
  encodeControllerMessage,
  encodeProxyMessage,
} from '../../src/model/push-message.ts'
import { connectAs, startRecorded } from './recorded.ts'
import { recording } from './recording.ts'
import { startRelay, type Tamper } from './relay.ts'
import { snapshotOf, startFeed, startServer, until } from './set-up.ts'

/**
 * What other versions say. A release adds its own words to `fixtures`, and they stay for as long as it is supported:
 * `RECORD_PUSH=0.2.0 npx vitest run test/push/skew.test.ts`.
 */
const folder = new URL('./fixtures/', import.meta.url)
const version = process.env['RECORD_PUSH']
if (version !== undefined) writeFileSync(new URL(`${version}.txt`, folder), recording(version))

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

function linesOf(file: string, who: 'controller' | 'proxy'): string[] {
  return readFileSync(new URL(file, folder), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${who} `))
    .map((line) => line.slice(who.length + 1))
}

const typesIn = (texts: readonly string[]): Set<string> =>
  new Set(texts.map((text) => (JSON.parse(text) as { type: string }).type))

async function recorded(texts: readonly string[]) {
  const controller = await startRecorded(texts)
  open.push(controller.close)
  return controller
}

describe.each(readdirSync(folder))('K10: what %s says', (file) => {
  test('K10: a controller of that version feeds this proxy: every message is taken, nothing of it is lost', async () => {
    const texts = linesOf(file, 'controller')
    expect(typesIn(texts)).toEqual(new Set(['hello', 'snapshot', 'delta', 'ping']))
    for (const text of texts) {
      const decoded = decodeControllerMessage(text)
      if ('problem' in decoded) throw new Error(decoded.problem)
      expect(JSON.parse(encodeControllerMessage(decoded.message))).toEqual(JSON.parse(text))
    }
    const { port, answers } = await recorded(texts)
    const { feed, applied } = startFeed([port])
    open.push(() => feed.close())
    const configurations = texts.filter((text) => /"type":"(snapshot|delta)"/.test(text))
    await until(
      () =>
        answers.filter((text) => text.includes('"type":"ack"')).length === configurations.length,
    )
    expect(answers.filter((text) => text.includes('"type":"nack"'))).toEqual([])
    expect(applied.length).toBeGreaterThan(1)
  })

  test('K10: a proxy of that version is served by this controller', async () => {
    const texts = linesOf(file, 'proxy')
    expect([...typesIn(texts)]).toEqual(
      expect.arrayContaining(['hello', 'ack', 'nack', 'token', 'pong']),
    )
    for (const text of texts) {
      const decoded = decodeProxyMessage(text)
      if ('problem' in decoded) throw new Error(decoded.problem)
      expect(JSON.parse(encodeProxyMessage(decoded.message))).toEqual(JSON.parse(text))
    }
    const { server, port } = await startServer()
    open.push(() => server.close())
    server.lead(1)
    const proxy = connectAs(port, 'edge-1')
    open.push(proxy.close)
    for (const text of texts) proxy.say(text)
    await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
    expect(server.proxies).toMatchObject([{ namespace: 'shop', name: 'edge-1' }])
  })
})

const a = snapshotOf('a.example')
const ab = snapshotOf('a.example', 'b.example')

/** A proxy that has `a`, and a controller whose messages are as those of a later version would be. */
async function laterController(tamper: Tamper) {
  const { server, port } = await startServer()
  const relay = await startRelay(port, (text, bytes) =>
    text.includes('"type":"hello"') || text.includes('"sequence":1,')
      ? [bytes]
      : tamper(text, bytes),
  )
  server.lead(1)
  server.publish({ epoch: 1, sequence: 1, snapshot: a, changedMs: 0 })
  const fed = startFeed([relay.port])
  open.push(
    () => server.close(),
    () => relay.close(),
    () => fed.feed.close(),
  )
  await until(() => server.proxies[0]?.acknowledged?.sequence === 1)
  server.publish({ epoch: 1, sequence: 2, snapshot: ab, changedMs: 0 })
  return { server, ...fed }
}

describe('K10: a later version says what this proxy does not know', () => {
  test.each<[string, RegExp, string, string]>([
    [
      'a field of a rule that may protect it',
      /"authorize":/g,
      '"mtls":{},"authorize":',
      'mtls: this field is not known',
    ],
    ['another way to authorize', /"kind":"public"/g, '"kind":"mutual"', 'authorize: kind must be'],
    [
      'another condition of a match',
      /"methods":/g,
      '"sources":[],"methods":',
      'sources: this field is not known',
    ],
    ['another action', /"kind":"respond"/g, '"kind":"quarantine"', 'action: kind must be'],
    [
      'a part of the whole',
      /"goneHosts":|"clusters":\[\],"authorizers"/g,
      '"firewall":[],$&',
      'firewall: this field is not known',
    ],
    ['another message', /"type":"(snapshot|delta)"/g, '"type":"patch"', 'type must be one of'],
  ])(
    'K10: %s: refused with the place, what is in force stays, and Programmed tells in these words',
    async (_, pattern, instead, says) => {
      const { server, intake, applied } = await laterController((text) => [
        frame(text.replace(pattern, instead)),
      ])
      const since = { epoch: 1, sequence: 2 }
      await until(() => server.proxies[0]?.refused?.problems[0]?.includes(says) === true)
      expect(intake.held?.snapshot.digest).toBe(a.digest)
      expect(applied).toHaveLength(1)
      const fleet = fleetOf([{ namespace: 'shop', name: 'a' }], server.proxies)
      expect(programmedOf(accepted, since, fleet)).toMatchObject({
        status: 'False',
        reason: 'Refused',
        message: expect.stringContaining(says),
      })
    },
  )

  test('K10: another version of the channel itself: it goes, keeps what it has, and says why', async () => {
    const { port } = await recorded([
      encodeControllerMessage({ type: 'hello', protocol: 2, version: '9', epoch: 1 }),
    ])
    const { feed, problems } = startFeed([port])
    open.push(() => feed.close())
    await until(() => problems.length > 0)
    expect(problems[0]).toBe('the controller speaks version 2 of the channel, not 1')
  })
})

const accepted = {
  kind: 'ApiRoute',
  namespace: 'shop',
  name: 'orders',
  uid: 'u',
  generation: 1,
  conditions: [
    { type: 'Accepted', status: 'True', reason: 'Accepted', message: '', observedGeneration: 1 },
  ],
} as const
