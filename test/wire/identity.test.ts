import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answersOf } from '../harness/answers.ts'
import { RawClient } from '../harness/client.ts'
import { cutsOf, deliver, turns } from '../harness/deliver.ts'
import type { Recorded } from '../harness/recorder.ts'
import { bearer, claimsIn, compile, customers, everybody } from './compiled.ts'
import { head, type Rig, startRig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  const respond = { status: 200, body: 'not a', contentType: 'text/plain' }
  rig = await startRig({
    change: (_, __, port) => {
      const rule = (name: string, more: object = {}) => ({
        name,
        matches: [{ path: { prefix: name === 'public' ? '/' : `/${name}` } }],
        authorize: everybody,
        ...more,
      })
      const conditions = [
        { path: { prefix: '/role' }, headers: [{ name: 'x-role', exact: 'a' }] },
        { path: { prefix: '/regex' }, headers: [{ name: 'x-role', regex: 'a|b' }] },
        { path: { prefix: '/not' }, headers: [{ name: 'x-role', present: false }] },
        { path: { prefix: '/query' }, query: [{ name: 'role', exact: 'a' }] },
      ]
      const { snapshot, statuses } = compile(
        [
          rule('public'),
          rule('me', { authorize: customers }),
          { name: 'a', matches: conditions, authorize: everybody },
          ...['role', 'regex', 'not', 'query'].map((name) => rule(name, { respond })),
        ],
        port,
      )
      expect(
        statuses.flatMap(({ conditions }) => conditions).filter(({ status }) => status !== 'True'),
      ).toEqual([])
      return snapshot
    },
  })
})
afterAll(() => rig.close())

const get = (path: string, ...fields: readonly string[]): string =>
  head(`GET ${path} HTTP/1.1`, 'host: a', ...fields)
const forwarded = (path: string, ...fields: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, 'host: a', ...fields, ''].join('\n')

/** Every value of a field, as the backend got it. */
const valuesOf = ({ fields }: Recorded, name: string): readonly string[] =>
  fields
    .filter((field) => field.toLowerCase().startsWith(`${name}: `))
    .map((field) => field.slice(name.length + 2))

/** What the backend gets of a request that is let through, in every delivery. */
async function received(to: Rig, input: string): Promise<readonly Recorded[]> {
  const ways = cutsOf(input)
  for (const client of await deliver(to.proxy.port, ways)) {
    expect(answersOf(await client.until(/GET \/\w*$/)).answers.map(({ status }) => status)).toEqual(
      [200],
    )
    client.leave()
  }
  await turns(2)
  const { messages, rest } = to.recorder.take()
  expect([messages.length, rest]).toEqual([ways.length, []])
  return messages
}

describe('what a client says about itself', () => {
  test.each(
    [
      ...[
        'X-Forwarded-For: 6.6.6.6',
        'X-Forwarded-For: 127.0.0.1, 6.6.6.6',
        'x-forwarded-proto: https',
      ],
      ...['X-Forwarded-Host: evil.example', 'X-Forwarded-Port: 443', 'X-Forwarded-Prefix: /admin'],
      ...[
        'X-Forwarded-User: root',
        'X-Forwarded-Server: x',
        'X-Forwarded-Ssl: on',
        'X-Forwarded: for=6.6.6.6',
      ],
      ...['Forwarded: for=6.6.6.6;proto=https', 'FORWARDED: for=a', 'X-Real-IP: 6.6.6.6'],
      ...['True-Client-IP: 6.6.6.6', 'X-Client-IP: 6.6.6.6', 'X-Cluster-Client-IP: 6.6.6.6'],
      ...['X-Request-Id: mine', 'X-Request-Deadline-Ms: 1', 'X-Amzn-Trace-Id: Root=1-0-0'],
      ...[
        'Traceparent: 00-x',
        'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7',
        'X-Forwarded-Proto:',
      ],
    ].map((field) => [`U5 ${JSON.stringify(field)}`, field]),
  )('%s does not reach the backend', (_, field) =>
    rig.forwards(get('/', field, 'x-stays: 1'), forwarded('/', 'x-stays: 1')),
  )

  const trusting = () =>
    startRig({
      change: (snapshot) => ({
        ...snapshot,
        settings: { ...snapshot.settings, trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] },
      }),
    })

  test.each([
    [
      'U5 the rightmost address that is not trusted',
      '6.6.6.6, 203.0.113.9, 10.0.0.7',
      '203.0.113.9',
    ],
    ['U5 all are trusted: the leftmost', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
    ['U5 what is no address ends the search', '203.0.113.9, evil, 10.0.0.7', '10.0.0.7'],
    ['U5 a peer that names nobody', '', '127.0.0.1'],
  ])('behind a trusted peer: %s', async (_, list, client) => {
    const trusted = await trusting()
    const messages = await received(
      trusted,
      get(
        '/',
        ...(list === '' ? [] : [`x-forwarded-for: ${list}`]),
        'x-forwarded-proto: https',
        'x-request-id: theirs',
      ),
    )
    for (const message of messages) {
      expect(valuesOf(message, 'x-forwarded-for')).toEqual([
        list === '' ? '127.0.0.1' : `${list}, 127.0.0.1`,
      ])
      expect(valuesOf(message, 'x-real-ip')).toEqual([client])
      expect(valuesOf(message, 'x-forwarded-proto')).toEqual(['https'])
      expect(valuesOf(message, 'x-request-id')).toEqual(['theirs'])
      expect(valuesOf(message, 'via')).toEqual(['1.1 fairlead'])
    }
    await trusted.close()
  })
})

