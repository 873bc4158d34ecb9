import * as grpc from '@grpc/grpc-js'
import { afterEach, expect, test } from 'vitest'
import { keyFor, tokenOf } from '../tokens/keys.ts'
import { backendOver, backendSpec, type Rig, startRig } from './gateway.ts'
import { type Backend, get, type Handlers, statusOf } from './peers.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function backend(handlers: Partial<Handlers>): Promise<Backend> {
  const made = await backendOver('plaintext', handlers)
  open.push(made)
  return made
}

async function rig(rule: object, documents: readonly object[] = []): Promise<Rig> {
  const made = await startRig('plaintext', rule, documents)
  open.push(made)
  return made
}

const saying = (text: string): Partial<Handlers> => ({
  get: (_, answer) => answer(null, Buffer.from(text)),
})

test('a backend that goes away: UNAVAILABLE, before a call and in the middle of one', async () => {
  const only = await backend({
    ...saying('served'),
    list: (call) => void call.write(Buffer.from('first')),
  })
  const { client } = await rig({ backends: [backendSpec('plaintext', only.port)] })
  expect((await get(client)).text).toBe('served')
  const call = client.list(Buffer.from('x'))
  const status = statusOf(call)
  let got = ''
  call.on('data', (part: Buffer) => {
    got += part.toString()
    only.close()
  })
  expect((await status).code).toBe(grpc.status.UNAVAILABLE)
  expect(got).toBe('first')
  const { code, details } = await get(client)
  expect(code).toBe(grpc.status.UNAVAILABLE)
  expect(details).toMatch(/\w/)
  expect(details).not.toContain('127.0.0.1')
})

test('two backends by weight: one that is down is passed over, and no call fails', async () => {
  const [up, down] = [await backend(saying('up')), await backend(saying('down'))]
  const { client } = await rig({
    backends: [
      backendSpec('plaintext', up.port, { weight: 1 }),
      backendSpec('plaintext', down.port, { weight: 3 }),
    ],
  })
  const calls = async () => {
    const texts = []
    for (let i = 0; i < 20; i++) texts.push((await get(client)).text)
    return texts.sort()
  }
  expect(await calls()).toEqual([...Array(15).fill('down'), ...Array(5).fill('up')])
  down.close()
  expect(await calls()).toEqual(Array(20).fill('up'))
})

test('a call that has reached a backend is not sent to another one', async () => {
  let asked = 0
  const both: Backend[] = []
  const handlers: Partial<Handlers> = {
    get: () => {
      asked++
      for (const each of both) each.close()
    },
  }
  both.push(await backend(handlers), await backend(handlers))
  const { client } = await rig({
    retry: { attempts: 3, on: ['ConnectFailure', 'Reset'] },
    backends: both.map(({ port }) => backendSpec('plaintext', port)),
  })
  expect((await get(client)).code).toBe(grpc.status.UNAVAILABLE)
  expect(asked).toBe(1)
})

test('authorization: UNAUTHENTICATED without a token, PERMISSION_DENIED with too little of one', async () => {
  let asked = 0
  const only = await backend({
    get: (_, answer) => {
      asked++
      answer(null, Buffer.from('served'))
    },
  })
  const key = keyFor('ES256', 'k')
  const iss = 'https://login.shop.example/'
  const authorizer = {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ApiAuthorizer',
    metadata: { name: 'customers' },
    spec: {
      jwt: {
        issuers: [
          {
            issuer: iss,
            audiences: ['orders'],
            jwks: { inline: JSON.stringify({ keys: [key.jwk] }) },
          },
        ],
      },
    },
  }
  const { client } = await rig(
    {
      authorize: { anyOf: [{ authorizer: { name: 'customers' }, scopes: { anyOf: ['read'] } }] },
      backends: [backendSpec('plaintext', only.port)],
    },
    [authorizer],
  )
  const withToken = (own: object): grpc.Metadata => {
    const metadata = new grpc.Metadata()
    const exp = Math.floor(Date.now() / 1000) + 600
    metadata.set('authorization', `Bearer ${tokenOf({ iss, aud: 'orders', exp, ...own }, key)}`)
    return metadata
  }
  const codeOf = async (metadata?: grpc.Metadata) => (await get(client, 'x', metadata)).code
  expect(await codeOf()).toBe(grpc.status.UNAUTHENTICATED)
  expect(await codeOf(withToken({ exp: 1 }))).toBe(grpc.status.UNAUTHENTICATED)
  expect(await codeOf(withToken({ scope: 'write' }))).toBe(grpc.status.PERMISSION_DENIED)
  expect(asked).toBe(0)
  expect(await codeOf(withToken({ scope: 'read' }))).toBe(grpc.status.OK)
})
