import dns from 'node:dns'
import { afterEach, expect, test, vi } from 'vitest'
import { startTokenGateway } from './gateway.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import { keyFor } from './keys.ts'

const key = keyFor('ES256', 'k')
const opened: (Issuer | { close(): Promise<void> })[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const each of opened.splice(0)) await each.close()
})

test.each([
  { absoluteNames: true, asked: 'localhost.' },
  { absoluteNames: false, asked: 'localhost' },
])(
  'C5 with absoluteNames $absoluteNames an issuer is asked for as $asked: in a cluster no search domain leads to a Service',
  async ({ absoluteNames, asked }) => {
    const issuer = await startIssuer(key)
    opened.push(issuer)
    const lookUp = vi.spyOn(dns, 'lookup')
    const { port } = new URL(issuer.keysUrl)
    const jwksUri = `http://localhost:${port}/keys`
    const issuers = [{ issuer: 'https://login.shop.example/', audiences: ['a'], jwksUri }]
    const gateway = await startTokenGateway(
      { authorizers: { customers: { jwt: { issuers } } } },
      { absoluteNames },
    )
    opened.unshift(gateway)
    await gateway.fetched(1)
    const names = lookUp.mock.calls.map(([name]) => name)
    expect(names.filter((name) => /^localhost/.test(name))).toEqual([asked])
  },
)
