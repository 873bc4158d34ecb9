import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../harness/client.ts'
import { type Sample, samplesOf, valueIn } from '../harness/exposition.ts'
import { type Program, startProgram } from '../harness/program.ts'

/** A service with one endpoint on loopback. */
const service = (name: string, port: number) => `
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, namespace: shop, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: ${port} }]
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
`

const rule = (name: string, more: string) => `
    - name: ${name}
      matches: [{ path: { exact: /${name} } }]
      ${more}`

const manifests = (ports: Readonly<Record<string, number>>) => `
apiVersion: fairlead.dev/v1alpha1
kind: ApiRoute
metadata: { name: site, namespace: shop }
spec:
  hostnames: ["*"]
  defaults: { authorize: { public: true } }
  rules:
    ${rule('hello', 'respond: { status: 200, contentType: text/plain, body: hello }')}
    ${rule(
      'orders',
      `backends:
        - { name: eu, region: eu-west-1, weight: 99, service: { name: dead, port: 80 } }
        - { name: us, region: us-east-1, weight: 1, service: { name: good, port: 80 } }
      health: { passive: { consecutiveFailures: 1 } }`,
    )}
    ${rule(
      'slow',
      `backends: [{ name: slow, service: { name: silent, port: 80 } }]
      timeouts: { backendRequest: 50ms }`,
    )}
    ${rule(
      'late',
      `backends: [{ name: slow, service: { name: silent, port: 80 } }]
      timeouts: { request: 50ms }`,
    )}
    ${rule(
      'down',
      `backends: [{ name: down, service: { name: dead, port: 80 } }]
      health: { passive: { consecutiveFailures: 1 }, slowStart: 1s }
      failover: { panic: Fail }`,
    )}
    ${rule(
      'private',
      `authorize: { anyOf: [{ authorizer: { name: users }, scopes: { anyOf: [read] } }] }
      respond: { status: 200, contentType: text/plain, body: private }`,
    )}
---
apiVersion: fairlead.dev/v1alpha1
kind: ApiAuthorizer
metadata: { name: users, namespace: shop }
spec:
  jwt:
    issuers:
      - issuer: https://login.shop.example/
        audiences: [shop]
        jwks: { service: { name: good, port: 80, path: /keys } }
      - issuer: https://gone.shop.example/
        audiences: [shop]
        jwks: { service: { name: dead, port: 80, path: /keys } }
${service('good', ports['good'] as number)}
${service('dead', ports['dead'] as number)}
${service('silent', ports['silent'] as number)}
`

/** Accepted, and not used by this version. */
const broken = `
apiVersion: fairlead.dev/v1alpha1
kind: ApiRoute
metadata: { name: broken, namespace: shop }
spec:
  hostnames: [broken.example]
  rules: [{ name: r, respond: { status: 200, body: x, contentType: text/plain } }]
`

const closers: (() => void)[] = []
let program: Program
let samples: Sample[]

const listening = async <Server extends net.Server>(server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function backends(jwks: object): Promise<Record<string, number>> {
  const good = http.createServer((request, response) => {
    response.end(request.url === '/keys' ? JSON.stringify(jwks) : 'ok')
  })
  const silent = net.createServer((socket) => {
    closers.push(() => socket.destroy())
    socket.on('error', () => {})
  })
  const dead = net.createServer()
  const ports = {
    good: await listening(good),
    silent: await listening(silent),
    dead: await listening(dead),
  }
  await new Promise((resolve) => dead.close(resolve))
  closers.push(
    () => good.close(),
    () => good.closeAllConnections(),
    () => silent.close(),
  )
  return ports
}

const status = (path: string, headers: http.OutgoingHttpHeaders = {}) =>
  new Promise<number>((resolve, reject) => {
    const options = { port: program.port, host: '127.0.0.1', path, headers, agent: false as const }
    http
      .get(options, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0))
      })
      .on('error', reject)
  })

