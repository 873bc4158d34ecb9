import { writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selfSigned } from '../harness/certificate.ts'
import { Folder } from '../harness/folder.ts'
import { type Program, startProgram } from '../harness/program.ts'
import { keyFor, tokenOf } from './keys.ts'

/** The program itself, with an issuer over TLS and a folder for what outlives it. */
const key = keyFor('ES256', 'k')
const iss = 'https://login.shop.example/'
const certificate = selfSigned('localhost', '127.0.0.1')
const issuer = https.createServer(certificate, (_, response) => {
  response.end(JSON.stringify({ keys: [key.jwk] }))
})
let keysUrl = ''

beforeAll(async () => {
  await new Promise<void>((resolve) => void issuer.listen(0, '127.0.0.1', resolve))
  keysUrl = `https://localhost:${(issuer.address() as AddressInfo).port}/keys`
})
afterAll(() => void issuer.close())

const manifests = () => ({
  'all.yaml': `
apiVersion: fairlead.dev/v1alpha1
kind: ApiAuthorizer
metadata: { namespace: shop, name: customers }
spec: { jwt: { issuers: [{ issuer: "${iss}", audiences: [orders], jwksUri: "${keysUrl}" }] } }
---
apiVersion: fairlead.dev/v1alpha1
kind: ApiRoute
metadata: { namespace: shop, name: orders }
spec:
  hostnames: ["*"]
  rules:
    - { name: r, authorize: { anyOf: [{ authorizer: { name: customers } }] }, respond: { status: 200, body: ok } }
`,
})

const token = () =>
  tokenOf({ iss, aud: 'orders', sub: 'u', exp: Math.floor(Date.now() / 1000) + 600 }, key)

const statusOf = ({ port }: Program, bearer: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${bearer}` }
    http
      .get({ port, host: '127.0.0.1', headers, agent: false }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      .on('error', reject)
  })

interface Page {
  readonly statuses: readonly {
    readonly kind: string
    readonly conditions: readonly {
      type: string
      status: string
      reason: string
      message: string
    }[]
  }[]
}

const condition = async (program: Program) => {
  const { statuses } = JSON.parse((await program.ask('/debug/status')).text) as Page
  const [authorizer] = statuses.filter(({ kind }) => kind === 'ApiAuthorizer')
  return authorizer?.conditions.find(({ type }) => type === 'IssuersReachable')
}

test('C7 keys over TLS; J20 a restart during an outage of the issuer, which a condition tells', async () => {
  const folder = new Folder({ 'ca.pem': certificate.cert })
  const env = { NODE_EXTRA_CA_CERTS: folder.at('ca.pem') }
  const flags = () => ['--state', folder.at('state'), '--access-log', 'off']
  const first = await startProgram({ manifests: manifests(), flags, env })
  expect(await statusOf(first, token())).toBe(200)
  expect(await condition(first)).toMatchObject({ status: 'True', reason: 'IssuersReachable' })
  first.kill('SIGTERM')
  expect((await first.over).code).toBe(0)
  await first.close()

  await new Promise((resolve) => {
    issuer.close(resolve)
    issuer.closeAllConnections()
  })
  const workers = () => [...flags(), '--workers', '2']
  const second = await startProgram({ manifests: manifests(), flags: workers, env })
  expect(await statusOf(second, token())).toBe(200)
  await second.said(/the keys of an issuer cannot be fetched/)
  const told = await condition(second)
  expect(told).toMatchObject({
    status: 'False',
    reason: 'IssuerUnreachable',
    observedGeneration: expect.any(Number),
  })
  expect(told?.message).toMatch(
    /^spec\.jwt\.issuers\[0\]: the keys of "https:\/\/login\.shop\.example\/" cannot be fetched \(ECONNREFUSED\): those of \S+Z verify until \S+Z; see that/,
  )
  await second.close()
})

test('C7 an issuer whose certificate nobody vouches for has no keys: 503', async () => {
  const own = https.createServer(selfSigned('localhost'), (_, response) => {
    response.end(JSON.stringify({ keys: [key.jwk] }))
  })
  await new Promise<void>((resolve) => void own.listen(0, '127.0.0.1', resolve))
  keysUrl = `https://localhost:${(own.address() as AddressInfo).port}/keys`
  const folder = new Folder()
  writeFileSync(folder.at('ca.pem'), certificate.cert)
  const program = await startProgram({
    manifests: manifests(),
    flags: () => ['--access-log', 'off'],
    env: { NODE_EXTRA_CA_CERTS: folder.at('ca.pem') },
  })
  expect(await statusOf(program, token())).toBe(503)
  expect((await condition(program))?.message).toMatch(
    /cannot be fetched \(DEPTH_ZERO_SELF_SIGNED_CERT\) and never were: its tokens get 503/,
  )
  await program.close()
  own.closeAllConnections()
  await new Promise((resolve) => own.close(resolve))
})
