import { writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ApiClient } from '../../src/base/api-client.ts'
import { systemClock } from '../../src/base/clock.ts'
import { apiAccess } from '../../src/cli/api-access.ts'
import { selfSigned } from '../harness/certificate.ts'
import { Folder } from '../harness/folder.ts'
import { kubeconfig } from './program.ts'

const open: (() => unknown)[] = []
afterEach(() => {
  for (const close of open.splice(0).reverse()) close()
})

const names = ['localhost', '127.0.0.1'] as const

/** An API server, and a client that finds its authority in a file, as in the folder of a service account. */
async function setUp() {
  const before = selfSigned(...names)
  // Each request has a connection of its own, and so a handshake.
  const server = https.createServer(before, (_, response) => {
    response.writeHead(200, { connection: 'close' }).end('{"items":[]}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const folder = new Folder({ 'ca.crt': before.cert })
  const authority = { 'certificate-authority': folder.at('ca.crt') }
  writeFileSync(folder.at('config'), kubeconfig(`https://127.0.0.1:${port}`, authority))
  const client = new ApiClient(await apiAccess(folder.at('config')), systemClock)
  open.push(() => {
    client.close()
    server.close()
    server.closeAllConnections()
  })
  return {
    ask: () => client.request({ method: 'GET', path: '/api/v1/services' }),
    /** The cluster has another authority from now on, and nobody is told. */
    replace() {
      const after = selfSigned(...names)
      server.setSecureContext(after)
      return () => writeFileSync(folder.at('ca.crt'), after.cert)
    },
  }
}

test('K9 the authority of the API server changes: it is read anew, and nothing has to be started again', async () => {
  const { ask, replace } = await setUp()
  expect(await ask()).toEqual({ items: [] })
  const write = replace()
  await expect(ask()).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  write()
  expect(await ask()).toEqual({ items: [] })
})