/** Every request that makes some metric move. @returns connections to be left open */
async function traffic(token: string): Promise<RawClient> {
  expect(await status('/hello')).toBe(200)
  expect(await status('/nowhere')).toBe(404)
  expect(await status('/orders')).toBe(200)
  expect(await status('/slow')).toBe(504)
  expect(await status('/late')).toBe(504)
  // Now and then one of them may find out whether the backend is back.
  for (let answer = 0; answer !== 503; ) answer = await status('/down')
  expect(await status('/private')).toBe(401)
  const bearer = { authorization: `Bearer ${token}` }
  expect(await status('/private', bearer)).toBe(200)
  expect(await status('/private', bearer)).toBe(200)
  await new RawClient(program.port).send('GET / HTTP/1.1\r\nbad header\r\n\r\n').untilOver()
  await new RawClient(program.port).send('GET / HT').untilOver()
  const waiting = new RawClient(program.port)
  await waiting.send('GET /hello HTTP/1.1\r\nhost: a.example\r\n\r\n').until(/hello$/)
  return waiting
}

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }]
  const ports = await backends({ keys })
  const token = await new SignJWT({ scope: 'read' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer('https://login.shop.example/')
    .setAudience('shop')
    .setExpirationTime('1h')
    .sign(privateKey)
  const folder = fs.mkdtempSync(join(tmpdir(), 'fairlead-metrics-'))
  closers.push(() => fs.rmSync(folder, { recursive: true }))
  fs.writeFileSync(join(folder, 'settings.yaml'), 'clocks: { head: 300ms }\n')
  program = await startProgram({
    manifests: { 'site.yaml': manifests(ports), 'broken.yaml': broken, 'odd.yaml': '{ a: ]' },
    flags: () => ['--access-log', '/dev/full', '--settings', join(folder, 'settings.yaml')],
  })
  const waiting = await traffic(token)
  await program.said(/the access log cannot be written/)
  samples = samplesOf((await program.ask('/metrics')).text)
  waiting.close()
}, 60_000)

afterAll(async () => {
  await program?.close()
  for (const close of closers) close()
})

const site = { route: 'shop/site' }
const users = { authorizer: 'shop/users' }
const login = { ...users, issuer: 'https://login.shop.example/' }

/** What the traffic above must have come to; every metric of the program is in it. */
const moved: readonly (readonly [name: string, labels: Record<string, string>, value: number])[] = [
  ['fairlead_requests_total', { ...site, rule: 'hello', method: 'GET', code_class: '2xx' }, 2],
  ['fairlead_requests_total', { route: '', rule: '', method: 'GET', code_class: '4xx' }, 1],
  ['fairlead_requests_total', { ...site, rule: 'slow', code_class: '5xx' }, 1],
  ['fairlead_request_duration_seconds_count', { route: '', code_class: '2xx' }, 5],
  ['fairlead_failures_total', { code: 'route_not_found' }, 1],
  ['fairlead_failures_total', { code: 'upstream_timeout' }, 1],
  ['fairlead_failures_total', { code: 'request_budget_exhausted' }, 1],
  ['fairlead_failures_total', { code: 'credentials_missing' }, 1],
  ['fairlead_rejected_requests_total', { reason: 'head_timeout' }, 1],
  ['fairlead_timeouts_total', { clock: 'backendRequest' }, 1],
  ['fairlead_timeouts_total', { clock: 'request' }, 1],
  ['fairlead_timeouts_total', { clock: 'head' }, 1],
  [
    'fairlead_backend_requests_total',
    { ...site, rule: 'orders', backend: 'eu', region: 'eu-west-1', outcome: 'connect_failed' },
    1,
  ],
  [
    'fairlead_backend_requests_total',
    { ...site, rule: 'orders', backend: 'us', region: 'us-east-1', outcome: '2xx' },
    1,
  ],
  ['fairlead_backend_duration_seconds_count', { backend: 'shop/good:80', region: 'us-east-1' }, 1],
  ['fairlead_retries_total', { ...site, rule: 'orders' }, 1],
  [
    'fairlead_failovers_total',
    { ...site, from: 'eu-west-1', to: 'us-east-1', reason: 'connect_failed' },
    1,
  ],
  ['fairlead_backend_healthy', { backend: 'shop/dead:80', region: 'eu-west-1' }, 0],
  ['fairlead_backend_healthy', { backend: 'shop/good:80', region: 'us-east-1' }, 1],
  ['fairlead_backend_effective_weight', { ...site, rule: 'orders', backend: 'eu' }, 0],
  ['fairlead_backend_effective_weight', { ...site, rule: 'orders', backend: 'us' }, 1],
  ['fairlead_panic', { ...site, rule: 'down' }, 1],
  ['fairlead_panic', { ...site, rule: 'orders' }, 0],
  ['fairlead_authorizations_total', { ...users, outcome: 'allow' }, 2],
  ['fairlead_authorizations_total', { ...users, outcome: 'unauthenticated' }, 1],
  ['fairlead_authorizer_cache_hits_total', users, 1],
  ['fairlead_authorizer_cache_misses_total', users, 1],
  ['fairlead_authorizer_cache_entries', users, 1],
  ['fairlead_jwks_refreshes_total', login, 1],
  ['fairlead_connections', { protocol: 'http/1.1', state: 'idle' }, 1],
  ['fairlead_connections', { protocol: 'http/1.1', state: 'active' }, 0],
  ['fairlead_requests_in_flight', {}, 0],
  ['fairlead_snapshot_rejected_total', {}, 0],
  ['fairlead_objects', { kind: 'ApiRoute', state: 'good' }, 1],
  ['fairlead_objects', { kind: 'ApiRoute', state: 'problem' }, 1],
  ['fairlead_objects', { kind: 'ApiRoute', state: 'last_good' }, 0],
  ['fairlead_objects', { kind: 'ApiAuthorizer', state: 'good' }, 1],
  ['fairlead_source_problems', {}, 1],
]

