import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { seededDice } from '../../src/base/dice.ts'
import { EventLoop } from '../../src/base/event-loop.ts'
import { Metrics } from '../../src/base/metrics.ts'
import { proxyRoutes } from '../../src/proxy/admin-routes.ts'
import { createProxy } from '../../src/proxy/main.ts'
import { ProxyMetrics } from '../../src/proxy/runtime/proxy-metrics.ts'
import { RawClient } from '../harness/client.ts'
import { fakeClock } from '../harness/fake-clock.ts'
import { type Program, startProgram } from '../harness/program.ts'
import { snapshotOf } from '../harness/proxy.ts'

/** None of these may be seen anywhere. As they are written, and as somebody would read them. */
const secrets = [
  's3cr3t-plain',
  's3cr3t-number',
  '9753197531',
  's3cr3t-torn',
  's3cr3t-list',
  's3cr3t-sent',
  's3cr3t-alias',
  's3cr3t-tag',
  's3cr3t-bare',
]
const encoded = secrets.map((secret) => Buffer.from(secret).toString('base64'))

const keySet =
  '{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}'

const secret = (name: string, data: string) => `
apiVersion: v1
kind: Secret
metadata: { name: ${name}, namespace: shop }
${data}
`

const manifests = {
  'site.yaml': `
apiVersion: fairlead.dev/v1alpha1
kind: ApiRoute
metadata: { name: site, namespace: shop }
spec:
  hostnames: [api.shop.example]
  rules:
    - name: private
      authorize: { anyOf: [{ authorizer: { name: users } }] }
      matches: [{ path: { exact: /private } }]
      respond: { status: 200, contentType: text/plain, body: private }
---
apiVersion: fairlead.dev/v1alpha1
kind: ApiAuthorizer
metadata: { name: users, namespace: shop }
spec:
  jwt:
    issuers: [{ issuer: "https://login.shop.example/", audiences: [shop], jwks: { secretRef: { name: keys, key: jwks.json } } }]
    from: [{ header: Authorization, scheme: Bearer }, { cookie: session }, { query: ticket }]
`,
  'keys.yaml': secret('keys', `stringData: { jwks.json: '${keySet}', other: s3cr3t-plain }`),
  'number.yaml': secret('number', 'stringData: { pin: 9753197531, word: s3cr3t-number }'),
  'list.yaml': secret('list', 'data: [s3cr3t-list]'),
  'torn.yaml': secret('torn', 'stringData: { word: s3cr3t-torn'),
  'alias.yaml': secret('alias', 'stringData: { word: *s3cr3t-alias }'),
  'tag.yaml': secret('tag', 'stringData: { word: !s3cr3t-tag x }'),
  'bare.json': '{ "kind": "Secret", "stringData": { "word": s3cr3t-bare } }',
  'broken.json': '{ "kind": "Secret", "stringData": { "word": "s3cr3t-torn" ',
}

const pages = [
  'snapshot',
  'routes?url=http://api.shop.example/private',
  'backends',
  'authorizers',
  'status',
  'runtime',
]

describe('no page, no log and no metric holds a secret', () => {
  let program: Program
  let seen: string
  beforeAll(async () => {
    program = await startProgram({ manifests, flags: () => ['--log-level', 'debug'] })
    const fields = [
      'host: api.shop.example',
      'authorization: Bearer s3cr3t-sent',
      'cookie: session=s3cr3t-sent',
      'x-api-key: s3cr3t-sent',
      'connection: close',
    ]
    const client = new RawClient(program.port)
    const head = `GET /private?ticket=s3cr3t-sent&access_token=s3cr3t-sent HTTP/1.1`
    expect(await client.send(`${head}\r\n${fields.join('\r\n')}\r\n\r\n`).untilOver()).toMatch(
      /^HTTP\/1\.1 401 /,
    )
    const parts = await Promise.all(
      ['/metrics', ...pages.map((page) => `/debug/${page}`)].map(async (path) => {
        const { status, text } = await program.ask(path)
        expect(status, path).toBe(200)
        return text
      }),
    )
    program.kill('SIGTERM')
    await program.over
    seen = [...parts, client.text, program.stdout(), program.stderr()].join('\n')
  })
  afterAll(() => program.close())

  test('what was looked at is there', () => {
    for (const sign of [
      'shop/users',
      'number.yaml',
      'torn.yaml',
      '"url.path":"/private"',
      'https://login.shop.example/',
    ])
      expect(seen).toContain(sign)
  })

  test.each([...secrets, ...encoded])('%s', (each) => {
    expect(seen).not.toContain(each)
  })
})

/** The pages of a data plane that is not running yet. */
function pagesOf(loop: EventLoop) {
  const metrics = new Metrics()
  const silent = { error() {}, warn() {}, info() {}, debug() {}, isDebug: () => false }
  const proxy = createProxy({
    clock: systemClock,
    dice: seededDice(1),
    log: silent,
    metrics: new ProxyMetrics(metrics),
    http: { host: '127.0.0.1', port: 0 },
    region: '',
    allowLoopback: true,
  })
  const facts = { protoDeleted: true, linearRegexes: true, threadPool: 4 }
  const routes = proxyRoutes({ proxy, metrics, loop, facts })
  const ask = async (path: string) =>
    routes.find((route) => route.path === path)?.answer(new URLSearchParams())
  return { proxy, ask }
}

const delays = () => new Metrics().histogram('delays', 'Delays.', []).series()

describe('/readyz', () => {
  test('says what it waits for, then ok, then that it drains', async () => {
    const { proxy, ask } = pagesOf(new EventLoop(systemClock, delays()))
    expect(await ask('/readyz')).toEqual({
      status: 503,
      body: 'not ready: no configuration was applied yet\nnot ready: the listener is not open\n',
    })
    proxy.apply(snapshotOf({ ports: [] }))
    expect(await ask('/readyz')).toEqual({
      status: 503,
      body: 'not ready: the listener is not open\n',
    })
    await proxy.listen()
    expect(await ask('/readyz')).toEqual({ status: 200, body: 'ok\n' })
    const over = proxy.shutDown()
    expect(await ask('/readyz')).toEqual({ status: 503, body: 'not ready: it is draining\n' })
    await over
    proxy.close()
  })
})

describe('/livez', () => {
  test('is ok while the loop turns, however late, and not after 30 s in which it did not', async () => {
    const clock = fakeClock()
    const { ask, proxy } = pagesOf(new EventLoop(clock, delays()))
    clock.advance(3_600_000)
    expect(await ask('/livez')).toMatchObject({ status: 200 })
    proxy.close()
  })

  test('is not ok after 30 s in which it did not turn', async () => {
    const clock = fakeClock()
    const stuck = { ...clock, after: () => ({ cancel: () => {} }) }
    const { ask, proxy } = pagesOf(new EventLoop(stuck, delays()))
    clock.advance(30_000)
    expect(await ask('/livez')).toMatchObject({ status: 200 })
    clock.advance(1)
    expect(await ask('/livez')).toMatchObject({ status: 503 })
    proxy.close()
  })
})