describe('headers that tell the backend who calls', () => {
  const spoofed = [
    ['U6 one', ['X-User: root']],
    ['U6 in capitals', ['X-USER: root']],
    ['U6 several, in every case', ['x-user: root', 'X-User: admin', 'x-uSER: a']],
    ['U6 the claims', ['X-Claims: eyJzdWIiOiJyb290In0']],
    ['U6 named by Connection', ['Connection: X-User, x-claims', 'X-User: root']],
    ['U6 named by Connection before', ['X-User: root', 'connection: x-user', 'X-User: admin']],
    ['U6 nothing', []],
  ] as const

  test.each(spoofed)('%s: none from a client where nobody is asked', (_, fields) =>
    rig.forwards(get('/', ...fields, 'x-stays: 1'), forwarded('/', 'x-stays: 1')),
  )

  test.each(spoofed)('%s: only ours where somebody is', async (_, fields) => {
    const messages = await received(rig, get('/me', bearer('alice'), ...fields))
    for (const message of messages) {
      expect(valuesOf(message, 'x-user')).toEqual(['alice'])
      expect(valuesOf(message, 'x-claims').map(claimsIn)).toEqual([
        expect.objectContaining({ sub: 'alice' }),
      ])
      expect(valuesOf(message, 'authorization')).toEqual([])
    }
  })

  test.each(['X_User', 'x_user', 'x_claims', 'X_CLAIMS'].map((name) => [`U6 ${name}`, name]))(
    '%s is 400',
    async (_, name) => {
      await rig.refuses(get('/', `${name}: root`), 400)
      await rig.refuses(get('/me', 'x-user: root', `${name}: root`, 'authorization: Bearer x'), 400)
    },
  )

  test('U6 in trailers they go as all trailers do', async () => {
    const lines = ['POST / HTTP/1.1', 'host: a', 'transfer-encoding: chunked']
    await rig.forwards(
      `${head(...lines)}5\r\nhello\r\n0\r\nX-User: root\r\nx_claims: x\r\n\r\n`,
      [...lines, 'hello'].join('\n'),
    )
  })
})

describe('names with underscores', () => {
  const settings = ['Drop', 'Reject', 'Keep'] as const
  let rigs: Readonly<Record<(typeof settings)[number], Rig>>
  beforeAll(async () => {
    const started = await Promise.all(
      settings.map((underscores) =>
        startRig({
          change: (_, __, port) =>
            compile([{ name: 'r', authorize: everybody }], port, { paths: { underscores } })
              .snapshot,
        }),
      ),
    )
    rigs = { Drop: started[0] as Rig, Reject: started[1] as Rig, Keep: started[2] as Rig }
  })
  afterAll(async () => {
    for (const each of Object.values(rigs)) await each.close()
  })

  const names = ['X_Custom', '_', '_x', 'x_', 'x__y', 'X_Csrf-Token']
  test.each(names.map((name) => [`U7 ${name}`, name]))('%s is dropped by default', (_, name) =>
    rigs.Drop.forwards(get('/', `${name}: 1`, 'x-stays: 1'), forwarded('/', 'x-stays: 1')),
  )
  test.each(names.map((name) => [`U7 ${name}`, name]))('%s is refused with Reject', (_, name) =>
    rigs.Reject.refuses(get('/', `${name}: 1`), 400),
  )
  test.each(names.map((name) => [`U7 ${name}`, name]))('%s is kept with Keep', (_, name) =>
    rigs.Keep.forwards(get('/', `${name}: 1`), forwarded('/', `${name}: 1`)),
  )

  test.each(
    [
      ...['Content_Length: 5', 'transfer_encoding: chunked', 'x_user: a'],
      ...[
        'X_Forwarded_For: 6.6.6.6',
        'x-forwarded_host: a',
        'X_Real_IP: 6.6.6.6',
        'proxy_connection: x',
      ],
      ...[
        'keep_alive: 1',
        'http2_settings: AAMA',
        'content_type: x',
        'x_request_id: 1',
        'x_claims: 1',
      ],
    ].map((field) => [`U7 ${field}`, field]),
  )('%s is 400 with every setting', async (_, field) => {
    for (const setting of settings) await rigs[setting].refuses(get('/', field), 400)
  })
})

