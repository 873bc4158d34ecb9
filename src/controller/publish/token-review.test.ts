import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeClock, fakeClock } from '../../../test/harness/fake-clock.ts'
import { ApiClient } from '../../base/api-client.ts'
import { reviewToken } from './token-review.ts'

const good = {
  authenticated: true,
  audiences: ['fairlead'],
  user: {
    username: 'system:serviceaccount:gateway:fairlead-proxy',
    extra: { 'authentication.kubernetes.io/pod-name': ['edge-1'] },
  },
}

let status: unknown
let asked: unknown[]
let server: http.Server
let client: ApiClient
let clock: FakeClock

beforeEach(async () => {
  status = good
  asked = []
  server = http.createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  clock = fakeClock()
  const { port } = server.address() as AddressInfo
  client = new ApiClient({ server: `http://127.0.0.1:${port}`, options: async () => ({}) }, clock)
})
afterEach(() => {
  client.close()
  server.close()
  server.closeAllConnections()
})

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  let text = ''
  for await (const part of request.setEncoding('utf8')) text += part as string
  asked.push(JSON.parse(text))
  response.writeHead(201, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ status }))
}

const review = (token: string) =>
  reviewToken({ client, clock, namespace: 'gateway', serviceAccount: 'fairlead-proxy' })(token)

const tokenOf = (claims: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

describe('K11: whose token it is', () => {
  test('K11: the API server is asked for our audience, and its word counts', async () => {
    expect(await review('some.token')).toMatchObject({ namespace: 'gateway', name: 'edge-1' })
    expect(asked).toMatchObject([{ spec: { token: 'some.token', audiences: ['fairlead'] } }])
  })

  test.each([
    ['it is not authenticated', { ...good, authenticated: false }],
    ['it is of another audience', { ...good, audiences: ['https://kubernetes.default.svc'] }],
    ['no audience is told', { ...good, audiences: undefined }],
    [
      'it is of another service account',
      { ...good, user: { ...good.user, username: 'system:serviceaccount:gateway:default' } },
    ],
    [
      'it is of one with the name in another namespace',
      { ...good, user: { ...good.user, username: 'system:serviceaccount:x:fairlead-proxy' } },
    ],
    ['it is bound to no Pod', { ...good, user: { username: good.user.username } }],
    ['nothing is said', undefined],
  ])('K11: not accepted when %s', async (_, reviewed) => {
    status = reviewed
    expect(await review(tokenOf({ exp: 9e9 }))).toBeUndefined()
  })
})

describe('K7: how long a token counts that was found good now', () => {
  const lifeMs = 3_600_000
  test.each([
    ['the clocks agree', 0, 2_400_000],
    ['ours is an hour ahead: it is not over', 3_600_000, 600_000],
    ['ours is an hour back: not longer than it was made for', -3_600_000, lifeMs],
    ['ours is a day back', -86_400_000, lifeMs],
  ])('K7: %s', async (_, jumpMs, goodForMs) => {
    const madeMs = clock.wallMs() - 1_200_000
    const token = tokenOf({ iat: madeMs / 1000, exp: (madeMs + lifeMs) / 1000 })
    clock.jump(jumpMs)
    const identity = await review(token)
    expect(Math.round(identity?.goodForMs ?? 0)).toBe(goodForMs)
  })

  test.each([
    ['no times', {}],
    ['times that are texts', { iat: '1', exp: '9999999999' }],
    ['no claims', null],
  ])('K7: one with %s counts for ten minutes', async (_, claims) => {
    expect(await review(tokenOf(claims))).toMatchObject({ goodForMs: 600_000 })
  })

  test('K7: one that is no JWT counts for ten minutes', async () => {
    expect(await review('opaque')).toMatchObject({ goodForMs: 600_000 })
  })
})
