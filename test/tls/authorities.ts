import {
  createAuthority,
  type Issue,
  issueCertificate,
  type Pair,
} from '../../src/controller/publish/authority.ts'

const dayMs = 86_400_000

/** From `from` to `until` days from now. */
export const days = (from: number, until: number) => ({
  fromWallMs: Date.now() + from * dayMs,
  untilWallMs: Date.now() + until * dayMs,
})

const valid = days(-1, 30)

/** An authority and what it signs. */
export interface Authority {
  readonly cert: string
  server(...names: readonly string[]): Promise<Pair>
  client(rest?: Partial<Issue>): Promise<Pair>
  issue(issue: Partial<Issue>): Promise<Pair>
}

export async function newAuthority(name: string): Promise<Authority> {
  const pair = await createAuthority(name, days(-2, 60))
  const issue = (rest: Partial<Issue>) =>
    issueCertificate(pair, {
      commonName: 'test',
      dnsNames: [],
      usage: 'server',
      validity: valid,
      ...rest,
    })
  return {
    cert: pair.cert,
    issue,
    server: (...dnsNames) => issue({ commonName: dnsNames[0] ?? 'server', dnsNames }),
    client: (rest = {}) =>
      issue({ commonName: 'client', usage: 'client', uris: ['spiffe://shop/client'], ...rest }),
  }
}