describe('headers that some take for the request', () => {
  test.each(
    [
      ...['X-HTTP-Method-Override: DELETE', 'X-HTTP-Method: DELETE', 'X-Method-Override: DELETE'],
      ...['X-Original-URL: /me', 'X-Rewrite-URL: /me', 'X-Original-URI: /me', '_method: DELETE'],
    ].map((field) => [`U8 ${field}`, field]),
  )('%s is not interpreted, and dropped', (_, field) =>
    rig.forwards(get('/', field), forwarded('/')),
  )

  test('U8 _method in a query is a parameter', () =>
    rig.forwards(get('/?_method=DELETE'), forwarded('/?_method=DELETE')))

  test('U8 _method in a body is a body', () => {
    const lines = ['POST / HTTP/1.1', 'host: a', 'content-length: 14']
    return rig.forwards(`${head(...lines)}_method=DELETE`, [...lines, '_method=DELETE'].join('\n'))
  })
})

describe('conditions on what is repeated', () => {
  test.each([
    ['U9 one value', '/role', ['x-role: a'], true],
    ['U9 the same twice', '/role', ['x-role: a', 'X-Role: a'], true],
    ['U9 a and admin', '/role', ['x-role: a', 'x-role: admin'], false],
    ['U9 admin and a', '/role', ['x-role: admin', 'x-role: a'], false],
    ['U9 a,admin', '/role', ['x-role: a,admin'], false],
    ['U9 a, then nothing', '/role', ['x-role: a', 'x-role:'], false],
    ['U9 another case', '/role', ['x-role: A'], false],
    ['U9 no value', '/role', [], false],
    ['U9 a regex and both', '/regex', ['x-role: a', 'x-role: b'], true],
    ['U9 a regex and one that does not fit', '/regex', ['x-role: a', 'x-role: admin'], false],
    ['U9 a regex and a list', '/regex', ['x-role: a,b'], false],
    ['U9 absent', '/not', ['x-other: a'], true],
    ['U9 absent and empty', '/not', ['x-role:'], false],
    ['U9 a parameter', '/query?role=a', [], true],
    ['U9 a parameter, escaped', '/query?%72ole=%61', [], true],
    ['U9 a parameter twice', '/query?role=a&role=admin', [], false],
    ['U9 a parameter twice, the other way', '/query?role=admin&x&role=a', [], false],
    ['U9 a parameter twice, escaped', '/query?role=a&r%6fle=admin', [], false],
  ] as const)('%s', async (_, path, fields, fits) => {
    if (fits) return rig.forwards(get(path, ...fields), forwarded(path, ...fields))
    for (const { body } of await rig.ownAnswers(get(path, ...fields), 200))
      expect(body).toBe('not a')
  })
})

test('U5 the id of a request is told to its client, and is ours', async () => {
  const client = new RawClient(rig.proxy.port)
  const text = await client.send(get('/', 'x-request-id: mine')).until(/GET \/$/)
  const [answer] = answersOf(text).answers
  const ids = answer?.fields.filter((field) => field.startsWith('x-request-id: '))
  expect(ids).toEqual([expect.stringMatching(/: [0-9a-f-]{36}$/)])
  const [message] = rig.recorder.take().messages
  expect(`x-request-id: ${valuesOf(message as Recorded, 'x-request-id')}`).toBe(ids?.[0])
  client.leave()
})
