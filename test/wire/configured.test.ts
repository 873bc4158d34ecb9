import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Rule } from '../../src/model/snapshot.ts'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { turns } from '../harness/deliver.ts'
import { snapshotOf, startProxy, type TestProxy } from '../harness/proxy.ts'
import { type Recorder, startRecorder } from '../harness/recorder.ts'
import { hostOf, ruleOf } from '../harness/rules.ts'
import { compile, everybody } from './compiled.ts'
import { head } from './rig.ts'

/** Texts that end a line, or do so once they are cut to bytes: Node truncates above 0xFF. */
const hostile = [
  ['CRLF', 'a\r\nx-evil: 1'],
  ['LF', 'a\nx-evil: 1'],
  ['CR', 'a\rx-evil: 1'],
  ['NUL', 'a\0b'],
  ['U+010D U+010A', 'a\u010d\u010ax-evil: 1'],
  ['U+0D0A', 'a\u0d0ax-evil: 1'],
  ['U+0100', 'a\u0100b'],
] as const

const respond = {
  kind: 'respond',
  status: 200,
  body: 'own',
  contentType: 'text/plain',
  headers: [],
} as const
const noEdits = { remove: [], set: [], add: [] }
const cors = {
  allowOrigins: ['*'],
  allowMethods: [],
  allowHeaders: [],
  exposeHeaders: [],
  allowCredentials: false,
  maxAgeSeconds: 0,
}

/** A place of a rule where a text from a manifest gets into a message: in the snapshot, and in the manifest. */
interface Site {
  readonly name: string
  readonly rule: (text: string, forward: Rule['action']) => Partial<Rule>
  readonly manifest: (text: string) => object
  /** A text that may stand there; `a` mostly. */
  readonly harmless?: string
}

const edits = (text: string) => [{ name: 'x-configured', value: text }]
const forwardWith = (forward: Rule['action'], rewrite: object): Partial<Rule> => ({
  action: { ...forward, rewrite } as Rule['action'],
})

const sites: readonly Site[] = [
  {
    name: 'a header set for the backend',
    rule: (text) => ({ requestHeaders: { ...noEdits, set: edits(text) } }),
    manifest: (text) => ({ requestHeaders: { set: edits(text) } }),
  },
  {
    name: 'the name of a header added for the backend',
    rule: (text) => ({ requestHeaders: { ...noEdits, add: [{ name: text, value: 'v' }] } }),
    manifest: (text) => ({ requestHeaders: { add: [{ name: text, value: 'v' }] } }),
  },
  {
    name: 'a header set for the client',
    rule: (text) => ({ responseHeaders: { ...noEdits, set: edits(text) } }),
    manifest: (text) => ({ responseHeaders: { set: edits(text) } }),
  },
  {
    name: 'a rewritten path',
    rule: (text, forward) => forwardWith(forward, { path: { kind: 'full', template: `/${text}` } }),
    manifest: (text) => ({ rewrite: { path: { replaceFull: `/${text}` } } }),
  },
  {
    name: 'a rewritten prefix',
    rule: (text, forward) => forwardWith(forward, { path: { kind: 'prefix', value: `/${text}` } }),
    manifest: (text) => ({ rewrite: { path: { replacePrefix: `/${text}` } } }),
  },
  {
    name: 'a rewritten hostname',
    rule: (text, forward) => forwardWith(forward, { hostname: text }),
    manifest: (text) => ({ rewrite: { hostname: text } }),
  },
  {
    name: 'the hostname of a redirect',
    rule: (text) => ({ action: { kind: 'redirect', status: 308, hostname: text } }),
    manifest: (text) => ({ redirect: { hostname: text } }),
  },
  {
    name: 'the path of a redirect',
    rule: (text) => ({
      action: { kind: 'redirect', status: 308, path: { kind: 'full', template: `/${text}` } },
    }),
    manifest: (text) => ({ redirect: { path: { replaceFull: `/${text}` } } }),
  },
  {
    name: 'a header of an answer of ours',
    rule: (text) => ({ action: { ...respond, headers: edits(text) } }),
    manifest: (text) => ({ respond: { status: 200, body: 'own', headers: edits(text) } }),
  },
  {
    name: 'the type of an answer of ours',
    rule: (text) => ({ action: { ...respond, contentType: text } }),
    manifest: (text) => ({ respond: { status: 200, body: 'own', contentType: text } }),
  },
  {
    name: 'an origin that CORS allows',
    rule: (text) => ({ cors: { ...cors, allowOrigins: [text] } }),
    manifest: (text) => ({ cors: { allowOrigins: [text], allowMethods: ['GET'] } }),
    harmless: 'https://shop.example',
  },
  {
    name: 'a header that CORS exposes',
    rule: (text) => ({ cors: { ...cors, exposeHeaders: [text] } }),
    manifest: (text) => ({ cors: { allowOrigins: ['*'], exposeHeaders: [text] } }),
  },
  {
    name: 'the type of an error page',
    rule: (text) => ({
      errors: [{ codes: ['bad_request', 'not_implemented'], contentType: text, body: 'page' }],
    }),
    manifest: (text) => ({ errors: [{ codes: ['no_backend'], contentType: text, body: 'page' }] }),
  },
]