describe('what moves', () => {
  test.each(moved)('%s %o is %d', (name, labels, value) => {
    expect(valueIn(samples, name, labels)).toBe(value)
  })

  test('a head that breaks a rule is counted by the rule that it breaks', () => {
    expect(valueIn(samples, 'fairlead_rejected_requests_total')).toBe(2)
  })

  test.each([
    'fairlead_snapshot_applied_timestamp_seconds',
    'fairlead_snapshot_apply_seconds_count',
    'fairlead_compile_seconds_count',
    'fairlead_event_loop_delay_seconds_count',
    'fairlead_access_log_dropped_total',
    'process_cpu_seconds_total',
    'nodejs_gc_duration_seconds_count',
  ])('%s is more than nothing', (name) => {
    expect(valueIn(samples, name)).toBeGreaterThan(0)
  })

  test('a backend that is down shows by its ejections and by what it costs', () => {
    const dead = { backend: 'shop/dead:80', reason: 'connect_failed' }
    expect(valueIn(samples, 'fairlead_ejections_total', dead)).toBeGreaterThanOrEqual(2)
    const down = { code: 'no_healthy_backend' }
    expect(valueIn(samples, 'fairlead_failures_total', down)).toBeGreaterThanOrEqual(1)
  })

  test('an issuer that cannot be reached shows by failures and by keys that have no age', () => {
    const gone = { ...users, issuer: 'https://gone.shop.example/' }
    expect(valueIn(samples, 'fairlead_jwks_failures_total', gone)).toBeGreaterThan(0)
    expect(valueIn(samples, 'fairlead_jwks_age_seconds', gone)).toBe(Number.POSITIVE_INFINITY)
    expect(valueIn(samples, 'fairlead_jwks_age_seconds', login)).toBeLessThan(3600)
    expect(valueIn(samples, 'fairlead_jwks_failures_total', login)).toBeNaN()
  })
})

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
if (!hasPromtool) process.stderr.write('!! SKIPPED, no promtool: names and help of the metrics\n')

describe.skipIf(!hasPromtool)('promtool', () => {
  test('has nothing to say of names, types, labels and help', async () => {
    const { text } = await program.ask('/metrics')
    const {
      status: code,
      stdout,
      stderr,
    } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    })
    expect(stdout + stderr).toBe('')
    expect(code).toBe(0)
  })
})
