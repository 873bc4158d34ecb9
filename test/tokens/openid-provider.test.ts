import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { startTokenGateway, type TokenGateway } from './gateway.ts'
import { keyFor, type SigningKey } from './keys.ts'
import { codeOf, expectRefusal, wantedOf } from './refusal.ts'

/** A real OpenID provider: what it publishes is found, what it signs passes, and its rotations are followed. */
const client = { client_id: 'shop', client_secret: 'a secret of some length' }
const resource = 'https://orders.shop.example'

let handle: http.RequestListener
const fetches: string[] = []
const faults: Error[] = []
const server = http.createServer((request, response) => {
  if (request.method === 'GET') fetches.push(request.url ?? '')
  handle(request, response)
})
let url = ''
let gateway: TokenGateway

/** Access tokens are JWTs (RFC 9068), signed by the algorithm that the scope names. */
const resourceServer = (alg: string) => ({
  scope: 'read write',
  audience: 'orders',
  accessTokenTTL: 3600,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg } },
})

function provide(alg: string, ...keys: readonly SigningKey[]): void {
  const provider = new Provider(url, {
    clients: [
      {
        ...client,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: alg,
      },
    ],
    jwks: {
      keys: keys.map(({ privateKey, kid, alg: own }) => ({
        ...privateKey.export({ format: 'jwk' }),
        kid,
        alg: own,
        use: 'sig',
      })),
    },
    ttl: { ClientCredentials: 3600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => resourceServer(alg),
      },
    },
  })
  provider.on('server_error', (_, error) => void faults.push(error))
  handle = provider.callback()
}

async function tokenFor(scope: string): Promise<string> {
  const form = new URLSearchParams({ ...client, grant_type: 'client_credentials', resource, scope })
  const answer = await fetch(`${url}/token`, { method: 'POST', body: form })
  const body = (await answer.json()) as Readonly<Record<string, string>>
  expect({ error: body['error_description'], faults }).toEqual({ error: undefined, faults: [] })
  return body['access_token'] ?? ''
}

const headerOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())

const first = keyFor('ES256', 'first')
const second = keyFor('RS256', 'second')
const third = keyFor('ES256', 'third')

beforeAll(async () => {
  // It warns of its storage in memory, which is what a test wants.
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  provide('ES256', first)
  const reader = { authorizer: { name: 'customers' }, scopes: { anyOf: ['read'] } }
  gateway = await startTokenGateway(
    {
      authorizers: {
        customers: {
          jwt: {
            issuers: [{ issuer: url, audiences: ['orders'], type: 'at+jwt' }],
            forward: { headers: [{ header: 'x-client', claim: 'client_id' }] },
          },
        },
        others: { jwt: { issuers: [{ issuer: url, audiences: ['users'] }] } },
      },
      rules: {
        '/': { anyOf: [reader] },
        '/others': { anyOf: [{ authorizer: { name: 'others' } }] },
      },
    },
    // The provider goes by the clock of the machine.
    { startMs: systemClock.wallMs() - Date.UTC(2026, 0, 1) },
  )
})
afterAll(async () => {
  vi.restoreAllMocks()
  await gateway.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

describe('a real OpenID provider', () => {
  test('ES256: found by discovery, once', async () => {
    const token = await tokenFor('read')
    expect(headerOf(token)).toMatchObject({ alg: 'ES256', typ: 'at+jwt', kid: 'first' })
    for (const _ of [1, 2]) expect((await gateway.bearer(token)).status).toBe(200)
    expect(gateway.upstream.text()).toContain('x-client: shop\r\n')
    expect(fetches).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  test('a scope that it did not give, and an audience that it did not mean, are refused', async () => {
    const answer = await gateway.bearer(await tokenFor('write'))
    expect([answer.status, codeOf(answer), wantedOf(answer)]).toEqual([
      403,
      'scope_missing',
      ['read'],
    ])
    expectRefusal(
      await gateway.bearer(await tokenFor('read'), '/others'),
      'audience_mismatch',
      'shop/others',
    )
  })

  test('J21 a rotation to RS256, the old key still published: the first token of the new key is one fetch', async () => {
    const before = await tokenFor('read')
    expect((await gateway.bearer(before)).status).toBe(200)
    provide('RS256', second, first)
    const after = await tokenFor('read')
    expect(headerOf(after)).toMatchObject({ alg: 'RS256', kid: 'second' })
    gateway.clock.advance(10_000)
    fetches.length = 0
    const answers = await Promise.all([after, after, before].map((token) => gateway.bearer(token)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(fetches).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  test('J17 a rotation that withdraws the keys before: their tokens stop with the fetch', async () => {
    const before = await tokenFor('read')
    expect((await gateway.bearer(before)).status).toBe(200)
    provide('ES256', third)
    gateway.clock.advance(10_000)
    expect((await gateway.bearer(await tokenFor('read'))).status).toBe(200)
    expectRefusal(await gateway.bearer(before), 'key_unknown')
  })

  test('J19 while it is away its tokens go on', async () => {
    const token = await tokenFor('read')
    handle = (_, response) => void response.writeHead(503).end()
    await gateway.refresh()
    const { keySets } = gateway.proxy.proxy.runtime.access
    expect([...keySets.values()].map(({ fault }) => fault)).toEqual(['status_503'])
    expect((await gateway.bearer(token)).status).toBe(200)
  })
})