let recorder: Recorder
let proxy: TestProxy
beforeAll(async () => {
  recorder = await startRecorder()
  proxy = await startProxy({ ports: [recorder.port] })
})
afterAll(async () => {
  await proxy.close()
  await recorder.close()
})

async function ask(line: string, ...fields: readonly string[]): Promise<string> {
  const client = new RawClient(proxy.port)
  const text = await client
    .send(head(`${line} HTTP/1.1`, 'host: a', ...fields, 'connection: close'))
    .untilOver()
  client.leave()
  return text
}

const statusOf = (text: string): number | undefined => answersOf(text).answers[0]?.status

/** Whatever was answered, no text of the configuration has become a line of a message. */
function expectNoLine(text: string): void {
  expect(text).not.toMatch(/(^|[\r\n])x-evil/i)
  for (const { fields } of recorder.take().messages)
    expect(fields.filter((field) => /^x-evil/i.test(field))).toEqual([])
}

const rows = sites.flatMap((site) =>
  hostile.map(([name, text]) => [`U10 ${site.name} with ${name}`, site, text] as const),
)

describe('in a snapshot all the same', () => {
  test.each(rows)('%s: nothing is sent', async (_, { rule }, text) => {
    const snapshot = snapshotOf({ ports: [recorder.port] })
    const forward = snapshot.hosts[0]?.entries[0]?.rule.action as Rule['action']
    proxy.proxy.apply({
      ...snapshot,
      hosts: [
        hostOf('*', [
          ['/bad', ruleOf('bad', { action: forward, ...rule(text, forward) })],
          ['/', ruleOf('good', { action: forward })],
        ]),
      ],
    })
    const answers = [
      await ask('GET /bad/x'),
      await ask('GET /bad', 'origin: https://shop.example'),
      await ask('foo /bad'),
    ]
    for (const answer of answers) expect([200, 400, 500, 501]).toContain(statusOf(answer))
    expectNoLine(answers.join('\r\n'))
    expect(statusOf(await ask('GET /good'))).toBe(200)
    await turns(2)
    recorder.take()
  })
})

describe('in a manifest', () => {
  const conditionOf = (site: Site, text: string) => {
    const bad = {
      matches: [{ path: { prefix: '/bad' } }],
      authorize: everybody,
      ...site.manifest(text),
    }
    const rules = [
      { name: 'bad', ...bad },
      { name: 'good', authorize: everybody },
    ]
    const { snapshot, statuses } = compile(rules, recorder.port)
    const conditions = statuses.find(({ name }) => name === 'orders')?.conditions
    return { snapshot, accepted: conditions?.find(({ type }) => type === 'Accepted') }
  }

  test.each(rows)('%s: refused, and its place held', async (_, site, text) => {
    const { snapshot, accepted } = conditionOf(site, text)
    expect(accepted).toMatchObject({ status: 'False' })
    expect(accepted?.message).toMatch(/^spec\.rules\[0\]\./)
    expect(accepted?.message).not.toMatch(/[\r\n]x-evil|[\r\0]/)
    proxy.proxy.apply(snapshot)
    const answer = await ask('GET /bad/x')
    expect(statusOf(answer)).toBe(503)
    expectNoLine(answer)
    expect(statusOf(await ask('GET /good'))).toBe(200)
    await turns(2)
    recorder.take()
  })

  test.each(sites.map((site) => [`U10 ${site.name} with a harmless text`, site] as const))(
    '%s: accepted',
    (_, site) =>
      expect(conditionOf(site, site.harmless ?? 'a').accepted).toMatchObject({ status: 'True' }),
  )
})
