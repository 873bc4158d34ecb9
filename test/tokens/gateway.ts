import { createCompiler } from '../../src/controller/compile/compile.ts'
import type { Authorizer } from '../../src/model/authorization.ts'
import type { Settings } from '../../src/model/settings.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import type { KeyStore } from '../../src/proxy/runtime/authorizers.ts'
import { type Manifest, optionsOf, worldOf } from '../golden/case.ts'
import { RawClient } from '../harness/client.ts'
import { type FakeClock, fakeClock } from '../harness/fake-clock.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { answering, ok, startUpstream, type Upstream } from '../harness/upstream.ts'
import { type Answer, answerOf, headsOf } from '../policies/set-up.ts'

export interface Given {
  /** `spec` of each ApiAuthorizer of namespace shop, by name. */
  readonly authorizers: Readonly<Record<string, unknown>>
  /** `authorize` of each rule, by the prefix of its path. Default: `/` asks the only authorizer. */
  readonly rules?: Readonly<Record<string, unknown>>
  /** More manifests. */
  readonly more?: readonly Manifest[]
  /** Key sets by issuer, for those that publish theirs where no test may look: user pools. */
  readonly keys?: Readonly<Record<string, string>>
  readonly limits?: Partial<Settings['limits']>
  /** Something is wrong with the manifests on purpose. */
  readonly faulty?: boolean
}

export interface TokenAnswer extends Answer {
  /** Bytes that the backend has got since the request began. */
  readonly reached: number
}

/** A gateway on loopback that runs compiled manifests, under a clock that stands still. */
export interface TokenGateway {
  readonly clock: FakeClock
  readonly proxy: TestProxy
  readonly upstream: Upstream
  /** Seconds since 1970 on the gateway's clock: what `exp` is reckoned from. */
  readonly now: number
  apply(given: Given): void
  /** Resolves when that many fetches of key sets are over since the start, good or bad. */
  fetched(times: number): Promise<void>
  /** The value of a series, written as in the text format; 0 without one. */
  metric(series: string): Promise<number>
  /** Passes for as long as a set is fresh: it is fetched anew, and that is over. */
  refresh(): Promise<void>
  /** `GET path` with these header lines, on a connection of its own. */
  get(path: string, ...headers: readonly string[]): Promise<TokenAnswer>
  /** `GET /` with a bearer token. */
  bearer(token: string, path?: string): Promise<TokenAnswer>
  /** Ends it, and throws when the backend got more requests than were let through. */
  close(): Promise<void>
}

const rule = (prefix: string, authorize: unknown, port: number) => ({
  name: prefix === '/' ? 'root' : prefix.slice(1).replaceAll('/', '-'),
  authorize,
  matches: [{ path: { prefix } }],
  backends: [{ name: 'b', url: `http://127.0.0.1:${port}` }],
})

const object = (kind: string, name: string, spec: unknown): Manifest => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind,
  metadata: { namespace: 'shop', name, generation: 1 },
  spec,
})

/** What the manifests compile to; nothing may be wrong with them. */
function compiled(given: Given, port = 9): Snapshot {
  const { authorizers, more = [] } = given
  const [only = ''] = Object.keys(authorizers)
  const { rules = { '/': { anyOf: [{ authorizer: { name: only } }] } } } = given
  const manifests = [
    { kind: 'CompileOptions', allowLoopback: true },
    ...Object.entries(authorizers).map(([name, spec]) => object('ApiAuthorizer', name, spec)),
    object('ApiRoute', 'orders', {
      hostnames: ['api.shop.example'],
      rules: Object.entries(rules).map(([prefix, authorize]) => rule(prefix, authorize, port)),
    }),
    ...more,
  ]
  const { snapshot, statuses } = createCompiler()(worldOf(manifests), optionsOf(manifests))
  const bad = statuses
    .flatMap(({ conditions }) => conditions)
    .filter(({ status }) => status !== 'True')
  if (bad.length > 0 && given.faulty !== true)
    throw new Error(bad.map(({ message }) => message).join('\n'))
  const { settings } = snapshot
  return {
    ...snapshot,
    authorizers: snapshot.authorizers.map((each) => withKeys(each, given.keys ?? {})),
    settings: { ...settings, limits: { ...settings.limits, ...given.limits } },
  }
}

const withKeys = (authorizer: Authorizer, keys: Readonly<Record<string, string>>): Authorizer => ({
  ...authorizer,
  issuers: authorizer.issuers.map((issuer) => {
    const jwks = keys[issuer.issuer]
    return jwks === undefined ? issuer : { ...issuer, keys: { kind: 'inline', jwks } }
  }),
})

export interface Kept {
  readonly keyStore?: KeyStore
  /** How long after the others this gateway starts. */
  readonly startMs?: number
  readonly absoluteNames?: boolean
}

export async function startTokenGateway(given: Given, kept: Kept = {}): Promise<TokenGateway> {
  const clock = fakeClock()
  clock.leap(kept.startMs ?? 0)
  const upstream = await startUpstream(answering(ok()))
  const proxy = await startProxy({ ports: [upstream.port], clock, ...kept })
  const fetches = countFetches(proxy)
  const { runtime } = proxy.proxy
  const apply = (next: Given) => proxy.proxy.apply(compiled(next, upstream.port))
  apply(given)
  let passed = 0
  const get = async (path: string, ...headers: readonly string[]): Promise<TokenAnswer> => {
    const before = upstream.text().length
    const client = new RawClient(proxy.port)
    const lines = [`GET ${path} HTTP/1.1`, 'host: api.shop.example', ...headers]
    const text = await client
      .send(`${[...lines, 'connection: close'].join('\r\n')}\r\n\r\n`)
      .untilOver()
    client.close()
    const answer = answerOf(text)
    if (answer.status === 200) passed++
    return { ...answer, reached: upstream.text().length - before }
  }
  return {
    clock,
    proxy,
    upstream,
    get now() {
      return Math.floor(clock.wallMs() / 1000)
    },
    apply,
    fetched: fetches.reached,
    async metric(series) {
      const lines = (await runtime.metrics.metrics.exposition()).split('\n')
      return Number(
        lines
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')
          .at(-1) ?? 0,
      )
    },
    async refresh() {
      await fetches.reached(1)
      const before = fetches.count()
      clock.leap(600_000)
      await fetches.reached(before + 1)
    },
    get,
    bearer: (token, path = '/') => get(path, `authorization: Bearer ${token}`),
    close: async () => {
      await proxy.close()
      await upstream.close()
      const got = headsOf(upstream).length
      if (got !== passed) throw new Error(`${passed} requests passed, the backend got ${got}`)
    },
  }
}

function countFetches({ proxy }: TestProxy) {
  const observer = proxy.runtime.metrics.authorizers
  const count = observer.fetched
  let times = 0
  const waiting: (() => void)[] = []
  observer.fetched = (...outcome) => {
    times++
    count(...outcome)
    for (const wake of waiting.splice(0)) wake()
  }
  return {
    count: () => times,
    async reached(wanted: number) {
      while (times < wanted) await new Promise<void>((resolve) => void waiting.push(resolve))
    },
  }
}
