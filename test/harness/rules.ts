import { digestOf, digestOfEntry, digestOfHost } from '../../src/model/digest.ts'
import type { Match, PathMatch } from '../../src/model/match.ts'
import { compareMatches } from '../../src/model/match.ts'
import type { Forward, Host, HostEntry, Rule } from '../../src/model/snapshot.ts'

const noEdits = { remove: [], set: [], add: [] }

/** A forwarding action without backends, as the compiler would make it. */
export const forwardAction: Forward = {
  kind: 'forward',
  backends: [],
  balance: { policy: 'LeastRequests', locality: 'Ignore' },
  retry: {
    attempts: 0,
    on: [],
    statuses: [],
    backoffMs: 1,
    budgetPercent: 20,
    idempotencyKeys: 'Never',
  },
  failover: { panic: 'Fail', useDrained: false },
}

/** A public rule with the defaults of api.md that answers 200 by itself. */
export const ruleOf = (name: string, own: Partial<Rule> = {}): Rule => ({
  id: `shop/orders/${name}`,
  route: 'shop/orders',
  name,
  namespace: 'shop',
  origin: { kind: 'ApiRoute', namespace: 'shop', name: 'orders', generation: 1 },
  action: { kind: 'respond', status: 200, body: name, contentType: 'text/plain', headers: [] },
  authorize: { kind: 'public' },
  paths: { encodedSlash: 'Reject', mergeSlashes: true, underscores: 'Drop' },
  timeouts: { requestMs: 30_000, backendRequestMs: 30_000, connectMs: 1000, idleMs: 60_000 },
  limits: { requestBody: 0, concurrency: 0 },
  stripHeaders: [],
  requestHeaders: noEdits,
  responseHeaders: noEdits,
  errors: [],
  ...own,
})

/** `= /a`, `/a`, `/a/{id}` and `~ /a/[0-9]+` for exact, prefix, pattern and regex. */
function pathOf(text: string): PathMatch {
  if (text.startsWith('= ')) return { kind: 'exact', value: text.slice(2) }
  const value = text.replace(/^~ /, '')
  const segments = value.split('/').slice(1)
  const wild = segments.findIndex((segment) => /[^\w.-]/.test(segment))
  const literal = segments
    .slice(0, wild < 0 ? undefined : wild)
    .filter((each) => each !== '').length
  if (text.startsWith('~ ')) return { kind: 'regex', value, literal }
  return { kind: value.includes('{') ? 'pattern' : 'prefix', value, literal }
}

/** @param path as `pathOf` reads it; without one every path */
export const matchOf = (path = '/', own: Partial<Match> = {}): Match => ({
  path: pathOf(path),
  methods: [],
  headers: [],
  query: [],
  ...own,
})

/** A host with its entries in order of precedence and its true digest. */
export function hostOf(
  hostname: string,
  entries: readonly (readonly [match: Match | string, rule: Rule])[],
  held = false,
): Host {
  const sorted = entries
    .map(
      ([match, rule]): HostEntry => ({
        match: typeof match === 'string' ? matchOf(match) : match,
        rule,
      }),
    )
    .sort((a, b) => compareMatches(a.match, b.match))
  const digests = sorted.map(({ match, rule }) => digestOfEntry(match, digestOf(rule)))
  return { hostname, digest: digestOfHost(hostname, { held }, digests), held, entries: sorted }
}
